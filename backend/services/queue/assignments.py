"""Assignments: items that a curator gave to a person; nobody else's queue offers them until that person has.

The person who was given an item comes first. Once they have decided or skipped it, the slots that are left are
for everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, standing, tables
from backend.db.aliases import alias
from backend.db.filters import Filters
from backend.db.inserting import insert_into
from backend.db.many import in_chunks
from backend.db.roles import may_decide
from backend.errors import InvalidInput
from backend.jobs import telling
from backend.services import archived, events, review_settings
from backend.services.access import Actor, role_of
from backend.services.decisions import bulk, group_decisions
from backend.services.decisions.leases import in_round
from backend.services.rounds import get_row
from backend.values import DecisionKind, LabelSource, NoticeKind, Role

MAX_ASSIGNED = 100_000


@dataclass(frozen=True)
class Assigned:
    """What one person was given in a round, and how much of it they have decided."""

    user_id: int
    who: str
    number: int
    decided: int


def count(actor: Actor, round_id: int, *, filters: Filters | None = None, sample_ids: Sequence[int] = ()) -> int:
    """How many items `assign` would give; nothing is written."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        return len(chosen(db, round_, named(db, round_, filters, sample_ids)))


def assign(
    actor: Actor, round_id: int, user_id: int, *, filters: Filters | None = None, sample_ids: Sequence[int] = ()
) -> int:
    """Give everything a filter finds, or these samples, to a person; return how many items that are.

    An item that wants no more reviewers is left out; one given to several people is offered to each of them. In rounds
    that are decided by group, a sample stands for its group.
    """
    with reading() as db:
        # A search in texts may take seconds: nobody who decides has to wait for that.
        round_ = get_row(db, actor, round_id, Role.curator)
        assignee(db, round_, user_id)
        named_ids = named(db, round_, filters, sample_ids)
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id)
        who = assignee(db, round_, user_id)
        ids = chosen(db, round_, named_ids)
        common = {"round_id": round_id, "user_id": user_id, "created_at": now(), "created_by": actor.user_id}
        new = 0
        for some in in_chunks(ids):
            rows = [{"sample_id": n, **common} for n in some]
            put = insert_into(db, tables.Assignment).values(rows).on_conflict_do_nothing()
            new += len(db.scalars(put.returning(tables.Assignment.sample_id)).all())
        details = {"to": who, "number": len(ids)}
        what = f"{len(ids):,} items of round {round_.number} to {who}"
        events.note(db, actor, "assign items", what, project_id=round_.project_id, round_id=round_id, **details)
        tell_given(db, actor, round_, user_id, who, new)
    return len(ids)


def tell_given(db: Session, actor: Actor, round_: tables.Round, user_id: int, who: str, new: int) -> None:
    """Tell a person, whose name is `who`, that they were given so many items."""
    if not new:
        return
    given = f"{new:,} {'item' if new == 1 else 'items'} of round {round_.number}."
    telling.tell(
        db,
        NoticeKind.assignment,
        project_id=round_.project_id,
        path=f"review?round={round_.id}",
        text=f"{actor.name} gave you {given}",
        to_programs=f"{actor.name} gave {who} {given}",
        people=[user_id],
        but=actor.user_id,
    )


def unassign(actor: Actor, round_id: int, user_id: int, *, sample_ids: Sequence[int] | None = None) -> int:
    """Take items from a person, all of the round without `sample_ids`; what they decided stays. Return how many."""
    row, gone = tables.Assignment, 0
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id)
        theirs = delete(row).where(row.round_id == round_id, row.user_id == user_id)
        if sample_ids is None:
            gone = len(db.scalars(theirs.returning(row.sample_id)).all())
        for some in in_chunks(list(sample_ids or ())):
            gone += len(db.scalars(theirs.where(row.sample_id.in_(some)).returning(row.sample_id)).all())
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, "unassign items", f"{gone:,} items of round {round_.number}", **place, user=user_id)
    return gone


def list_assigned(actor: Actor, round_id: int) -> list[Assigned]:
    """Who was given how much."""
    row, user = tables.Assignment, tables.User
    with reading() as db:
        settings = review_settings.read(get_row(db, actor, round_id).review)
        decided = func.count(row.sample_id).filter(has_decided(row, settings.deciding))
        query = (
            select(user.id, user.name, func.count(row.sample_id), decided)
            .join(user, user.id == row.user_id)
            .where(row.round_id == round_id)
            .group_by(user.id, user.name)
            .order_by(user.name)
        )
        return [Assigned(*row) for row in db.execute(query)]


def assignee(db: Session, round_: tables.Round, user_id: int) -> str:
    """The person's name; raises unless they may decide in the project."""
    user = db.get(tables.User, user_id)
    role = None
    if user is not None and user.is_active:
        role = role_of(db, Actor(user.id, user.name, user.is_owner), round_.project_id)
    if user is None or role is None or role.rank < Role.reviewer.rank:
        raise InvalidInput(f"Person {user_id} cannot decide in this project. Make them a reviewer first.")
    return user.name


def has_decided(row: Any, deciding: Sequence[DecisionKind]) -> ColumnElement[bool]:
    """Whether a decision of the assigned person on the item stands, in time or late: nothing more is asked of them."""
    return _said(row, deciding)


def has_passed(row: Any) -> ColumnElement[bool]:
    """Whether the assigned person skipped the item."""
    return _said(row, (DecisionKind.skip,))


def is_able(row: Any, project_id: Any, round_id: Any) -> ColumnElement[bool]:
    """Whether the assigned person may decide now: who has left or is paused is waited for by nobody."""
    reviewer = tables.RoundReviewer
    paused = select(reviewer.user_id).where(reviewer.round_id == round_id, reviewer.paused_at.is_not(None))
    able: ColumnElement[bool] = row.user_id.in_(may_decide(project_id)) & row.user_id.not_in(paused)
    return able


def is_waiting(row: Any, deciding: Sequence[DecisionKind]) -> ColumnElement[bool]:
    """Whether the assigned person has yet to come: until then nobody else is offered the item."""
    return ~has_decided(row, deciding) & ~has_passed(row)


def _said(row: Any, kinds: Sequence[DecisionKind]) -> ColumnElement[bool]:
    decision = alias(tables.Decision, "said")
    decisions = standing.decisions(
        decision.id, late=True, gold=True, adjudication=False, batch=False, kinds=kinds, of=decision
    )
    return decisions.where(decision.sample_id == row.sample_id, decision.user_id == row.user_id).exists()


def is_complete(sample_id: Any, *, has_overlap: bool) -> ColumnElement[bool]:
    """Whether the item wants no more reviewers; `has_overlap`: some want more than one."""
    lease, label = alias(tables.Lease, "wanted_lease"), alias(tables.Label, "wanted_label")
    slots = select(lease.slot).where(lease.sample_id == sample_id)
    done = slots.where(lease.decided_at.is_not(None)).exists() & ~slots.where(lease.decided_at.is_(None)).exists()
    if not has_overlap:
        settled = select(label.sample_id).where(label.sample_id == sample_id, label.source == LabelSource.person)
        done = done | settled.exists()
    return done


def named(db: Session, round_: tables.Round, filters: Filters | None, sample_ids: Sequence[int]) -> list[int]:
    """The samples that a filter finds, or these; raises `InvalidInput`."""
    if (filters is None) == (not sample_ids):
        raise InvalidInput("Say which items: a filter, or samples.")
    ids = in_round(db, round_.id, sample_ids) if filters is None else bulk.matching(db, round_.id, filters)
    if len(ids) > MAX_ASSIGNED:
        raise InvalidInput(f"That are more than {MAX_ASSIGNED:,} samples. Narrow the filter and assign in parts.")
    return ids


def chosen(db: Session, round_: tables.Round, ids: list[int]) -> list[int]:
    """Those of the items that want a reviewer yet, in order of their number."""
    settings, label = review_settings.read(round_.review), tables.Label
    if settings.by_group:
        ids = [head for some in in_chunks(ids) for head in group_decisions.first_of(db, some).values()]
    wanted = select(label.sample_id).where(~is_complete(label.sample_id, has_overlap=settings.has_overlap))
    return sorted({n for some in in_chunks(ids) for n in db.scalars(wanted.where(label.sample_id.in_(some)))})
