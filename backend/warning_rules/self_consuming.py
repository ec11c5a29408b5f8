"""Training rows that are all the loop's own."""

from pydantic import Field

from backend.translations import N_
from backend.values import WarningLevel
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule

FROM_OUTSIDE = ("mix", "decision")
"""Known answers, and rows whose right side is the one that says what people said."""


class SelfConsuming(WarningRule):
    """Share of the training rows that the loop wrote itself, where nothing from outside corrects them: an exact count.

    Known answers that a judge compares with, and people's decisions, are such corrections: the light is then green.
    Rows made of decisions, by `decided_verdicts`, are not the loop's own. Amber where all rows are the loop's own in
    this round and in the one before. It is never red: that is how self-rewarding works, and a reason to look, no fault.
    """

    code = "W30"
    title = N_("Self-consuming loop")
    source = "Self-Consuming Generative Models Go MAD"
    speaks_of = About.rows
    measures = N_("share of training rows that the loop wrote itself")
    counts = N_("training rows")
    way = "Train on more rows."
    advice = N_("Mix seed rows in, give prompts known answers, or let people review a share of the texts.")
    ends = (0.0, 1.0)
    more = N_("two rounds in a row, where nothing from outside corrects them")
    is_never_red = True
    is_at_limit = True

    limit: float = Field(1.0, ge=0, le=1, description="amber from it on, two rounds in a row")

    def compute(self, evidence: WarningEvidence) -> Finding:
        own = n = 0
        for row in evidence.rows():
            n += 1
            own += row.origin not in FROM_OUTSIDE
        if not n:
            return Finding()
        is_alone = own / n >= self.limit and not evidence.is_verified and not evidence.round.people
        before = evidence.before(str(self.name), "is_alone")
        is_amber = is_alone and bool(before) and bool(before[-1]["is_alone"])
        level = WarningLevel.amber if is_amber else WarningLevel.green
        return Finding(own / n, n=n, details={"is_alone": is_alone}, level=level)
