"""Texts that repeat themselves."""

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, ratio, total


class DegenerateText(WarningRule):
    """Mean share of a text's runs of four words that it has said before, less that of the first round, in standard
    deviations of that round's texts.

    Texts of fewer than eight words are left out. The interval is that of groups drawn anew.
    """

    code = "W31"
    title = N_("Degenerate text")
    source = "Collapse of Self-trained Language Models"
    unit = N_("standard deviations")
    measures = N_("growth of repetition within texts since the first round of the line")
    counts = N_("texts of eight words or more")
    way = "It takes longer texts."
    advice = N_("Train fewer steps or at a lower learning rate, mix seed rows in, or start from an earlier round.")
    ends = (-100.0, 100.0)

    limit: float = Field(3.0, ge=0, le=1000, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        rows, repeated, squares = list[Sums](), list[tuple[float, int]](), 0.0
        for group in evidence.round.round_groups:
            here = [
                (repetition(sample.full_text), sample.id)
                for sample in group.samples
                if len(sample.full_text.split()) >= 8
            ]
            if here:
                rows.append((sum(value for value, _ in here), float(len(here))))
                squares += sum(value * value for value, _ in here)
                repeated += here
        if not rows:
            return Finding()
        n = len(repeated)
        mean = ratio(total(rows)) or 0.0
        # One text that repeats one run in a hundred is the least that counts as a deviation.
        deviation = max((squares / n - mean * mean) ** 0.5 if squares / n > mean * mean else 0.0, 0.01)
        details = {"mean": mean, "deviation": deviation}
        before = evidence.before(str(self.name), "mean", "deviation")
        if not before:
            return Finding(n=n, details=details, missing="It is known from the second round of a line on.")
        first, unit = before[0]["mean"], before[0]["deviation"]
        low, high = bootstrap(rows, lambda sums: ((ratio(sums) or 0.0) - first) / unit)
        repeated.sort(key=lambda row: (-row[0], row[1]))
        return Finding(
            (mean - first) / unit, low, high, n, details=details, sample_ids=some(id_ for _, id_ in repeated)
        )


def repetition(text: str) -> float:
    """Return the share of the runs of four words that stand in the text before: rep-4."""
    words = text.split()
    runs = [tuple(words[at : at + 4]) for at in range(len(words) - 3)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0
