"""Label a text by what made it: the condition it was written under, or the role that wrote it."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample


class ByConstruction(Verifier):
    """Score 1 for texts of some origins, 0 for those of others, None for the rest; nobody reads a text.

    The origin is the condition of `sample`, for a text without one the role that wrote it. So a better and a worse
    instruction make both sides of a pair (Xu et al. 2024, arXiv 2409.17534), and known answers, whose role is `data`,
    are right. Nothing else looks at quality: let people look at some of the texts.
    """

    accepted: tuple[str, ...] = Field(("data",), min_length=1, description="conditions or roles whose texts are good")
    rejected: tuple[str, ...] = Field((), description="conditions or roles whose texts are bad")

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        if both := set(self.accepted) & set(self.rejected):
            raise ValueError(f"{min(both)!r} is both accepted and rejected. Name it once.")
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        return (*self.accepted, *self.rejected)

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._label(sample) for group in groups for sample in group.samples]

    def _label(self, sample: Sample) -> Judgment:
        origin = str(sample.extra.get("condition", sample.role))
        score = 1.0 if origin in self.accepted else 0.0 if origin in self.rejected else None
        return self.judgment(sample, score, f"Its origin is {origin}.")
