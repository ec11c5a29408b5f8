"""The additive 0-5 rubric of Self-Rewarding Language Models, in our own words, with scores read strictly."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from backend.judges._template import Reply, TemplateJudge

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")

# `Score: 4`, `**Score:** 4/5`, `score - 4.5`; not a range such as `Score (0-5)` or `Score: 3 or 4`, nor `4th`.
_SCORE = re.compile(
    r"(?<![^\W_])score(?![^\W_])(?:[^\w-]|_){0,12}(?:-\s+)?(-?[0-9]+(?:\.[0-9]+)?)"
    r"(?!\w|\.[0-9]|\s*(?:-|\u2013|to\b|or\b)\s*[0-9])",
    re.IGNORECASE,
)


class AdditiveRubric(TemplateJudge):
    """Score a sample from 0 to 5, one point for each criterion met; the label is the mean of the votes.

    Yuan et al. 2024, arXiv 2401.10020, section 2 and figure 2. The rationale comes before the score. The last
    score of the reply counts; a reply without one, or with one off the scale, has none.
    """

    template: str = Field(TEMPLATE, description="what the judge is asked; {prompt} and {response} are filled in")
    lowest: float = Field(0, description="lowest score of the scale")
    highest: float = Field(5, description="highest score of the scale")
    accept_at: float = Field(4.0, description="lowest mean score that is labelled accept")

    @model_validator(mode="after")
    def _scale_holds_threshold(self) -> Self:
        if not self.lowest < self.highest or not self.lowest <= self.accept_at <= self.highest:
            raise ValueError(
                f"The scale {self.lowest} to {self.highest} does not hold accept_at {self.accept_at}. "
                "Give lowest < highest and a threshold between them."
            )
        return self

    def parse(self, reply: str, *, is_complete: bool) -> Reply:
        matches = list(_SCORE.finditer(reply))
        # The number at the end of a reply that was cut off may lack digits.
        if not matches or (not is_complete and matches[-1].end() == len(reply)):
            return Reply(None, reply.strip())
        score = float(matches[-1][1])
        rationale = reply[: matches[-1].start()].strip(" \n\t*#_")
        return Reply(score if self.lowest <= score <= self.highest else None, rationale)
