"""What a training starts from: the weights that were loaded, and the rows that it reads."""

from dataclasses import dataclass, field
from typing import Any

from backend.trainers import _texts
from backend.values import JSON, Failure

LeftOut = dict[int, Failure]
"""Why rows are left out, by their number in the dataset, from 0."""


@dataclass(frozen=True)
class Row:
    """A row's number in the dataset, from 0, and the columns that are trained on."""

    number: int
    columns: JSON
    notes: JSON = field(default_factory=dict)
    """Columns for the trainer itself, as far as the row has them."""

    @property
    def chats(self) -> list[Any]:
        """Its messages; of a plain text none."""
        return [value for value in self.columns.values() if isinstance(value, list)]

    @property
    def texts(self) -> list[Any]:
        """All that it says, as chats."""
        plain = self.columns.get(_texts.TEXT)
        return self.chats if plain is None else [[{"role": "user", "content": plain}]]


@dataclass(frozen=True)
class TrainerInputs:
    """`reference` None means: the policy's start, which TRL recovers by switching the new adapter off."""

    policy: Any
    reference: Any
    tokenizer: Any
    lora: Any
    base: str
    """Located model that an adapter in `final/` will need."""

    @property
    def context(self) -> int | None:
        """Tokens the policy was made for."""
        config = self.policy.config.get_text_config()
        return getattr(config, "max_position_embeddings", None)

    @property
    def checkpoint_bytes(self) -> int:
        """Size of one training checkpoint: weights, and two numbers of AdamW for each trained one."""
        trained = [p for p in self.policy.parameters() if p.requires_grad]
        return sum(3 * p.numel() * p.element_size() for p in trained)
