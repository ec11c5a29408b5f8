"""How often people decide otherwise than the machine."""

from collections import Counter

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import wilson
from backend.values import MetricValue, Verdict


class OverrideRate(Metric):
    """Share of decided samples whose verdict by people differs from the machine's, with Wilson's interval.

    Samples the machine gave no verdict are counted apart: there is nothing to override.
    """

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        changes: Counter[tuple[Verdict | None, Verdict]] = Counter(
            (evidence.machine.get(i, (None, None))[1], verdict) for i, verdict in evidence.people.items()
        )
        to_reject = changes[Verdict.accept, Verdict.reject]
        to_accept = changes[Verdict.reject, Verdict.accept]
        unlabelled = sum(count for (before, _), count in changes.items() if before is None)
        n = changes.total() - unlabelled
        details = {"to_reject": to_reject, "to_accept": to_accept, "without_machine_verdict": unlabelled}
        if not n:
            return [MetricValue("override_rate", None, details=details)]
        low, high = wilson(to_reject + to_accept, n)
        return [MetricValue("override_rate", (to_reject + to_accept) / n, low, high, n, details)]
