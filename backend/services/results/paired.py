"""Two checkpoints on the same held-out prompts: who was right where, and whether chance explains the difference."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.metrics._intervals import mcnemar
from backend.values import JSON


@dataclass(frozen=True)
class Paired:
    """Prompts that both checkpoints were measured on, and those that only one of them answers right."""

    n: int
    newly_right: int
    newly_wrong: int

    @property
    def p(self) -> float:
        """Two-sided p-value of McNemar's exact test."""
        return mcnemar(self.newly_right, self.newly_wrong)


def paired(db: Session, old_metric_id: int, new_metric_id: int) -> Paired | None:
    """Compare two measurements prompt by prompt; None where one of them does not say of each prompt whether it was
    right."""
    metric = tables.Metric
    rows = db.execute(select(metric.id, metric.n, metric.details).where(metric.id.in_((old_metric_id, new_metric_id))))
    by_metric = {id_: details for id_, n, details in rows if names_all(n, details)}
    if old_metric_id not in by_metric or new_metric_id not in by_metric:
        return None
    return compare(by_metric[old_metric_id], by_metric[new_metric_id])


def names_all(n: int | None, details: JSON) -> bool:
    """Whether each of the n prompts is there by its id. Earlier versions left out answers that could not be read, and
    a fall that comes of them would not show."""
    return "right" in details and "wrong" in details and len(details["right"]) + len(details["wrong"]) == n


def compare(old: JSON, new: JSON) -> Paired | None:
    """Compare the details of two measurements; None where they share no prompt."""
    both = {*old["right"], *old["wrong"]} & {*new["right"], *new["wrong"]}
    was, now = both & {*old["right"]}, both & {*new["right"]}
    return Paired(len(both), len(now - was), len(was - now)) if both else None
