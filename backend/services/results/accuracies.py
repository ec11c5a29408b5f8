"""Held-out accuracies of checkpoints, each with the way in which it was measured."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import hypot
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among
from backend.differences import Difference, normal_bound
from backend.values import JSON

ACCURACY = "held_out_accuracy"
MOST_KEPT = 20_000
_ways: dict[tuple[int, datetime], str] = {}
"""By the row that says it, which never changes: a database reads past its thousands of prompts to get there."""


@dataclass(frozen=True)
class MeasuredNumber:
    """A number with its 95 % interval and how many answers it rests on."""

    value: float
    low: float | None
    high: float | None
    n: int
    metric_id: int = 0
    way: str = ""
    """What was asked and how, as far as it was written down: numbers of another way are not compared."""

    @property
    def error(self) -> float:
        """Standard error, read back from the interval; 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / (2 * 1.96)


def accuracies(db: Session, project_id: int) -> dict[int, MeasuredNumber]:
    """Held-out accuracy by checkpoint id; the newest where a checkpoint was measured more than once."""
    return accuracies_of(db, [project_id]).get(project_id, {})


def accuracies_of(db: Session, project_ids: Collection[int]) -> dict[int, dict[int, MeasuredNumber]]:
    """The same of several projects, by project."""
    metric = tables.Metric
    columns = (metric.project_id, metric.checkpoint_id, metric.value, metric.low, metric.high, metric.n, metric.id)
    query = select(*columns, metric.created_at).where(
        among(metric.project_id, project_ids),
        metric.name == ACCURACY,
        metric.checkpoint_id.is_not(None),
        metric.value.is_not(None),
    )
    rows = db.execute(query.order_by(metric.id)).all()
    ways = _ways_of(db, {row.id: row.created_at for row in rows})
    measured: dict[int, dict[int, MeasuredNumber]] = {}
    for project_id, id_, value, low, high, n, metric_id, _ in rows:
        # A row may be deleted between the two statements, where each sees what was committed before it.
        if id_ and value is not None and metric_id in ways:
            number = MeasuredNumber(value, low, high, n, metric_id, ways[metric_id])
            measured.setdefault(project_id, {})[id_] = number
    return measured


def _ways_of(db: Session, written: Mapping[int, datetime]) -> dict[int, str]:
    metric: Any = tables.Metric
    ways = {key[0]: way for key in written.items() if (way := _ways.get(key)) is not None}
    if missing := [id_ for id_ in written if id_ not in ways]:
        query = select(metric.id, metric.details["measured_by"]).where(among(metric.id, missing))
        told = {id_: way_of(by or {}) for id_, by in db.execute(query)}
        if len(_ways) + len(told) > MOST_KEPT:
            _ways.clear()
        _ways.update({(id_, written[id_]): way for id_, way in told.items()})
        ways |= told
    return ways


def way_of(measured_by: JSON) -> str:
    """The same prompts, tokens and environment; which other metrics were measured beside it does not matter."""
    return json.dumps({name: value for name, value in measured_by.items() if name != "metrics"}, sort_keys=True)


def is_worse(new: MeasuredNumber, old: MeasuredNumber, gap: Difference | None = None, *, times: int = 1) -> bool:
    """True if the fall is beyond chance, two-sided at 5 %, as one of `times` that are looked at (Bonferroni).

    With `gap`, by McNemar's exact test on the prompts that both were measured on, computed for as many; else, and where
    that is not known of each prompt, on the standard errors of both, which overlooks most falls on the same prompts.
    """
    if gap is not None and gap.p is not None:
        return gap.is_worse
    return old.value - new.value > normal_bound(times) * hypot(new.error, old.error)
