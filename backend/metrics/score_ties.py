"""How often the judge cannot tell the samples of a prompt apart."""

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import wilson
from backend.values import MetricValue


class ScoreTies(Metric):
    """Share of prompts with two or more machine scores that are all equal, with Wilson's interval.

    A prompt without spread gives no pair and teaches nothing; when most are, the judge has stopped
    separating what the policy writes.
    """

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        scores = [
            [score for s in group.samples if (score := evidence.machine.get(s.id, (None, None))[0]) is not None]
            for group in evidence.round_groups
        ]
        compared = [score for score in scores if len(score) > 1]
        tied = sum(len(set(scores)) == 1 for scores in compared)
        details = {"tied": tied, "fewer_than_two_scores": len(scores) - len(compared)}
        if not compared:
            return [MetricValue("score_ties", None, details=details)]
        low, high = wilson(tied, len(compared))
        return [MetricValue("score_ties", tied / len(compared), low, high, len(compared), details)]
