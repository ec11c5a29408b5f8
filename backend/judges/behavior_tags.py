"""Count what a reasoning does: check a result, go back, set subgoals, work backwards."""

import re
from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample

BEHAVIORS = {
    "verification": r"(?i)\b(?:(?:double|re)[- ]?check(?:ing)?|let(?:['’]s| me| us) check|check(?:ing)? (?:that|if|"
    r"whether|this|the|my|our)|to check|verify(?:ing)?|plug(?:ging)? (?:it|this|that|them) (?:back )?in)\b",
    "backtracking": r"(?i)\b(?:wait|hmm|on second thought|start(?:ing)? over|go(?:ing)? back|made a mistake|(?:this|"
    r"that) (?:is|was) (?:wrong|not right|a mistake)|that['’]s (?:wrong|not right)|does(?: not|n['’]t) work|"
    r"(?:try|trying) (?:again|another|something else|a different))\b",
    "subgoals": r"(?i)\b(?:step \d+|first(?:ly)?,|next,|(?:first|next) (?:I|we) (?:need|have|find|compute|will)|break "
    r"(?:it|this|the \w+) (?:down|into))",
    "backward_chaining": r"(?i)\b(?:work(?:ing)? backwards?|backwards? from|start(?:ing)? (?:from|with) the (?:answer|"
    r"target|result|goal|end))\b",
}
"""English phrases for the four behaviors."""


class BehaviorTags(Verifier):
    """Score from 0 to 1: how many of the behaviors a text shows, of each at most so many occurrences.

    sum of min(occurrences, `most`) over the behaviors / (`most` * number of behaviors), so that repeating a phrase
    earns no more. The behaviors are those of Gandhi et al. 2025 (arXiv 2503.01307), which a model tags there; the
    phrases are ours. A behavior of one's own, such as `steps` with a pattern for a blank line, counts as well. A tag
    says nothing of being right: put it beside a judge that does, with `weighted_sum`.
    """

    behaviors: dict[str, str] = Field(
        BEHAVIORS, min_length=1, description="by name, the regular expression that finds each of its occurrences"
    )
    most: int = Field(1, ge=1, le=1000, description="occurrences of one behavior that count")
    accept_at: float = Field(0.5, ge=0, le=1, description="lowest score that is labelled accept")

    @field_validator("behaviors")
    @classmethod
    def _all_compile(cls, behaviors: dict[str, str]) -> dict[str, str]:
        for pattern in behaviors.values():
            if re.search(answers.check_pattern(pattern), "") is not None:
                raise ValueError(f"The pattern {pattern!r} is found in an empty text, so it finds nothing. Correct it.")
        return behaviors

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._tag(sample) for group in groups for sample in group.samples]

    def _tag(self, sample: Sample) -> Judgment:
        counts = {name: sum(1 for _ in re.finditer(p, sample.text)) for name, p in self.behaviors.items()}
        score = sum(min(count, self.most) for count in counts.values()) / (self.most * len(counts))
        return self.judgment(sample, score, ", ".join(f"{name} {count}" for name, count in counts.items()) + ".")
