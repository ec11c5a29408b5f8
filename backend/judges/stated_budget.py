"""Score how well a text keeps to the number of tokens that it stated before its answer."""

import re
from collections.abc import Sequence

from pydantic import Field, field_validator

from backend.answers import check_pattern
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample

PATTERN = r"\s*<budget>\s*(?P<budget>[0-9]{1,7})\s*</budget>\s*"
MOST_DIGITS = 18
"""Digits of a budget that is read; more would be no number of tokens, and too large for Python's numbers."""


class StatedBudget(Verifier):
    """Score 1 for an answer as long as its stated budget, evenly down to 0 where it misses by the tolerance.

    max(0, 1 - |l - b| / (tolerance * b)). b: the budget, read where the text begins. l: tokens of what follows it,
    estimated by their share of the characters. A text that begins with no budget, or with one of 0 or above `most`,
    has 0, and so has one that was cut off. SelfBudgeter (Li et al. 2025, arXiv 2505.11274) rewards adherence to the
    stated budget; this form is ours. It says nothing of being right: put it beside a judge that does.
    """

    pattern: str = Field(
        PATTERN, description="regular expression with the group `budget`; it has to match where the text begins"
    )
    tolerance: float = Field(0.5, gt=0, description="share of the budget by which an answer may miss it, more scores 0")
    most: int = Field(0, ge=0, description="largest budget that counts; 0 means any")

    @field_validator("pattern")
    @classmethod
    def _has_its_group(cls, pattern: str) -> str:
        if "budget" not in re.compile(check_pattern(pattern)).groupindex:
            raise ValueError(f"The pattern {pattern!r} lacks the group budget. Write it as (?P<budget>[0-9]+).")
        return pattern

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._read(sample) for group in groups for sample in group.samples]

    def _read(self, sample: Sample) -> Judgment:
        match = re.match(self.pattern, sample.text)
        stated = (match["budget"] or "") if match else ""
        if match is None or not stated.isdecimal():
            return self.judgment(sample, 0.0, "The text does not begin with a budget.")
        if len(stated) > MOST_DIGITS:
            return self.judgment(sample, 0.0, f"The budget has {len(stated):,} digits, so it does not count.")
        budget = int(stated)
        if budget == 0 or (self.most and budget > self.most):
            return self.judgment(sample, 0.0, f"The budget is {budget}, which does not count.")
        if sample.finish_reason == "length":
            return self.judgment(sample, 0.0, f"The budget is {budget}, and the text was cut off.")
        length = round(sample.num_tokens * (len(sample.text) - match.end()) / len(sample.text))
        score = max(0.0, 1 - abs(length - budget) / (self.tolerance * budget))
        return self.judgment(sample, score, f"The budget is {budget}, the answer has about {length} tokens.")
