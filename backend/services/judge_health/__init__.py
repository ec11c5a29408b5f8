"""The judge's health of a round, and what a curator does about it: let a held round go on, set a project's limits."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from backend import boundary, jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.pipeline.health import CorrectedShare, Health, HealthMeasure, Light, limits
from backend.pipeline.health.advice import ADVICE
from backend.pipeline.health.limits import SHARES, HealthLimits
from backend.services import archived, events, refusals
from backend.services.access import Actor, require, role_of
from backend.services.rounds import get_row, judge_light
from backend.services.samples import visibility
from backend.translations import N_, gettext
from backend.values import Role, RoundStatus, Stage

__all__ = [
    "ADVICE",
    "SHARES",
    "CorrectedShare",
    "Health",
    "HealthLimits",
    "HealthMeasure",
    "Light",
    "limits_of",
    "of_round",
    "release",
    "set_limits",
]

MAX_REASON = 2_000
WAITING = N_(
    "People still decide on this round. Its judge is shown here to curators, and to all when the review is over."
)


def of_round(actor: Actor, round_id: int) -> Health:
    """Return the light and the numbers behind it; raises `NotFound`.

    While people decide, only curators are told: who will decide is not to be swayed, and numbers that move name gold
    items.
    """
    with reading() as db:
        row = get_row(db, actor, round_id)
        role = role_of(db, actor, row.project_id) or Role.viewer
        if visibility.awaits_decisions(row) and role.rank < Role.curator.rank:
            return Health(Light.unknown, gettext(WAITING), ())
        if row.archived_at is not None:
            return Health(Light.unknown, gettext(archived.IS_AWAY), ())
        return judge_light.kept(db, row)


def release(actor: Actor, round_id: int, reason: str) -> int:
    """Let a held round train; return the job's id. The reason is kept on the round and in the audit trail.

    Raises `InvalidInput` without a reason, `Conflict` where the round is not held, or somebody let it go on already.
    """
    reason_text = boundary.text(reason, "The reason", MAX_REASON).strip()
    if not reason_text:
        raise InvalidInput("The reason is empty. Say why the round may train although its judge’s light is red.")
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        query = select(tables.Round).where(tables.Round.id == round_id).with_for_update()
        row = db.scalars(query.execution_options(populate_existing=True)).one()
        archived.refuse_trashed(db, row)  # the lock may have been waited for
        if row.status is not RoundStatus.held:
            raise Conflict(f"Round {row.number} is {row.status} and not held, so there is nothing to let go on.")
        given: dict[str, Any] = {
            "user_id": actor.user_id,
            "who": actor.name,
            "reason": reason_text,
            "at": now().isoformat(),
        }
        row.hold = row.hold | {"released": given}
        row.status, row.stage = RoundStatus.running, Stage.train
        place: dict[str, Any] = {"project_id": row.project_id, "round_id": row.id}
        events.note(
            db, actor, "let round train", f"round {row.number}", **place, reason=reason_text, held=row.hold["said"]
        )
        job = jobs.enqueue(db, stage=Stage.train, created_by=actor.user_id, step=row.step, **place)
        return job.id


def limits_of(actor: Actor, project_id: int) -> HealthLimits:
    """Return the project's limits."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return limits.read(db.get_one(tables.Project, project_id).judge_health)


def set_limits(actor: Actor, project_id: int, changes: dict[str, Any], *, in_percent: bool = False) -> HealthLimits:
    """Change these limits of a project, None back to its default; return all. Raises `InvalidInput` naming the limit.

    With `in_percent`, shares are given as pages show them, in percent, and refused in percent.
    A round that is held stays so: somebody lets it go on, or selects again.
    """
    with session() as db:
        require(db, actor, project_id, Role.curator)
        row = db.get_one(tables.Project, project_id, with_for_update=True)
        if in_percent:
            changes = {name: _share(name, value) for name, value in changes.items()}
        wanted = {name: value for name, value in (row.judge_health | changes).items() if value is not None}
        try:
            after = HealthLimits.model_validate(wanted)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            unit = (100, "%") if in_percent and name in SHARES else (1, "")
            raise InvalidInput(f"The limit {name} is wrong: it {refusals.words(first, *unit)}. Change it.") from error
        row.judge_health = after.model_dump(mode="json", exclude_defaults=True)
        events.note(db, actor, "set judge limits", row.name, project_id=project_id, limits=row.judge_health)
        return after


def _share(name: str, value: Any) -> Any:
    """A limit that was given in percent, as the share that is kept."""
    return round(value / 100, 12) if name in SHARES and isinstance(value, int | float) else value
