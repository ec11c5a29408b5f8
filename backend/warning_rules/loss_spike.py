"""A training that begins by unlearning."""

import math
from collections.abc import Sequence
from statistics import fmean, variance

from pydantic import Field

from backend.translations import N_
from backend.values import WarningLevel
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule
from backend.warning_rules._held_out import change

FIRST, LAST, FEWEST = 50, 10, 3


class LossSpike(WarningRule):
    """The mean loss of the first 50 optimizer steps, less that of the last ten losses of the training before.

    The interval is Welch's, of the difference of two means with unequal variances. Red where it lies above the limit
    and the held-out accuracy fell beyond chance; else green, since rows differ from round to round, and so do losses.
    Only trainings compare whose loss is the mean over tokens, with the same knobs, and which read each row once.
    """

    code = "W41"
    title = N_("Learning-rate restarts")
    source = "Beyond Cosine Decay: On the effectiveness of Infinite Learning Rate Schedule for Continual Pre-training"
    unit = N_("nats")
    speaks_of = About.checkpoint
    measures = N_("mean loss of the first steps, less that of the last of the training before")
    counts = N_("losses that were logged, of the first 50 steps and the last ten of the training before")
    way = "Log the loss more often (logging_steps), and train more steps."
    advice = N_("Raise warmup_steps, or lower the learning rate.")
    more = N_("and held-out accuracy fell beyond chance")
    ends = (-math.inf, math.inf)

    limit: float = Field(0.1, ge=0, le=100, description="red where the whole interval lies above it, and accuracy fell")
    min_rows: int = Field(10, ge=10, le=1_000_000, description="not known from fewer rows")

    def compute(self, evidence: WarningEvidence) -> Finding:
        first = [value for step, value in evidence.losses if step <= FIRST]
        last = [value for _, value in evidence.losses_before[-LAST:]]
        n = len(first) + len(last)
        if len(first) < FEWEST or len(last) < FEWEST:
            missing = f"There are no {FEWEST} losses each of this training and of one before it that compares with it."
            return Finding(n=n, missing=missing if first else "")
        value = fmean(first) - fmean(last)
        half = _half(first, last)
        level = WarningLevel.green
        if value - half > self.limit:
            moved = change(evidence)
            level = WarningLevel.red if moved is not None and moved.gap.is_worse else WarningLevel.green
        return Finding(value, value - half, value + half, n, level=level)


def _half(first: Sequence[float], last: Sequence[float]) -> float:
    """Half of Welch's 95 % interval of the difference of two means (Welch 1947, Biometrika 34)."""
    from scipy.stats import t

    parts = [variance(losses) / len(losses) for losses in (first, last)]
    if not sum(parts):
        return 0.0
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(losses) - 1) for part, losses in zip(parts, (first, last), strict=True)
    )
    return float(t.ppf(0.975, freedom)) * math.sqrt(sum(parts))
