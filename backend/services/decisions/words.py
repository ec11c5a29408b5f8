"""What a decision says beyond its kind, in words, and which decisions speak of a sample."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.standing import TOGETHER
from backend.services.decisions import group_decisions
from backend.values import DecisionKind


def words(value: dict[str, Any], *, tells_judge: bool = True) -> str:
    """The value in words, empty where it holds none. `tells_judge`: whether the judge's verdict may follow from it."""
    if value.get("all_bad"):
        return f"all bad: {named(value['all_bad'])}"
    if value.get("tie"):
        return f"tie: {named(value['tie'])}"
    if value.get("order"):
        return f"best first: {named(value['order'])}"
    if value.get("best") is not None:
        worst = value.get("worst")
        return f"best: sample {value['best']}" + ("" if worst is None else f", worst: sample {worst}")
    if value.get("edit_id") is not None:
        return f"made sample {value['edit_id']}"
    return about_the_judge(value) if tells_judge and "judge_right" in value else ""


def named(sample_ids: Iterable[int]) -> str:
    return ", ".join(f"sample {n}" for n in sample_ids)


def about_the_judge(value: dict[str, Any]) -> str:
    if value["judge_right"]:
        return "the judge is right"
    return f"the judge is wrong: {value['why']}" if value.get("why") else "the judge is wrong"


def speaking_of(db: Session, sample: tables.Sample) -> list[int]:
    """Decisions that name another sample and speak of this one: its group's, and the edit that made it."""
    head = group_decisions.first_of(db, [sample.id]).get(sample.id, sample.id)
    decision = tables.Decision
    places = {head, sample.edited_from_id or head}
    query = select(decision.id, decision.kind, decision.value).where(
        decision.sample_id.in_(places), decision.kind.in_((*TOGETHER, DecisionKind.edit))
    )
    return [n for n, kind, value in db.execute(query) if speaks_of(kind, value, sample.id)]


def speaks_of(kind: DecisionKind, value: dict[str, Any], sample_id: int) -> bool:
    if kind is DecisionKind.edit:
        return value.get("edit_id") == sample_id
    return sample_id in group_decisions.spoken_of(value)
