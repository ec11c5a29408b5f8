"""The score that a text itself states: a judgment that was written as a sample."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.engines import Engine
from backend.judges import Verifier
from backend.judges.additive_rubric import AdditiveRubric
from backend.values import Group, Judgment, Sample


class ReadScore(Verifier):
    """Read the score at the end of each text, as `additive_rubric` reads its replies; none where it is not clear.

    For texts whose task is to judge: questions made by `ask` with a judge's template. It must not stand after answers
    to the prompts themselves, which could then score themselves.
    """

    lowest: float = Field(0, description="lowest score of the scale")
    highest: float = Field(5, description="highest score of the scale")
    accept_at: float = Field(4.0, description="lowest score that is labelled accept")

    @model_validator(mode="after")
    def _scale_holds_threshold(self) -> Self:
        AdditiveRubric(lowest=self.lowest, highest=self.highest, accept_at=self.accept_at)  # type: ignore[call-arg]
        return self

    @property
    def score_range(self) -> tuple[float, float]:
        return self.lowest, self.highest

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        reader = AdditiveRubric(lowest=self.lowest, highest=self.highest, accept_at=self.accept_at)  # type: ignore[call-arg]
        return [self._read(reader, sample) for group in groups for sample in group.samples]

    def _read(self, reader: AdditiveRubric, sample: Sample) -> Judgment:
        reply = reader.parse(sample.text, is_complete=sample.finish_reason == "stop")
        reason = "The text states no clear score." if reply.score is None else f"The text states {reply.score:g}."
        return self.judgment(sample, reply.score, reason)
