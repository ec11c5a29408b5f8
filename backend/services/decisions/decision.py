"""A decision as it is read from the database, with its value in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.standing import TOGETHER
from backend.services.decisions import group_decisions
from backend.services.decisions.acts import spoken_of
from backend.services.decisions.verdicts import verdict_of
from backend.values import DecisionKind, Verdict

ABOUT_JUDGE = ("judge_right", "why")
OWN_FIELDS = ("edit_id", "late_because", "replaces", "restores")


@dataclass(frozen=True)
class Decision:
    """One row of `decisions`, with the name of whoever made it: what comes out, wherever decisions are shown.

    Made by `Decision.of`. `verdict`: what it says of its sample. `words`: what it says beyond its kind, `value` the
    same as data. `edit_id`: the sample an edit made. `retracts_id`: the decision a retract took back.
    `is_override`: None where the judge's verdict would follow from it, and may not be told.
    `is_random`: the queue had drawn the item at random; False where it may not be told, as with `is_override`.
    `is_retracted`: it was taken back later, where the caller looked. `is_new`: this call wrote it.
    `late_because`: the item's reviewers were complete when it came; it is kept and counts in no label.
    `replaces`: client_id and kind of the person's own decision that stood before; from another tab, it is news to
    this one.
    """

    id: int
    client_id: str
    sample_id: int
    user_id: int
    who: str
    at: datetime
    kind: DecisionKind
    verdict: Verdict | None
    score: float | None
    value: dict[str, Any]
    words: str
    note: str
    seconds: float | None
    via: str
    is_blind: bool
    is_override: bool | None
    is_bulk: bool
    is_adjudication: bool
    is_late: bool
    is_random: bool = False
    is_retracted: bool = False
    edit_id: int | None = None
    retracts_id: int | None = None
    late_because: str | None = None
    replaces: tuple[str, str] | None = None
    is_new: bool = field(default=False, compare=False)

    @classmethod
    def of(
        cls,
        row: Any,
        who: str,
        cut: float | None,
        *,
        tells_judge: bool = True,
        is_retracted: bool = False,
        is_new: bool = False,
    ) -> "Decision":
        """The decision in a row of `decisions`. `cut`: the score from which its round's judge accepts, None where it is
        not known. `tells_judge`: whether what the judge said may follow from it."""
        hidden = OWN_FIELDS if tells_judge else (*OWN_FIELDS, *ABOUT_JUDGE)
        return cls(
            id=row.id,
            client_id=row.client_id,
            sample_id=row.sample_id,
            user_id=row.user_id,
            who=who,
            at=row.created_at,
            kind=row.kind,
            verdict=verdict_of(row.kind, row.score, cut),
            score=row.score,
            value={name: value for name, value in row.value.items() if name not in hidden},
            words=words(row.value, tells_judge=tells_judge),
            note=row.note,
            seconds=row.seconds,
            via=row.via,
            is_blind=row.is_blind,
            is_override=row.is_override if tells_judge else None,
            is_bulk=row.batch_id is not None,
            is_adjudication=row.is_adjudication,
            is_late=row.is_late,
            is_random=row.is_random and tells_judge,
            is_retracted=is_retracted,
            edit_id=row.value.get("edit_id"),
            retracts_id=row.retracts_id,
            late_because=row.value.get("late_because"),
            replaces=tuple(row.value["replaces"]) if "replaces" in row.value else None,
            is_new=is_new,
        )


@dataclass(frozen=True)
class WrittenDecision:
    """What a call did with an act. `earlier`: rows of all decisions that were on its sample before it was written, with
    `stands` and `who`; None where they were not read, as of an act that was sent before.
    """

    decision: Decision
    earlier: Sequence[Any] | None = None


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
    return ", ".join(f"sample {sample_id}" for sample_id in sample_ids)


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
    return sample_id in spoken_of(value)
