"""Rounds that follow each other by themselves, as many as were asked for, until a rule or a person stops them."""

from dataclasses import replace

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.errors import Conflict, RondoError
from backend.services import events, rounds
from backend.services.access import Actor
from backend.services.plans import auto_rules, next_plan
from backend.services.results.summaries import follows
from backend.values import Role, RoundStatus


def after_round(db: Session, round_id: int) -> None:
    """Launch the round that follows one which has just ended, in its last transaction; or write down why none does.

    It is launched as the one who started the round would launch it now: their rights, the checkpoints and the prompt
    sets are checked again.
    """
    db.flush()  # its row is ours now; what somebody wrote before is read
    row = db.get_one(tables.Round, round_id, populate_existing=True)
    left = int(row.auto.get("left", 0))
    if left < 1 or "next" in row.auto or "stopped" in row.auto:
        return
    actor, next_id, reason = _starter(db, row), None, auto_rules.fired(db, row)
    if actor is None:
        reason = "Whoever started these rounds has no account any more."
    elif reason is None:
        try:
            with db.begin_nested():
                plan = next_plan(db, row)
                plan = replace(plan, num_rounds=left, stop_rules=tuple(row.auto.get("rules", ())))
                next_id = rounds.launch_in(db, actor, row.project_id, plan)
        except RondoError as error:
            reason = f"The next round could not be launched in the name of {actor.name}: {error.message}"
    if next_id is not None:
        row.auto = row.auto | {"next": next_id}
        return
    row.auto = row.auto | {"stopped": reason}
    place = {"project_id": row.project_id, "round_id": row.id}
    events.note(db, actor, "end automatic rounds", f"round {row.number}", **place, reason=reason, left=left)


def stop(actor: Actor, round_id: int) -> None:
    """Let no round follow this one; it goes on itself. Raises `Conflict` where none would follow."""
    with session() as db:
        row = rounds.get_row(db, actor, round_id, Role.curator)
        # One conditional statement: a round that ends at this moment has launched the next one, or never will.
        round_row = tables.Round
        stopped = (
            update(round_row)
            .where(round_row.id == round_id, round_row.status.not_in((RoundStatus.done, RoundStatus.cancelled)))
            .values(auto=row.auto | {"stopped": f"{actor.name} stopped them."})
            .returning(round_row.id)
        )
        if follows(row.auto, row.status) < 1 or db.scalar(stopped) is None:
            raise Conflict(f"No round would follow round {row.number} by itself, so there is nothing to stop.")
        place = {"project_id": row.project_id, "round_id": round_id}
        events.note(db, actor, "stop after round", f"round {row.number}", **place, left=row.auto["left"])


def _starter(db: Session, row: tables.Round) -> Actor | None:
    user = db.get(tables.User, row.created_by) if row.created_by is not None else None
    return None if user is None else Actor(user.id, user.name, user.is_owner, via="rule")
