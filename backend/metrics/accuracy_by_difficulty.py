"""How many held-out prompts of each difficulty a checkpoint answers right."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from backend.difficulty import accuracy_at, difficulty_of
from backend.judges import Judge
from backend.judges.exact_match import ExactMatch
from backend.metrics import Evidence, Metric
from backend.metrics._apart import most_frequent
from backend.metrics._intervals import wilson
from backend.metrics._verify import answered, check_verifier, is_unreadable, verdicts
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
    verifier: Judge = Field(default_factory=ExactMatch, description="judge that computes what is right")

    @field_validator("verifier")
    @classmethod
    def _computes(cls, verifier: Judge | None) -> Judge | None:
        return check_verifier(verifier)

    @property
    def scope(self) -> str:
        return "checkpoint"

    @property
    def needs_answer(self) -> bool:
        return self.verifier.needs_answer

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        greedy = [answered(group, 0, 0) for group in evidence.held_out]
        found: dict[str, list[bool]] = {}
        known = [(difficulty_of(group.prompt, self.key), group) for group in greedy]
        # By name: levels that differ in the thirteenth digit have the same.
        names = {accuracy_at(level): level for level, _ in known if level is not None}
        for (level, group), (said,) in zip(known, verdicts(self.verifier, greedy), strict=True):
            is_wrong = is_unreadable(self.verifier, group, said)
            if level is not None and (said is not None or is_wrong):
                found.setdefault(accuracy_at(level), []).append(said is Verdict.accept)
        own = most_frequent({name: len(right) for name, right in found.items()})
        rest = [one for name, right in found.items() if name not in own for one in right]
        values = [_value(name, found[name]) for name in sorted(own, key=lambda one: names[one])]
        details = {"values": len(found) - len(own)}
        return [*values, replace(_value(OTHERS, rest), details=details)] if rest else values


def _value(name: str, right: Sequence[bool]) -> MetricValue:
    return MetricValue(name, sum(right) / len(right), *wilson(sum(right), len(right)), len(right))
