"""Score the outcome of a text by how near its length is to that of the known answer."""

from collections.abc import Sequence

from pydantic import Field, field_validator

from backend.answers import check_pattern, last_match
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample


class ReferenceLength(Verifier):
    """Score 1 - beta * ||y*| - |y|| / |y*|: y* the known answer, y the outcome, lengths in characters.

    The length term of direct reasoning optimization (Xu et al. 2025, arXiv 2506.13351), beside `reference_likelihood`,
    which does not look at the outcome. The outcome is what follows the last match of the pattern; a text without a
    match has none, which is as an empty one. The score has no lower bound.
    """

    beta: float = Field(1.0, gt=0, description="what is taken off where the outcome is empty or twice as long")
    answer_pattern: str = Field(
        r"(?i)####|\\boxed|\banswer\s*[:=]", description="regular expression; the outcome follows its last match"
    )

    @field_validator("answer_pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        return check_pattern(pattern)

    @property
    def needs_answer(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [
            self._measure(sample, (group.prompt.answer or "").strip()) for group in groups for sample in group.samples
        ]

    def _measure(self, sample: Sample, known: str) -> Judgment:
        if not known:
            return self.judgment(sample, None, "The prompt has no known answer.")
        match = last_match(self.answer_pattern, sample.text)
        outcome = sample.text[match.end() :].strip() if match else ""
        score = 1 - self.beta * abs(len(known) - len(outcome)) / len(known)
        return self.judgment(sample, score, f"{len(outcome)} characters, the known answer {len(known)}.")
