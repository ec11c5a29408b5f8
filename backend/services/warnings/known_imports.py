"""Imports that somebody made on purpose: a reason, given once, turns their light off."""

from sqlalchemy import select

from backend.db import session, tables
from backend.errors import Conflict, InvalidInput
from backend.services.access import Actor, require
from backend.services.rounds import get_row
from backend.services.warnings.limits import set_knobs
from backend.values import Role, WarningLevel
from backend.warning_rules.unreviewed_imports import LONGEST_REASON, UnreviewedImports

RULE = "unreviewed_imports"
RAISED = (WarningLevel.red, WarningLevel.amber)


def acknowledge(actor: Actor, round_id: int, reason: str) -> None:
    """Make the imports that a round's light speaks of known: the light is green, and is not raised by them again.

    Raises `Conflict` where no such light is raised, `InvalidInput` without a reason.
    """
    reason = " ".join(reason.split())
    with session() as db:
        round_ = get_row(db, actor, round_id)
        require(db, actor, round_.project_id, Role.curator)
        if not 0 < len(reason) <= LONGEST_REASON:
            raise InvalidInput(f"Say in 1 to {LONGEST_REASON} characters why these imports are deliberate.")
        row = tables.RoundWarning
        query = select(row).where(row.round_id == round_id, row.name == RULE, row.level.in_(RAISED))
        light = db.scalars(query.with_for_update()).one_or_none()
        sets = light.details.get("sets", {}) if light is not None else {}
        if light is None or not sets:
            raise Conflict(f"No import of round {round_.number} raises a light, so there is nothing to make known.")
        stored = db.get_one(tables.Project, round_.project_id).warning_rules.get(RULE, {})
        known = UnreviewedImports.usable(stored).get("known", {}) | dict.fromkeys(sets, reason)
        set_knobs(db, actor, round_.project_id, RULE, {"known": known})
        light.level = WarningLevel.green
        light.reason = f"Known: {', '.join(f'“{name}”' for name in sets.values())}, {reason}"
