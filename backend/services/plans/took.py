"""What finished jobs say about the next: how much of a job's time is the start of its process, and what a unit takes.

One job cannot tell the two apart. Two of different sizes can; else the start is taken to be what it is on an idle
machine, and bounds say what it may be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.values import JobStatus, Stage

START = {Stage.generate: 4.0, Stage.judge: 4.0, Stage.train: 8.0, Stage.evaluate: 4.0}
"""Seconds until a stage's process has imported its libraries and loaded a small model: 4.2 s of processor time for
torch and transformers, 5.4 s with TRL, before a trainer is set up."""
COMPUTING = 0.5
"""The same where no model is asked."""
SLOWER = 3.0
"""How many times as long a machine may take that other work shares: the demo's first round took twice as long beside
three others (docs/reference/bench.md), and more at a higher load."""
MOST_OF_A_JOB = 0.8
"""The start is at most taken to be this share of a job: some of its time was spent on its units."""
UNLIKE = 2.0
"""Two jobs tell start and unit apart where one has this many times the units of the other."""
JOBS = 10
"""So many of the newest jobs are looked at."""


@dataclass(frozen=True)
class Took:
    """A finished job: its seconds, how many units it did, and the mean tokens of one where that was counted.

    `start`: how many of the seconds passed before its first unit, `least_start` and `most_start` what they may have
    been.
    """

    seconds: float
    units: int
    tokens: float | None = None
    start: float = 0.0
    least_start: float = 0.0
    most_start: float = 0.0

    def likely(self, units: float, share: float = 1.0) -> float:
        """Seconds of a job of so many units, each of which takes that share of what one took here."""
        return self._at(units * share, self.start)

    def at_most(self, units: float, share: float = 1.0) -> float:
        """The same at whatever start is the worst."""
        return max(self._at(units * share, start) for start in (self.least_start, self.start, self.most_start))

    def _at(self, units: float, start: float) -> float:
        return start + (self.seconds - start) * units / self.units if units else 0.0


def begun(job: Took, start: float) -> Took:
    """The job with a start that is not measured: about so many seconds, and none or a few times that."""
    likely = min(start, MOST_OF_A_JOB * job.seconds)
    return replace(job, start=likely, least_start=0.0, most_start=min(SLOWER * start, job.seconds))


def of_unit(job: Took, seconds: float) -> Took:
    """The job with the start that is left where a unit takes so many seconds, or more on a machine that is shared."""
    likely, least = (max(job.seconds - times * seconds * job.units, 0.0) for times in (1.0, SLOWER))
    return replace(job, start=likely, least_start=least, most_start=likely)


def apart(jobs: Sequence[Took]) -> Took | None:
    """The newest of these jobs (the first) with the start that another one of a different size tells; None: none does.

    Not by one that took longer with fewer units: the machine was busier then.
    """
    job = jobs[0]
    for other in jobs[1:]:
        small, large = sorted((job, other), key=lambda each: each.units)
        if large.units >= UNLIKE * small.units and large.seconds > small.seconds:
            unit = (large.seconds - small.seconds) / (large.units - small.units)
            start = max(job.seconds - unit * job.units, 0.0)
            return replace(job, start=start, least_start=start, most_start=start)
    return None


def newest(
    db: Session,
    project_id: int,
    stage: Stage,
    which: ColumnElement[bool],
    *,
    counts_tokens: bool = True,
    start: float | None = None,
    unit: float | None = None,
) -> Took | None:
    """The newest job of the stage, finished at once, in a round of that kind.

    counts_tokens: the round's tokens are those of the job, as in a recipe of slots. start, unit: seconds that its start
    and a unit take as far as that is known; where no second job tells, the start is reckoned from them.

    Not one that tried again what was left out, which is mostly the start of a process, or tried changes out; nor one
    that was resumed, whose seconds are those of its last part and whose units are all.
    """
    job, round_ = tables.Job, tables.Round
    query: Select[tables.Job, dict[str, Any]] = (
        select(job, round_.counts)
        .join(round_, round_.id == job.round_id)
        .where(job.project_id == project_id, job.stage == stage, job.status == JobStatus.done, job.total > 0, which)
        .where(job.started_at.is_not(None), job.finished_at.is_not(None))
        .where(func.coalesce(job.spec["kind"].as_string(), "") == "", job.attempt <= 1)
    )
    rows = db.execute(query.order_by(job.id.desc()).limit(JOBS)).all()
    took = [_took(row, counts, stage, counts_tokens=counts_tokens) for row, counts in rows]
    if not took:
        return None
    if (fitted := apart(took)) is not None:
        return fitted
    return (
        of_unit(took[0], unit)
        if unit is not None
        else begun(took[0], START.get(stage, 0.0) if start is None else start)
    )


def _took(job: tables.Job, counts: dict[str, Any], stage: Stage, *, counts_tokens: bool) -> Took:
    assert job.started_at is not None
    assert job.finished_at is not None
    samples = counts.get("samples")
    tokens = {Stage.generate: counts.get("tokens"), Stage.judge: counts.get("judge_tokens")}.get(stage)
    mean = tokens / samples if counts_tokens and tokens and samples else None
    return Took((job.finished_at - job.started_at).total_seconds(), job.total, mean)
