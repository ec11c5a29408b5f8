"""Labels that were known before people decided: those of gold items, which stand above what anybody said of them."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, tables


def known_labels(db: Session, round_id: int) -> dict[int, dict[str, Any]]:
    """The columns of the labels of gold items: the verdict that is known, with the score that the judge gave."""
    gold, label = tables.GoldItem, tables.Label
    query = (
        select(gold.sample_id, gold.verdict, label.machine_score)
        .join(label, label.sample_id == gold.sample_id)
        .where(gold.round_id == round_id)
    )
    person = values.LabelSource.person
    return {
        sample_id: {"verdict": verdict, "score": score, "source": person}
        for sample_id, verdict, score in db.execute(query)
    }


def with_known(group: values.Group, known: dict[int, dict[str, Any]]) -> values.Group:
    """The group with the labels that are known."""
    if not any(sample.id in known for sample in group.samples):
        return group
    return replace(group, samples=tuple(replace(sample, **known.get(sample.id, {})) for sample in group.samples))


def write_known(db: Session, round_id: int) -> None:
    """Give gold items the label that is known, now that nobody decides any more."""
    label = tables.Label
    for sample_id, columns in known_labels(db, round_id).items():
        is_overridden = label.machine_verdict.is_not(None) & (label.machine_verdict != columns["verdict"])
        change = update(label).where(label.sample_id == sample_id)
        db.execute(change.values(**columns, is_overridden=is_overridden, updated_at=now()))
