"""How many held-out prompts of each difficulty a checkpoint answers right."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from backend.difficulty import accuracy_at, difficulty_of
from backend.judges.exact_match import ExactMatch
from backend.metrics import Evidence, Metric
from backend.metrics._apart import most_frequent
from backend.metrics._intervals import wilson
from backend.metrics._verify import Computing, greedy_verdicts
from backend.values import MetricValue, Verdict

OTHERS = "accuracy_at_other_difficulties"
KEY = (
    "column of the prompts' metadata that holds the number; the 30 most frequent ones are looked at apart, and the "
    "others together"
)


class AccuracyByDifficulty(Metric):
    """`accuracy_at_D` for each difficulty D: as `held_out_accuracy`, of the held-out prompts with that number alone.

    The schedule `difficulty_ladder` reads it. The 30 difficulties with the most prompts have a number each, and all
    others together `accuracy_at_other_difficulties`. Prompts without the number are not counted, nor are those of which
    the verifier cannot tell. Wilson's intervals.
    """

    key: str = Field("difficulty", min_length=1, description=KEY)
    verifier: Computing = Field(default_factory=ExactMatch, description="judge that computes what is right")

    @property
    def scope(self) -> str:
        return "checkpoint"

    @property
    def needs_answer(self) -> bool:
        return self.verifier.needs_answer

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        # By name: levels that differ in the thirteenth digit have the same.
        names: dict[str, float] = {}
        by_level: dict[str, list[bool]] = {}
        for group, verdict, is_unread in greedy_verdicts(self.verifier, evidence.held_out):
            level = difficulty_of(group.prompt, self.key)
            if level is None:
                continue
            names[accuracy_at(level)] = level
            if verdict is not None or is_unread:
                by_level.setdefault(accuracy_at(level), []).append(verdict is Verdict.accept)
        own = most_frequent({name: len(right) for name, right in by_level.items()})
        rest = [is_right for name, right in by_level.items() if name not in own for is_right in right]
        values = [_value(name, by_level[name]) for name in sorted(own, key=lambda level: names[level])]
        details = {"values": len(by_level) - len(own)}
        return [*values, replace(_value(OTHERS, rest), details=details)] if rest else values


def _value(name: str, right: Sequence[bool]) -> MetricValue:
    return MetricValue(name, sum(right) / len(right), *wilson(sum(right), len(right)), len(right))
