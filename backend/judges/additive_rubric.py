"""The additive 0-5 rubric of Self-Rewarding Language Models, in our own words, with scores read strictly."""

import json
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from backend.answers.thinking import spoken
from backend.judges import _scores
from backend.judges._template import Reply, TemplateJudge
from backend.values import JSON, Verdict
from backend.values.replies import ReplyForm

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
MOST_STEPS = 101
"""A scale of more whole numbers is asked for by its ends."""


class AdditiveRubric(TemplateJudge):
    """Score a sample from 0 to 5, one point for each criterion met; the label is the mean of the votes.

    Yuan et al. 2024, arXiv 2401.10020, section 2 and figure 2. The rationale comes before the score. A reply
    that gives no clear score, or one off the scale, has none.
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

    @property
    def score_range(self) -> tuple[float, float]:
        return self.lowest, self.highest

    def _bare(self, verdict: Verdict) -> tuple[str, ...]:
        score = self.highest if verdict is Verdict.accept else self.lowest
        if not self.forced:
            return (f"Score: {score:g}",)
        fields: JSON = {"reasons": "", "score": int(score) if score == int(score) else score}
        return (json.dumps({name: fields[name] for name in self._fields}),)

    @property
    def _fields(self) -> tuple[str, str]:
        """Of an object that a forced reply is, in the order in which the template asks for them."""
        return ("score", "reasons") if self.verdict_first else ("reasons", "score")

    @property
    def form(self) -> ReplyForm:
        """An object of reasons and score, in the order in which the template asks for them."""
        whole = self.lowest == int(self.lowest) and self.highest == int(self.highest)
        steps = [*range(int(self.lowest), int(self.highest) + 1)] if whole else []
        score: JSON = {"type": "number", "minimum": self.lowest, "maximum": self.highest}
        if 0 < len(steps) <= MOST_STEPS:
            score = {"type": "integer", "enum": steps}
        fields: JSON = {"reasons": {"type": "string"}, "score": score}
        names = [*self._fields]
        properties = {name: fields[name] for name in names}
        return ReplyForm(
            schema={"type": "object", "properties": properties, "required": names, "additionalProperties": False}
        )

    def parse(self, reply: str, *, is_complete: bool) -> Reply:
        reply = spoken(reply)
        if self.forced and is_complete and (parsed := self._of_object(reply)) is not None:
            return parsed
        mention = _scores.read(reply, _scores.Scale(self.lowest, self.highest), first=self.verdict_first)
        # The number at the end of a reply that was cut off may lack digits.
        is_cut = not is_complete and (not self.verdict_first or mention is None or mention.end == len(reply.rstrip()))
        if mention is None or is_cut:
            return Reply(None, reply.strip())
        rationale = reply[mention.end :] if self.verdict_first else reply[: mention.start]
        return Reply(mention.value, rationale.strip(" \n\t*#_"))

    def _of_object(self, reply: str) -> Reply | None:
        """What an object of the form says; None for a reply that is none."""
        try:
            fields = json.loads(reply)
        except (ValueError, RecursionError):
            return None
        score = fields.get("score") if isinstance(fields, dict) else None
        if not isinstance(score, int | float) or isinstance(score, bool) or not self.lowest <= score <= self.highest:
            return None
        return Reply(float(score), str(fields.get("reasons", "")).strip())
