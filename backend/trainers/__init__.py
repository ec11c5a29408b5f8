"""Trainers fine-tune a checkpoint on a frozen dataset, each in a process of its own."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from backend.errors import InvalidInput
from backend.judges import Judge
from backend.registry import Part
from backend.values import JSON, DatasetType

ADAPTER_ON_ADAPTER = (
    "The scorer would be an adapter that starts from the adapter of a policy, which is of another kind. Switch lora "
    "off in the trainer, or start from full weights."
)

LIVE = "live"
"""The role of the policy as it is while it is trained."""


@dataclass(frozen=True)
class TrainSpec:
    """All a training process needs, written as JSON beside its output.

    policy: folder or hub name to start from. reference: same, or None (then the policy's start).
    dataset: JSONL file in TRL's conversational format. output_dir: holds TRL checkpoints, `progress.jsonl`
    (one JSON object a line: {"step", "max_steps", "metrics": {...}}) and, at the end, `final/`; of a trainer that
    writes texts itself also `samples.jsonl` (see `_reward`). engines: the JSON of the engines that it asks, by role; of
    a trainer that makes an engine, that of its start. Such a one gets no policy, and where it reads no rows no dataset.
    """

    trainer: dict[str, Any]
    dataset: str
    dataset_type: str
    policy: str
    reference: str | None
    output_dir: str
    seed: int
    engines: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Trainer(Part, kind="trainer"):
    """Knobs under TRL's names. `main` runs inside the training process only."""

    trains_on: ClassVar[DatasetType | None]
    """None: it reads no rows."""
    also_trains_on: ClassVar[tuple[DatasetType, ...]] = ()
    """Further types of datasets that it can read; those of one training are all of one type."""
    makes: ClassVar[Literal["policy", "scorer", "engine"]] = "policy"
    """A language model, one with a head of one number, which scores texts and writes none, or another way to use the
    weights that it starts from: a language model, too, whose weights stay what they are."""
    reads: ClassVar[tuple[str, ...]] = ()
    """Columns beside those of the dataset's type, which a selector has to write (`Selector.writes`)."""
    shares_tokenizer: ClassVar[bool] = False
    """True where the loss compares two models token by token, so that the reference needs the policy's tokenizer."""
    trains_steps: ClassVar[bool] = False
    """True where a row's text may go on from the assistant's words at the end of its prompt, and may itself go on."""
    trains_turns: ClassVar[bool] = False
    """True where a row may be an episode: several turns after its prompt, of which the assistant's are learned."""
    trains_on_rewards: ClassVar[bool] = False
    """True for reinforcement learning: it writes texts itself, and learns from how their rewards differ in a group."""
    later: ClassVar[tuple[str, ...]] = ()
    """Knobs that earlier versions did not have: a training that leaves them at their defaults is what it was."""

    start: str = Field(
        "policy", description="role whose weights are trained: policy, reference, base, or what an earlier step makes"
    )
    reference: str = Field("reference", description="role that the loss compares with, where it compares with one")

    @property
    def takes(self) -> tuple[DatasetType, ...]:
        """All types of datasets that it can read; none where it reads no rows."""
        return () if self.trains_on is None else (self.trains_on, *self.also_trains_on)

    @property
    def trains_weights(self) -> bool:
        """False where it makes an engine around the weights that it starts from."""
        return self.makes != "engine"

    @property
    def needs_reference(self) -> bool:
        """True where the loss compares with a reference."""
        return False

    @property
    def wants(self) -> tuple[str, ...]:
        """Columns beside these that a knob asks for, which a selector or a mixer before it has to write."""
        return ()

    @classmethod
    def later_knobs(cls) -> frozenset[str]:
        """Names of all `later` knobs: its own, and those of what it descends from."""
        return frozenset(name for base in cls.__mro__ for name in vars(base).get("later", ()))

    def check_ready(self) -> None:
        """Raise `MissingPrerequisite` where this machine lacks what the training needs. Loads no large library."""

    def known(self) -> JSON:
        """Return its JSON without the later knobs that have their defaults: what names a training and its folder."""
        fields, later = type(self).model_fields, self.later_knobs()
        return {
            name: value
            for name, value in self.dump().items()
            if name not in later or getattr(self, name) != fields[name].default
        }

    @property
    def rewards(self) -> tuple[Judge, ...]:
        """The judges of the texts that it writes itself; empty for a trainer that writes none."""
        return ()

    @property
    def needs_answer(self) -> bool:
        """True where one of these judges compares with a known answer."""
        return any(judge.needs_answer for judge in self.rewards)

    @property
    def asked_roles(self) -> tuple[str, ...]:
        """The roles, beyond those whose weights it needs, that it asks while it trains."""
        return ()

    @property
    def guides(self) -> tuple[str, ...]:
        """Those of the asked roles that write for it; the others answer as judges."""
        return ()

    @property
    def max_tokens_per_rollout(self) -> int:
        """Upper bound of the tokens of a text that it writes itself; 0 for a trainer that writes none."""
        return 0

    @property
    def max_tokens_per_chat(self) -> int:
        """Upper bound of the tokens of its own texts that one chat holds, in all turns; 0 where it writes none."""
        return self.max_tokens_per_rollout

    @property
    def asked_beside(self) -> tuple[str, ...]:
        """What a chat may hold beside the prompt and what is written, one text for each way to ask."""
        return ()

    def rollouts(self, prompts: int) -> int:
        """How many texts it writes itself when it trains on so many prompts, for estimates."""
        return 0

    def main(self, spec: TrainSpec) -> None:
        """Train and write `final/` under the output folder; resume from the newest complete checkpoint there.

        Raises `TrainerError`, `MissingPrerequisite`.
        """
        raise NotImplementedError

    def preflight(self, spec: TrainSpec) -> None:
        """Write `preflight.json` under the output folder: what the training would do, without doing it.

        Raises `InvalidInput` where a trainer has nothing to say beforehand.
        """
        raise InvalidInput(f"The trainer {self.name} trains no weights through TRL, so there is no pre-flight of it.")


def final_folder(output_dir: str) -> Path:
    """Where a finished training leaves the weights."""
    return Path(output_dir) / "final"
