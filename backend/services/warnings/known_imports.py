"""Imports that somebody made on purpose: a reason, given once, turns their light off."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.db.many import in_chunks
from backend.errors import Conflict, InvalidInput
from backend.services.access import Actor, require
from backend.services.rounds import get_row
from backend.services.warnings.limits import set_knobs
from backend.values import JSON, Role, WarningLevel
from backend.warning_rules.unreviewed_imports import LONGEST_REASON, MOST_NAMED, UnreviewedImports

RULE = "unreviewed_imports"
RAISED = (WarningLevel.red, WarningLevel.amber)


def acknowledge(actor: Actor, round_id: int, reason: str) -> None:
    """Make the imports that a round's light speaks of known: the light is green, and is not raised by them again. What
    the same prompt sets bring later is not known.

    Raises `Conflict` where no such light is raised, `InvalidInput` without a reason.
    """
    reason = " ".join(reason.split())
    with session() as db:
        round_ = get_row(db, actor, round_id)
        require(db, actor, round_.project_id, Role.curator)
        if not 0 < len(reason) <= LONGEST_REASON:
            raise InvalidInput(f"Say in 1 to {LONGEST_REASON} characters why these imports are deliberate.")
        # The project first: what two people make known at once must not be read before either of them wrote.
        project = db.get_one(tables.Project, round_.project_id, with_for_update=True)
        row = tables.RoundWarning
        query = select(row).where(row.round_id == round_id, row.name == RULE, row.level.in_(RAISED))
        light = db.scalars(query.with_for_update()).one_or_none()
        sets: dict[str, str] = light.details.get("sets", {}) if light is not None else {}
        if light is None or not sets:
            raise Conflict(f"No import of round {round_.number} raises a light, so there is nothing to make known.")
        known: JSON = UnreviewedImports.usable(project.warning_rules.get(RULE, {})).get("known", {})
        highest = {set_id: {"reason": reason, "up_to": id_} for set_id, id_ in _highest(db, sets).items()}
        set_knobs(db, actor, round_.project_id, RULE, {"known": known | highest})
        light.level = WarningLevel.green
        names = ", ".join(f"“{name}”" for name in [*sets.values()][:MOST_NAMED])
        more = f" and {len(sets) - MOST_NAMED:,} more" if len(sets) > MOST_NAMED else ""
        light.reason = f"Known: {names}{more}, {reason}"


def _highest(db: Session, set_ids: Iterable[str]) -> dict[str, int]:
    """The highest id of a prompt of each set: what is imported later has a higher one."""
    prompt, highest = tables.Prompt, dict[str, int]()
    query = select(prompt.prompt_set_id, func.max(prompt.id)).group_by(prompt.prompt_set_id)
    for some in in_chunks([int(set_id) for set_id in set_ids]):
        for set_id, id_ in db.execute(query.where(prompt.prompt_set_id.in_(some))).tuples():
            highest[str(set_id)] = id_
    return highest
