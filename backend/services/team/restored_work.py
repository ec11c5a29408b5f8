"""Taking a removal back: the person's decisions and answers stand again where they stood."""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.many import in_chunks
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import labels, slots, tallies
from backend.services.questions import standing as answers
from backend.services.team import removed_work
from backend.values import DecisionKind

COPIED = (
    "project_id",
    "round_id",
    "group_id",
    "sample_id",
    "user_id",
    "kind",
    "score",
    "note",
    "batch_id",
    "is_override",
    "is_blind",
    "mode",
    "is_random",
    "is_gold",
    "is_adjudication",
    "is_late",
    "seconds",
)


def restore(db: Session, actor: Actor, round_: tables.Round, event: tables.Event) -> int:
    """Write the decisions that this removal retracted once more, each in the place where it stood.

    Items that others took meanwhile stay theirs: return how many. Answers stand again without that: they take no place.
    """
    decision, (retraction, takes_back) = tables.Decision, standing.retraction_of()
    query = (
        select(decision)
        .join(retraction, takes_back)
        .where(retraction.batch_id == event.details["batch_id"], retraction.kind == DecisionKind.retract)
        .order_by(decision.id)
    )
    removed = list(db.scalars(query))
    settings = review_settings.read(round_.review)
    person = Actor(int(event.details["user_id"]), event.subject)
    needs_slot = sorted({decision.sample_id for decision in removed if _held_a_slot(decision, settings)})
    won = set(slots.claim(db, person, round_.id, settings, needs_slot))
    for item in won:
        slots.decided(db, person, item)
    back = [decision for decision in removed if not _held_a_slot(decision, settings) or decision.sample_id in won]
    for chunk in in_chunks(back):
        db.execute(insert(tables.Decision), [_copy(actor, decision, event.details["batch_id"]) for decision in chunk])
    answers.bring_back(db, round_.id, person.user_id, event.details["batch_id"])
    labels.recompute(db, removed_work.touched_by(db, back))
    tallies.forget(db, round_.id, person.user_id)
    return len(removed) - len(back)


def _held_a_slot(decision: tables.Decision, settings: review_settings.ReviewSettings) -> bool:
    is_vote = decision.kind in settings.deciding and decision.batch_id is None
    return is_vote and not (decision.is_late or decision.is_adjudication)


def _copy(actor: Actor, decision: tables.Decision, batch_id: str) -> dict[str, Any]:
    first = int(decision.value.get("restores", decision.id))
    return {name: getattr(decision, name) for name in COPIED} | {
        "client_id": f"{batch_id}-back-{decision.id}",
        "value": decision.value | {"restores": first},
        "via": actor.via,
        "created_at": now(),
    }
