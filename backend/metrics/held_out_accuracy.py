"""How many held-out prompts a checkpoint answers right."""

from pydantic import Field

from backend.judges.exact_match import ExactMatch
from backend.metrics import Evidence, Metric
from backend.metrics._intervals import wilson
from backend.metrics._verify import Computing, greedy_verdicts
from backend.values import MetricValue, Verdict


class HeldOutAccuracy(Metric):
    """Share of held-out prompts whose greedy answer (position 0) the verifier accepts, with Wilson's interval.

    No answer, or one that cannot be read, is wrong: every checkpoint is measured on the same prompts. Prompts of
    which the verifier cannot tell are left out and counted in `unverifiable`; answers that cannot be read, in
    `unreadable`.
    """

    verifier: Computing = Field(default_factory=ExactMatch, description="judge that computes what is right")

    @property
    def scope(self) -> str:
        return "checkpoint"

    @property
    def needs_answer(self) -> bool:
        return self.verifier.needs_answer

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        answers = greedy_verdicts(self.verifier, evidence.held_out)
        # Which prompts: two checkpoints are compared prompt by prompt, over what the accuracy counts and no less.
        right = [group.prompt.id for group, verdict, _ in answers if verdict is Verdict.accept]
        wrong = [
            group.prompt.id
            for group, verdict, is_unread in answers
            if is_unread or verdict not in (None, Verdict.accept)
        ]
        number = len(right) + len(wrong)
        details = {
            "correct": len(right),
            "unreadable": sum(is_unread for _, _, is_unread in answers),
            "unverifiable": len(answers) - number,
            "unanswered": sum(not group.samples for group in evidence.held_out),
            "truncated": sum(s.finish_reason == "length" for group, _, _ in answers for s in group.samples),
            "right": right,
            "wrong": wrong,
        }
        if not number:
            return [MetricValue("held_out_accuracy", None, details=details)]
        low, high = wilson(len(right), number)
        return [MetricValue("held_out_accuracy", len(right) / number, low, high, number, details)]
