"""Taking back: a decision that retracts another, with label and slot in the same transaction."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.standing import TOGETHER
from backend.errors import Conflict, NotFound
from backend.services.access import Actor
from backend.services.decisions import group_decisions, labels, leases, pausing, tallies
from backend.services.decisions.acts import Act
from backend.services.decisions.decision import Decision, own, written
from backend.services.decisions.locks import lock_labels
from backend.services.review_settings import ReviewSettings
from backend.values import DecisionKind


def retract(db: Session, actor: Actor, round_: tables.Round, act: Act, settings: ReviewSettings) -> Decision:
    """Take back a decision of the actor's own."""
    while True:
        target = own_standing(db, actor, round_.id, act.retracts)
        # Asked after the target's lock was waited for: the same undo, sent twice at once, has been written by then.
        before = written(db, actor, round_, act.client_id)
        if before is not None:
            return before
        if target is None:
            if act.retracts is not None and written(db, actor, round_, act.retracts) is not None:
                raise Conflict("This decision was taken back already. Reload the page to see what stands.")
            raise NotFound("There is nothing of yours to take back in this round.")
        if target.batch_id is not None:
            raise Conflict(bulk_first(db, target))
        gone = select(tables.Decision.id).where(tables.Decision.retracts_id == target.id)
        if db.scalar(gone) is None:
            break
    row = retraction(actor, target, act.client_id)
    db.add(row)
    db.flush()
    touched = affected(db, target)
    # Without the lock a colleague's decision that commits meanwhile would be overwritten by what was read before it.
    lock_labels(db, touched)
    labels.recompute(db, touched, [round_])
    tallies.note_change(db, actor.user_id, None)
    free_slot(db, actor, target, settings)
    return own(db, row, actor, round_, is_new=True)


def free_slot(db: Session, actor: Actor, target: tables.Decision, settings: ReviewSettings) -> None:
    """Free the slot once no word of the person on the item stands."""
    kinds = settings.deciding
    if target.kind not in kinds or target.is_late or target.is_adjudication:
        return
    decision = tables.Decision
    ids: tuple[int, ...] = (target.sample_id,)
    if settings.by_group or target.kind in TOGETHER:
        ids = tuple(group_decisions.members(db, [target.group_id])[target.group_id]) or ids
    others = standing.own_words(decision.id, kinds=kinds).where(
        decision.sample_id.in_(ids), decision.user_id == actor.user_id
    )
    if db.scalar(others.limit(1)) is None:
        leases.reopen(db, actor.user_id, ids[0], settings)
        if pausing.is_paused(db, target.round_id, actor.user_id):
            leases.give_back(db, actor, ids[0])


def retraction(actor: Actor, target: tables.Decision, client_id: str) -> tables.Decision:
    """The row that takes a decision back."""
    return tables.Decision(
        client_id=client_id,
        project_id=target.project_id,
        round_id=target.round_id,
        group_id=target.group_id,
        sample_id=target.sample_id,
        user_id=actor.user_id,
        kind=DecisionKind.retract,
        retracts_id=target.id,
        value={},
        mode=target.mode,
        via=actor.via,
    )


def affected(db: Session, decision: tables.Decision) -> list[int]:
    """The samples whose label depends on it."""
    if decision.kind in TOGETHER:
        return group_decisions.members(db, [decision.group_id])[decision.group_id]
    edit_id = decision.value.get("edit_id")
    return [decision.sample_id, *([edit_id] if edit_id is not None else [])]


def bulk_first(db: Session, target: tables.Decision) -> str:
    """Why a decision of a bulk action is not taken back here: the action is undone as a whole, or not at all."""
    number = standing.everything(func.count(), kinds=(target.kind,)).where(tables.Decision.batch_id == target.batch_id)
    what = f"{target.kind} on {db.scalar(number):,} samples: {target.note[:160]}"
    return (
        f"What you did last is a bulk action ({what}). Nothing was taken back: undo it as a whole on the Samples page, "
        "under Done before, or go on."
    )


def own_standing(db: Session, actor: Actor, round_id: int, client_id: str | None) -> tables.Decision | None:
    """The actor's decision of that client_id, or the last one, if it still stands; it may be part of a bulk action."""
    decision = tables.Decision
    query = (
        standing.everything(decision)
        .where(decision.round_id == round_id, decision.user_id == actor.user_id)
        .order_by(decision.id.desc())
        .limit(1)
        .with_for_update(of=decision)
    )
    return db.scalars(query if client_id is None else query.where(decision.client_id == client_id)).one_or_none()
