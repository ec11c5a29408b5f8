"""What trainers share that make a scorer: a head of one number on a language model."""

from typing import ClassVar, Literal

from pydantic import Field

from backend.trainers._trl import TRLTrainer


class ScorerTrainer(TRLTrainer, abstract=True):
    """Starts from a language model, whose head is replaced by a new one that the seed decides, or from a scorer.

    A row with a text over max_length is left out: the number stands at the text's end.
    """

    makes: ClassVar[Literal["policy", "scorer"]] = "scorer"

    start: str = Field(
        "policy",
        description="role that the scorer starts from: a language model, or a scorer, which is trained further",
    )
    max_length: int = Field(
        1024, ge=2, description="tokens of a prompt with a text; rows with a longer one are left out"
    )

    @property
    def drops_long(self) -> bool:
        return True
