"""Accept or reject everything a filter finds: counted first, with a reason, in one batch that can be undone."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, standing, tables
from backend.db.filters import Filters, Sort, decode_facet
from backend.db.listing import scope
from backend.db.listing_scope import IdQueries
from backend.db.listing_search import find
from backend.db.many import in_chunks
from backend.db.search import Patience
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import events
from backend.services.access import Actor
from backend.services.decisions import labels, lock_round, tallies
from backend.services.decisions.verdicts import is_override
from backend.services.rounds import get_row, review_scope
from backend.values import DecisionKind, LabelSource, Role, Verdict

MAX_SAMPLES = 100_000
"""One transaction, some seconds long: whoever else writes waits for it."""
READ = 5_000
PATTERN_SECONDS = 20.0
"""A regular expression may look so long at all texts of the round."""
ACTIONS = (DecisionKind.accept, DecisionKind.reject)


@dataclass(frozen=True)
class BulkPreview:
    """What a bulk action would do. `token` stands for exactly this: give it to `apply`."""

    count: int
    changed_verdicts: int
    overridden_people: int
    token: str


@dataclass(frozen=True)
class BulkAction:
    """A bulk action that was done."""

    id: str
    who: str
    at: datetime
    action: DecisionKind
    count: int
    reason: str
    is_undone: bool


def preview(actor: Actor, round_id: int, filters: Filters, action: DecisionKind) -> BulkPreview:
    """Count what `apply` would decide, and how many decisions of people it would override."""
    check_action(action)
    with reading() as db:
        get_row(db, actor, round_id, Role.curator)
        ids = matching(db, round_id, filters)
        return looked_at(round_id, filters, action, [*standing_now(db, round_id, filters, ids).values()])


def apply(
    actor: Actor, round_id: int, filters: Filters, action: DecisionKind, *, reason: str, token: str
) -> BulkAction:
    """Decide on all samples the filter finds, as one batch; refused when that is no longer what was previewed."""
    if not reason.strip():
        raise InvalidInput("A bulk action needs a reason: others will read it. Write one.")
    check_action(action)
    with reading() as db:
        # A search in texts may take seconds: nobody who decides has to wait for that.
        get_row(db, actor, round_id, Role.curator)
        facets_found = matching(db, round_id, filters)
    with session() as db:
        round_ = lock_round(db, actor, round_id, Role.curator, alone=True)
        facets = standing_now(db, round_id, filters, facets_found)
        ids, seen = [*facets], looked_at(round_id, filters, action, [*facets.values()])
        if seen.token != token:
            raise Conflict(
                f"The filter now finds {seen.count:,} samples, {seen.overridden_people:,} of them decided otherwise by "
                "people: it changed since the preview. Preview again."
            )
        batch_id = uuid.uuid4().hex
        for chunk in in_chunks(ids):
            db.execute(insert(tables.Decision), rows(db, actor, round_, action, batch_id, reason.strip(), chunk))
            labels.recompute(db, chunk)
        tallies.forget(db, round_id, actor.user_id)
        what = f"{len(ids):,} samples of round {round_.number}"
        details = {"batch_id": batch_id, "reason": reason.strip(), "filters": filters.changed()}
        events.note(db, actor, f"bulk {action}", what, project_id=round_.project_id, round_id=round_id, **details)
        return BulkAction(batch_id, actor.name, now(), action, len(ids), reason.strip(), is_undone=False)


def undo(actor: Actor, batch_id: str) -> int:
    """Take back a whole batch; labels become what they were, later decisions of people stay. Return how many."""
    decision = tables.Decision
    with session() as db:
        round_id = db.scalar(select(decision.round_id).where(decision.batch_id == batch_id).limit(1))
        if round_id is None:
            raise NotFound("There is no such bulk action. Reload the page.")
        lock_round(db, actor, round_id, Role.curator, alone=True)
        query = (
            standing.everything(
                decision.id, decision.project_id, decision.round_id, decision.group_id, decision.sample_id
            )
            .where(decision.batch_id == batch_id)
            .order_by(decision.id)
        )
        targets = db.execute(query).all()
        if not targets:
            raise Conflict("This bulk action was undone already. Reload the page.")
        for chunk in in_chunks(targets):
            db.execute(insert(tables.Decision), [retraction(actor, batch_id, *target) for target in chunk])
            labels.recompute(db, [target.sample_id for target in chunk])
        what = f"{len(targets):,} samples"
        place = {"project_id": targets[0].project_id, "round_id": round_id}
        events.note(db, actor, "undo bulk action", what, **place, batch_id=batch_id)
        return len(targets)


def retraction(
    actor: Actor, batch_id: str, id_: int, project_id: int, round_id: int, group_id: int, sample_id: int
) -> dict[str, Any]:
    """The row that takes one decision of a batch back."""
    return {
        "client_id": f"{batch_id}-undo-{id_}",
        "batch_id": batch_id,
        "project_id": project_id,
        "round_id": round_id,
        "group_id": group_id,
        "sample_id": sample_id,
        "user_id": actor.user_id,
        "kind": DecisionKind.retract,
        "retracts_id": id_,
        "via": actor.via,
        "value": {},
        "created_at": now(),
    }


def history(actor: Actor, round_id: int) -> list[BulkAction]:
    """The bulk actions of a round, latest first."""
    decision, user = tables.Decision, tables.User
    done = (
        select(decision.batch_id, user.name, func.min(decision.created_at), decision.kind, func.count(), decision.note)
        .join(user, user.id == decision.user_id)
        .where(decision.round_id == round_id, decision.batch_id.is_not(None), decision.kind != DecisionKind.retract)
        .group_by(decision.batch_id, user.name, decision.kind, decision.note)
        .order_by(func.min(decision.id).desc())
    )
    undone = (
        select(decision.batch_id)
        .distinct()
        .where(decision.round_id == round_id, decision.batch_id.is_not(None), decision.kind == DecisionKind.retract)
    )
    with reading() as db:
        get_row(db, actor, round_id)
        gone = set(db.scalars(undone))
        return [
            BulkAction(batch_id or "", who, at, kind, count, note, is_undone=batch_id in gone)
            for batch_id, who, at, kind, count, note in db.execute(done)
        ]


def check_action(action: DecisionKind) -> None:
    """Raise `InvalidInput` for what no bulk action does."""
    if action not in ACTIONS:
        raise InvalidInput(f"A bulk action accepts or rejects; {action} is for single samples.")


def looked_at(round_id: int, filters: Filters, action: DecisionKind, facets: Sequence[int]) -> BulkPreview:
    """The preview of deciding on samples with these facets."""
    others = [facet for facet in map(decode_facet, facets) if facet["verdict"] != action.value]
    people = sum(other["source"] == LabelSource.person for other in others)
    key = json.dumps([round_id, action, filters.changed(), len(facets), len(others), people])
    return BulkPreview(len(facets), len(others), people, hashlib.sha256(key.encode()).hexdigest())


def standing_now(db: Session, round_id: int, filters: Filters, ids: Sequence[int]) -> dict[int, int]:
    """Those of the samples that the filter finds in this view of the rows, too, and that people decide on, with their
    facets.

    Texts do not change, so they are not searched again.
    """
    asked, facets, round_ = scope(db, round_id, filters), dict[int, int](), db.get_one(tables.Round, round_id)
    for some in in_chunks(ids) if asked.facets else ():
        chunk = review_scope.only_shown(db, round_, some)  # nobody decides on the others
        if not chunk:
            continue
        named, where = ", ".join(map(str, chunk)), asked.where(asked.any_facet)
        facets |= {
            n: facet
            for n, facet in asked.all(f"SELECT sample_id, facet FROM labels WHERE sample_id IN ({named}) AND {where}")
        }
    return facets


def matching(db: Session, round_id: int, filters: Filters, among: IdQueries | None = None) -> list[int]:
    """All samples the filter finds, `among` those of a set where it asks for one.

    Raises `InvalidInput` for too many, and for an expression that takes too long.
    """
    asked, cursor, ids = scope(db, round_id, filters, among), None, list[int]()
    patience = Patience(PATTERN_SECONDS)
    while True:
        page = find(asked, filters, Sort(), cursor, min(READ, MAX_SAMPLES + 1 - len(ids)), patience=patience)
        ids += page.ids
        if len(ids) > MAX_SAMPLES:
            raise InvalidInput(f"The filter finds more than {MAX_SAMPLES:,} samples. Narrow it and do it in parts.")
        cursor = page.next
        if cursor is None:
            return ids


def rows(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    action: DecisionKind,
    batch_id: str,
    reason: str,
    ids: Sequence[int],
) -> list[dict[str, Any]]:
    """One decision for each sample."""
    verdict = Verdict(action.value)
    label, sample = tables.Label, tables.Sample
    query = select(label.sample_id, label.machine_verdict, sample.group_id).join(sample, sample.id == label.sample_id)
    return [
        {
            "client_id": f"{batch_id}-{sample_id}",
            "batch_id": batch_id,
            "project_id": round_.project_id,
            "round_id": round_.id,
            "group_id": group_id,
            "sample_id": sample_id,
            "user_id": actor.user_id,
            "note": reason,
            "via": actor.via,
            "value": {},
            "is_blind": False,
            "kind": action,
            "created_at": now(),
            "is_override": is_override(None, machine_verdict, verdict, None),
        }
        for sample_id, machine_verdict, group_id in db.execute(query.where(label.sample_id.in_(ids)))
    ]
