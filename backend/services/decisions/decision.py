"""A decision as it was written and is read back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.errors import Conflict
from backend.services.access import Actor
from backend.services.decisions.rules import cut_of_round, hides_judge
from backend.services.decisions.votes import verdict_of
from backend.services.decisions.words import words
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


def written(db: Session, actor: Actor, round_: tables.Round, client_id: str) -> Decision | None:
    """The actor's decision with this client_id, if it was written before."""
    return written_before(db, actor, round_, [client_id]).get(client_id)


def written_before(db: Session, actor: Actor, round_: tables.Round, client_ids: Sequence[str]) -> dict[str, Decision]:
    """Those of these decisions that were written before, by client_id.

    Raises `Conflict` where a client_id is that of somebody else's decision, or of one in another round.
    """
    query = select(tables.Decision).where(tables.Decision.client_id.in_(client_ids))
    rows = list(db.scalars(query)) if client_ids else []
    refuse_strange(rows, actor, round_)
    return {row.client_id: own(db, row, actor, round_) for row in rows}


def refuse_strange(rows: Sequence[Any], actor: Actor, round_: tables.Round) -> None:
    """Raise `Conflict` where one of these decisions is somebody else's, or of another round."""
    if any(row.user_id != actor.user_id or row.round_id != round_.id for row in rows):
        raise Conflict("This client_id belongs to another decision. Send a new one.")


def own(db: Session, row: Any, actor: Actor, round_: tables.Round, *, is_new: bool = False) -> Decision:
    """The actor's own decision in this row.

    In a blind review `is_override` of a rewrite is None until the actor has labelled the sample, see
    `rules.is_known_override`.
    """
    is_hidden = False
    if row.kind is DecisionKind.edit and hides_judge(round_):
        is_hidden = not db.scalar(select(standing.has_labelled()).where(tables.Decision.id == row.id))
    return Decision.of(row, actor.name, cut_of_round(round_), tells_judge=not is_hidden, is_new=is_new)
