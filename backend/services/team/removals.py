"""Taking one person's work out of a round: what it would change, doing it, and taking that back.

While the round is in review, the person's decisions are retracted in one batch and labels follow; what they answered to
questions stands no more. Afterwards the labels are frozen with what training read: then the removal is noted, with the
checkpoints that learned from the work.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.many import in_chunks
from backend.errors import Conflict, InvalidInput
from backend.services import archived, events
from backend.services.access import Actor, require
from backend.services.datasets import descent
from backend.services.datasets.descent import AffectedCheckpoint, AffectedDataset
from backend.services.decisions import labels, tallies
from backend.services.decisions.locks import lock_round
from backend.services.questions import standing as answers
from backend.services.queue import pauses
from backend.services.rounds import get_row
from backend.services.team import removal_events, removal_preview, removed_work, restored_work
from backend.services.team.removal_events import REMOVE, RESTORE
from backend.services.team.removed_work import Changed as Changed
from backend.values import JSON, DecisionKind, Role, RoundStatus


@dataclass(frozen=True)
class RemovalPreview:
    """What removing a person's work changes. `answers`: to the project's questions. `is_frozen`: the labels stay; this
    is what they would be.
    """

    person: str
    decisions: int
    answers: int
    labels: tuple[Changed, ...]
    datasets: tuple[AffectedDataset, ...]
    checkpoints: tuple[AffectedCheckpoint, ...]
    is_frozen: bool


@dataclass(frozen=True)
class Removal:
    """A removal that was done. `is_undone`: it was taken back since; `undone_by`: the role that this takes."""

    id: str
    who: str
    person: str
    at: datetime
    reason: str
    decisions: int
    answers: int
    is_frozen: bool
    is_undone: bool
    checkpoint_ids: tuple[int, ...]
    undone_by: Role


def preview(actor: Actor, round_id: int, user_id: int) -> RemovalPreview:
    """Return what the removal would change, computed from the rows as they are; nothing is written."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        if removed_work.is_frozen(round_):
            work = removed_work.read(db, round_, user_id)
            counted = removed_work.changes(db, work.shaped, {decision.id for decision in work.decisions})
            return _preview(db, round_, work, removed_work.most_frequent_first(counted))
        decisions, touched, changed = removal_preview.of_person(db, round_, user_id)
        person, given, rated = removed_work.person_in(db, round_, user_id, has_decisions=decisions > 0)
        datasets, checkpoints = descent.learned_from(db, round_.project_id, sorted({*touched, *rated}))
        return RemovalPreview(person, decisions, given, changed, datasets, checkpoints, is_frozen=False)


def remove(actor: Actor, round_id: int, user_id: int, *, reason: str) -> Removal:
    """Take the person's standing decisions and answers out of the round; needs a reason, and an admin.

    A curator is enough while the round is in review and a rule has paused the person: then their items go back to the
    queue.
    """
    if not reason.strip():
        raise InvalidInput("Removing somebody's work needs a reason: others will read it. Write one.", field="reason")
    batch_id = uuid.uuid4().hex
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        is_open = round_.status is RoundStatus.review
        needed = Role.curator if is_open and pauses.is_by_rule(db, round_id, user_id) else Role.admin
        require(db, actor, round_.project_id, needed)
        archived.refuse_held(db, round_id, alone=True)
        if is_open:
            round_ = lock_round(db, actor, round_id, needed, alone=True)
        done = _remove(db, actor, round_, user_id, reason.strip(), batch_id)
        checkpoint_ids = [checkpoint.checkpoint_id for checkpoint in done.checkpoints]
        what: JSON = {
            "batch_id": batch_id,
            "user_id": user_id,
            "reason": reason.strip(),
            "decisions": done.decisions,
            "answers": done.answers,
            "labels": sum(label.count for label in done.labels),
            "is_frozen": done.is_frozen,
            "checkpoint_ids": checkpoint_ids,
            "role": needed,
        }
        events.note(db, actor, REMOVE, done.person, project_id=round_.project_id, round_id=round_id, **what)
    return Removal(
        batch_id,
        actor.name,
        done.person,
        now(),
        reason.strip(),
        done.decisions,
        done.answers,
        done.is_frozen,
        False,
        tuple(checkpoint_ids),
        needed,
    )


def undo(actor: Actor, round_id: int, removal_id: str) -> int:
    """Take a removal back: the decisions stand again where they stood. Return how many others came to meanwhile.

    It needs the role that the removal needed.
    """
    with session() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        event = removal_events.noted(db, round_id, removal_id)
        needed = removal_events.role_of(event.details)
        require(db, actor, round_.project_id, needed)
        archived.refuse_held(db, round_id, alone=True)
        if removal_id in removal_events.undone(db, round_id):
            raise Conflict("This removal was taken back already. Reload the page.")
        taken = 0
        if not event.details["is_frozen"]:
            round_ = lock_round(db, actor, round_id, needed, alone=True)
            taken = restored_work.restore(db, actor, round_, event)
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, RESTORE, event.subject, **place, batch_id=removal_id, taken_by_others=taken)
        return taken


def history(actor: Actor, round_id: int) -> list[Removal]:
    """The removals of a round, latest first."""
    with reading() as db:
        get_row(db, actor, round_id, Role.curator)
        undone = removal_events.undone(db, round_id)
        event, user = tables.Event, tables.User
        query = select(event, user.name).outerjoin(user, user.id == event.user_id)
        rows = db.execute(query.where(event.round_id == round_id, event.verb == REMOVE).order_by(event.id.desc())).all()
    return [
        Removal(
            event_row.details["batch_id"],
            who or "",
            event_row.subject,
            event_row.created_at,
            event_row.details["reason"],
            event_row.details["decisions"],
            event_row.details.get("answers", 0),
            event_row.details["is_frozen"],
            event_row.details["batch_id"] in undone,
            tuple(event_row.details["checkpoint_ids"]),
            removal_events.role_of(event_row.details),
        )
        for event_row, who in rows
    ]


def learned_from_removed(actor: Actor, project_id: int) -> set[int]:
    """Checkpoints that learned from work that was removed later, descendants included."""
    event = tables.Event
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = select(event.verb, event.details).where(event.project_id == project_id)
        by_batch: dict[str, list[int]] = {}
        for verb, details in db.execute(query.where(event.verb.in_((REMOVE, RESTORE))).order_by(event.id)):
            if verb == REMOVE:
                by_batch[details["batch_id"]] = details["checkpoint_ids"]
            else:
                by_batch.pop(details["batch_id"], None)
        roots = {id_ for ids in by_batch.values() for id_ in ids}
        return {descendant.checkpoint_id for descendant in descent.with_descendants(db, project_id, roots)}


def _remove(
    db: Session, actor: Actor, round_: tables.Round, user_id: int, reason: str, batch_id: str
) -> RemovalPreview:
    work = removed_work.read(db, round_, user_id)
    changed: tuple[Changed, ...] = ()
    if not removed_work.is_frozen(round_):
        before = removed_work.labels_of(db, work.shaped)
        for chunk in in_chunks(work.decisions):
            db.execute(insert(tables.Decision), [_retraction(actor, decision, reason, batch_id) for decision in chunk])
        labels.recompute(db, work.touched)
        tallies.forget(db, round_.id, user_id)
        _free_slots(db, round_.id, user_id, work.decisions)
        answers.set_aside(db, round_.id, user_id, batch_id)
        changed = removed_work.most_frequent_first(removed_work.changed_since(db, before))
    return _preview(db, round_, work, changed)


def _preview(
    db: Session, round_: tables.Round, work: removed_work.Work, changed: tuple[Changed, ...]
) -> RemovalPreview:
    datasets, checkpoints = descent.learned_from(db, round_.project_id, work.taught)
    is_frozen = removed_work.is_frozen(round_)
    return RemovalPreview(work.person, len(work.decisions), work.answers, changed, datasets, checkpoints, is_frozen)


def _retraction(actor: Actor, target: tables.Decision, reason: str, batch_id: str) -> JSON:
    return {
        "client_id": f"{batch_id}-{target.id}",
        "batch_id": batch_id,
        "project_id": target.project_id,
        "round_id": target.round_id,
        "group_id": target.group_id,
        "sample_id": target.sample_id,
        "user_id": actor.user_id,
        "kind": DecisionKind.retract,
        "retracts_id": target.id,
        "note": reason,
        "value": {},
        "mode": target.mode,
        "via": actor.via,
        "created_at": now(),
    }


def _free_slots(db: Session, round_id: int, user_id: int, targets: Iterable[tables.Decision]) -> None:
    """Others may decide these items now."""
    lease = tables.Lease
    for chunk in in_chunks(sorted({target.sample_id for target in targets})):
        mine = (lease.round_id == round_id, lease.user_id == user_id, lease.sample_id.in_(chunk))
        db.execute(update(lease).where(*mine).values(user_id=None, decided_at=None, expires_at=now(), is_random=False))
