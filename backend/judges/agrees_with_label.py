"""Judge a judgment that was written as a sample: does it say what is known of the text it is about?"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator

from backend.engines import Engine
from backend.judges import Judge, Verifier
from backend.judges.read_score import ReadScore
from backend.values import Group, Judgment, Sample


class AgreesWithLabel(Verifier):
    """Score 1 for a judgment that states the label of the text it is about, 0 for one that states another.

    The label of that text is its effective one: people's, a verifier's or a file's. None where that text has no label,
    or the judgment states nothing that `reader` can read. Pairs of judgments of one text, the right one chosen, are how
    a judge learns from its own rationales (Trivedi et al. 2024, arXiv 2410.05495).
    """

    reader: Judge = Field(default_factory=ReadScore, description="judge that computes and reads what a judgment states")
    by: Literal["score", "verdict"] = Field("score", description="what has to agree")
    tolerance: float = Field(0.0, ge=0, description="largest difference of two scores that agree")

    @field_validator("reader")
    @classmethod
    def _computes(cls, reader: Judge) -> Judge:
        if reader.needs_engine or reader.looks_elsewhere:
            raise ValueError(f"The judge {reader.name} does not read texts. Choose read_score or read_critique.")
        return reader

    @property
    def reads_parents(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        read = {judgment.sample_id: judgment for judgment in self.reader.judge(None, groups, seed=seed)}
        return [
            self._compare(sample, group.parent, read.get(sample.id)) for group in groups for sample in group.samples
        ]

    def _compare(self, sample: Sample, about: Sample | None, reading: Judgment | None) -> Judgment:
        if about is None or (about.score if self.by == "score" else about.verdict) is None:
            return self.judgment(sample, None, f"The text it is about has no {self.by}.")
        if reading is None or reading.score is None:
            return self.judgment(sample, None, "The judgment states nothing that can be read.")
        if self.by == "verdict":
            details, known, is_equal = str(reading.verdict), str(about.verdict), reading.verdict is about.verdict
        else:
            score = about.score or 0.0
            details, known = f"{reading.score:g}", f"{score:g}"
            is_equal = round(abs(reading.score - score), 9) <= self.tolerance
        return self.judgment(sample, float(is_equal), f"It states {details}, known is {known}.")
