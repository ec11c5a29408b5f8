"""How often people decide otherwise than the machine."""

from collections import Counter

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import wilson
from backend.values import MetricValue, Verdict

NO_WORD: tuple[float | None, Verdict | None] = (None, None)


class OverrideRate(Metric):
    """Share of what people decided on which they differ from the machine, with Wilson's interval.

    Samples the machine gave no verdict are counted apart: there is nothing to override. A score that differs overrides
    too. `looked_at` in the details is how much of what the machine labelled people decided on.
    """

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        changes: Counter[tuple[Verdict | None, Verdict]] = Counter(
            (evidence.machine.get(i, NO_WORD)[1], verdict) for i, verdict in evidence.people.items()
        )
        to_reject = changes[Verdict.accept, Verdict.reject]
        to_accept = changes[Verdict.reject, Verdict.accept]
        unlabelled = sum(count for (before, _), count in changes.items() if before is None)
        n = changes.total() - unlabelled
        by_score = sum(
            evidence.machine.get(i, NO_WORD)[1] is verdict
            for i, verdict in evidence.people.items()
            if i in evidence.overridden
        )
        judged = sum(verdict is not None for _, verdict in evidence.machine.values())
        details = {
            "to_reject": to_reject,
            "to_accept": to_accept,
            "by_score": by_score,
            "without_machine_verdict": unlabelled,
            "looked_at": n / judged if judged else None,
        }
        if not n:
            return [MetricValue("override_rate", None, details=details)]
        number = to_reject + to_accept + by_score
        low, high = wilson(number, n)
        return [MetricValue("override_rate", number / n, low, high, n, details)]
