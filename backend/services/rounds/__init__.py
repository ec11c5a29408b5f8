"""Launching rounds, and what a round is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound
from backend.pipeline import branch, tune
from backend.recipes import Recipe, first_job, job_from, judge_of
from backend.services import access, events, review_settings
from backend.services.access import Actor, require
from backend.services.plans import Plan, PlanEstimate, again, branches, defaults, estimate, few_shot, scheduled
from backend.services.plans.checks import check, parse, phase_of
from backend.services.recipes import round_roles
from backend.services.rounds import few_shot_shown, moving
from backend.services.rounds.reopened import is_kept
from backend.values import LocalEngine, Role, RoundStatus, Stage

__all__ = [
    "Plan",
    "PlanEstimate",
    "RoundView",
    "again",
    "cancel",
    "check_plan",
    "defaults",
    "estimate",
    "get",
    "judge_of",
    "launch",
    "list_rounds",
    "write",
]


ARCHIVE_SHOWN = ("state", "rows", "num_bytes", "folder")
"""What everybody who sees an archived round is told of its archive; who archived it, the audit trail says."""


@dataclass(frozen=True)
class RoundView:
    """A round as pages and programs see it."""

    id: int
    project_id: int
    number: int
    parent_id: int | None
    status: RoundStatus
    stage: Stage
    phase: int
    step: int
    recipe: dict[str, Any]
    policy_id: int
    reference_id: int
    judge_id: int | None
    checkpoint_id: int | None
    num_prompts: int
    seed: int
    is_reviewed: bool
    is_blind: bool
    engine: LocalEngine
    review: dict[str, Any]
    counts: dict[str, Any]
    tuned: dict[str, Any]
    few_shot: dict[str, Any]
    auto: dict[str, Any]
    branch_of_id: int | None
    branch_step: int | None
    hold: dict[str, Any]
    reopened: dict[str, Any]
    archived_at: datetime | None
    archive: dict[str, Any]
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    created_by: int | None


def view(row: tables.Round, hidden: frozenset[int] = frozenset()) -> RoundView:
    """The row without its session. hidden: ids of samples that it shows and that are not told."""
    values = {name: getattr(row, name) for name in RoundView.__dataclass_fields__}
    values["few_shot"] = few_shot_shown.told(row.few_shot, hidden)
    shown = {name: value for name, value in row.archive.items() if name in ARCHIVE_SHOWN}
    return RoundView(**values | {"archive": shown})


def get_row(db: Session, actor: Actor, round_id: int, role: Role = Role.viewer) -> tables.Round:
    """The round, if the actor may see it; raises `NotFound`."""
    row = access.find(db, actor, tables.Round, round_id, role)
    if row is None:
        row = db.get(tables.Round, round_id)
        if row is None:
            raise NotFound(f"There is no round {round_id}. Choose one from the overview.")
        require(db, actor, row.project_id, role)  # says why not
    return row


def hold_row(db: Session, actor: Actor, round_id: int, role: Role) -> tables.Round:
    """As `get_row`, kept out of the trash until the caller's transaction ends, without a lock on the round."""
    row, project = get_row(db, actor, round_id, role), tables.Project
    db.scalar(select(project.id).where(project.id == row.project_id).with_for_update(read=True, key_share=True))
    db.refresh(row)  # whoever put it there may have been waited for
    require(db, actor, row.project_id, role)
    return row


def get(actor: Actor, round_id: int) -> RoundView:
    """One round."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        return view(row, few_shot_shown.hidden_ids(db, actor, [row]))


def list_rounds(actor: Actor, project_id: int) -> list[RoundView]:
    """The project's rounds, oldest first."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = select(tables.Round).where(tables.Round.project_id == project_id).order_by(tables.Round.number)
        rows = db.scalars(query).all()
        hidden = few_shot_shown.hidden_ids(db, actor, rows)
        return [view(row, hidden) for row in rows]


def newest(actor: Actor, project_id: int, *, limit: int, before_number: int | None = None) -> list[RoundView]:
    """So many of the project's rounds, newest first, those below that number."""
    table = tables.Round
    query = select(table).where(table.project_id == project_id).order_by(table.number.desc()).limit(limit)
    if before_number is not None:
        query = query.where(table.number < before_number)
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        rows = db.scalars(query).all()
        hidden = few_shot_shown.hidden_ids(db, actor, rows)
        return [view(row, hidden) for row in rows]


def check_plan(actor: Actor, project_id: int, plan: Plan) -> None:
    """Raise what `launch` would refuse the plan with; nothing is written."""
    recipe = parse(plan.recipe)
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        check(db, project_id, plan, recipe)
        branches.origin(db, project_id, plan, recipe)


def launch(actor: Actor, project_id: int, plan: Plan, *, after_number: int | None = None) -> int:
    """Write the round and enqueue its first job, in one transaction; return the round's id.

    With `after_number`, raise `Conflict` unless the project's newest round has that number (0: there is none).
    """
    with session() as db:
        return launch_in(db, actor, project_id, plan, after_number=after_number)


def launch_in(db: Session, actor: Actor, project_id: int, plan: Plan, *, after_number: int | None = None) -> int:
    """`launch` in the caller's transaction."""
    recipe = parse(plan.recipe)
    require(db, actor, project_id, Role.curator)
    db.get_one(tables.Project, project_id, with_for_update=True)
    check(db, project_id, plan, recipe)
    origin = branches.origin(db, project_id, plan, recipe)
    last = db.scalar(select(func.max(tables.Round.number)).where(tables.Round.project_id == project_id))
    if after_number is not None and (last or 0) != after_number:
        raise Conflict("Another round was launched meanwhile, so nothing was launched. Look at the overview again.")
    row = write(
        db, project_id, plan, recipe, moving.last_number(db, project_id) + 1, created_by=actor.user_id, origin=origin
    )
    place: dict[str, Any] = {"project_id": project_id, "round_id": row.id}
    before = branch.KIND if origin is not None else tune.KIND if recipe.schedule.pilot_prompts > 0 else ""
    spec = {"kind": before} if before else None
    stage = Stage.generate if before else row.stage
    jobs.enqueue(db, stage=stage, step=row.step, spec=spec, created_by=actor.user_id, **place)
    what: dict[str, Any] = {
        "recipe": str(plan.recipe.get("name", "")),
        "num_prompts": plan.num_prompts,
        "seed": plan.seed,
    }
    if origin is not None:
        what |= {"branch_of": origin.number, "branch_step": plan.branch_step}
    events.note(db, actor, "launch round", f"round {row.number}", **place, **what)
    return row.id


def write(
    db: Session,
    project_id: int,
    plan: Plan,
    recipe: Recipe,
    number: int,
    *,
    created_by: int,
    origin: tables.Round | None = None,
    home_id: int | None = None,
) -> tables.Round:
    """Write the round of a plan that was checked, with its roles and prompt sets; nothing runs yet.

    home_id: of a preview, the project whose rounds it looks back on.
    """
    phase = origin.phase if origin is not None else phase_of(db, recipe, plan.parent_id)
    row = tables.Round(
        project_id=project_id,
        number=number,
        parent_id=plan.parent_id,
        recipe=recipe.model_dump(mode="json"),
        policy_id=plan.policy_id,
        reference_id=plan.reference_id,
        judge_id=plan.judge_id,
        num_prompts=plan.num_prompts,
        seed=plan.seed,
        is_reviewed=plan.is_reviewed,
        is_blind=plan.is_blind,
        engine=LocalEngine(plan.engine),
        review=review_settings.read(plan.review).model_dump(mode="json"),
        phase=phase,
        few_shot=few_shot.chosen(db, home_id or project_id, plan, recipe, phase, origin),
        auto=auto_of(plan),
        tuned=origin.tuned if origin is not None else scheduled.tuned(db, recipe, plan.parent_id),
        branch_of_id=plan.branch_of,
        branch_step=plan.branch_step if origin is not None else None,
        created_by=created_by,
    )
    row.stage, row.step = first_job(row.recipe, row.phase)
    if row.branch_step is not None:
        row.stage, row.step = job_from(row.recipe, row.phase, row.branch_step)
    db.add(row)
    db.flush()
    roles = round_roles.bound(db, recipe, row.phase, plan.roles, plan.parent_id)
    for role, checkpoint_id in roles.items():
        db.add(tables.RoundRole(round_id=row.id, role=role, step=-1, checkpoint_id=checkpoint_id))
    for set_id, use in plan.sets():
        db.add(tables.RoundPromptSet(round_id=row.id, prompt_set_id=set_id, use=use))
    db.flush()
    return row


def auto_of(plan: Plan) -> dict[str, Any]:
    """What the round's row says of those that follow it."""
    return {"left": plan.num_rounds - 1, "rules": [*plan.stop_rules]} if plan.num_rounds > 1 else {}


def cancel(actor: Actor, round_id: int, *, only_waiting: bool = False) -> None:
    """Stop the round's active job, or close a round that waits for people, for good; `only_waiting`: the latter only.

    Raises `Conflict` where there is nothing to cancel.
    """
    with session() as db:
        row = hold_row(db, actor, round_id, Role.curator)
        events.note(db, actor, "cancel round", f"round {row.number}", project_id=row.project_id, round_id=round_id)
        active = db.scalar(select(tables.Job.id).where(tables.Job.active_key == round_id))
        if active is not None and not only_waiting:
            jobs.cancel(db, active)
            return
        if is_kept(row):
            raise Conflict(
                f"Round {row.number} has its checkpoint: its review was opened again, and there is nothing to cancel. "
                "Close the review, then the round is done as before."
            )
        # One conditional statement: a review that is being closed at this moment wins or loses, never both.
        closed = (
            update(tables.Round)
            .where(tables.Round.id == round_id, tables.Round.status.in_((RoundStatus.review, RoundStatus.held)))
            .values(status=RoundStatus.cancelled, finished_at=now())
            .returning(tables.Round.id)
        )
        if db.scalar(closed) is not None:
            db.execute(update(tables.Round).where(tables.Round.id == round_id).values(hold={}))
            return
        if only_waiting:
            raise Conflict(f"Round {row.number} waits for nobody any more, so it was not cancelled. Look at it again.")
        raise Conflict(f"Round {row.number} is {row.status}, so there is nothing to cancel. Reload the page.")
