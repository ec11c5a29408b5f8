"""A policy that is surer of what it could do before, and can do less."""

from pydantic import Field

from backend.translations import N_
from backend.values import WarningLevel
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule


class SharpeningOnly(WarningRule):
    """How far pass@k fell since the first round of the line, k being the largest that is measured.

    Red where it fell by more than the limit while the held-out accuracy grew, in this round and in the one before.
    """

    code = "W03"
    title = N_("Sharpening without learning")
    source = "Mind the Gap; Self-Improvement in Language Models: The Sharpening Mechanism"
    unit = N_("points")
    speaks_of = About.checkpoint
    measures = N_("fall of pass@k since the first round of the line")
    counts = N_("held-out prompts that pass@k is known of")
    way = "Put the metric pass_at_k into the recipe, and give the round held-out prompts with known answers."
    advice = N_(
        "Raise the temperature, keep several different texts of a prompt, or add prompts: the policy gets surer "
        "of what it could do before."
    )
    more = N_("two rounds in a row while held-out accuracy grew, amber in the first")
    ends = (-1.0, 1.0)

    limit: float = Field(0.02, ge=0, le=1, description="red above it, two rounds in a row, while accuracy grew")

    def compute(self, evidence: WarningEvidence) -> Finding:
        known = {
            name: metric
            for name, metric in evidence.trained.items()
            if name.startswith("pass_at_") and metric.value is not None
        }
        greedy = evidence.trained.get("held_out_accuracy")
        if not known or greedy is None or greedy.value is None:
            return Finding()
        name = max(known, key=lambda name: int(name.removeprefix("pass_at_")))
        n, now = known[name].n, known[name].value or 0.0
        details = {"k": name, "pass": now, "accuracy": greedy.value}
        before = [entry for entry in evidence.before(str(self.name), "k", "pass", "accuracy") if entry["k"] == name]
        if not before:
            return Finding(n=n, details=details, missing="It is known from the second round of a line on.")
        fall = before[0]["pass"] - now
        is_bad = fall > self.limit and greedy.value > before[0]["accuracy"]
        was_bad = bool(before[-1].get("is_bad"))
        level = WarningLevel.red if is_bad and was_bad else WarningLevel.amber if is_bad else WarningLevel.green
        return Finding(fall, n=n, details=details | {"is_bad": is_bad}, level=level)
