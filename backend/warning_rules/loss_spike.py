"""A training that begins by unlearning."""

import math
from statistics import fmean, stdev

from pydantic import Field

from backend.values import WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule
from backend.warning_rules._held_out import change

FIRST, LAST = 50, 10


class LossSpike(WarningRule):
    """The highest loss in the first 50 optimizer steps, less the mean of the last ten that were logged of the training
    before, by the same trainer.

    The interval is that of one more loss of that training: its standard deviation over those ten. Amber where it lies
    above the limit; red where the held-out accuracy fell beyond chance, too. Rows differ from round to round, and a
    loss on new rows is above one on rows that were read before.
    """

    code = "W41"
    title = "Learning-rate restarts"
    source = "Beyond Cosine Decay: On the effectiveness of Infinite Learning Rate Schedule for Continual Pre-training"
    unit = "nats"
    measures = "highest loss of the first steps, less the last of the training before"
    counts = "losses that were logged, of the first 50 steps and the last ten of the training before"
    way = "Log the loss more often (logging_steps), and train more steps."

    limit: float = Field(0.1, ge=0, le=100, description="amber where the whole interval lies above it; see its text")
    min_rows: int = Field(10, ge=10, le=1_000_000, description="not known from fewer rows")

    def compute(self, evidence: WarningEvidence) -> Finding:
        first = [value for step, value in evidence.losses if step <= FIRST]
        last = [value for _, value in evidence.losses_before[-LAST:]]
        n = len(first) + len(last)
        if not first or len(last) < 3:
            said = (
                "There is no training before it whose weights it goes on from, by the same trainer, with three losses."
            )
            return Finding(n=n, missing=said if first else "")
        value = max(first) - fmean(last)
        half = 1.96 * stdev(last) * math.sqrt(1 + 1 / len(last))
        level = WarningLevel.green
        if value - half > self.limit:
            moved = change(evidence)
            level = WarningLevel.red if moved is not None and moved.high < 0 else WarningLevel.amber
        return Finding(value, value - half, value + half, n, level=level)
