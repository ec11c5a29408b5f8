"""Selecting again from a round's own samples: the way out where a selector kept nothing, or not what was wanted."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from backend import jobs, recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.pipeline.branch import KIND as COPYING
from backend.pipeline.stage import step_of
from backend.prompt_sources import PromptSource
from backend.recipes import STEPS, StepPlace, job_after_people
from backend.selectors import Selector
from backend.services import events
from backend.services.access import Actor
from backend.services.plans import branch, branches
from backend.services.recipes.parts import validate
from backend.services.rounds import get_row, launch_in
from backend.values import JSON, JobStatus, Role, RoundStatus, Stage

STOPPED = (RoundStatus.failed, RoundStatus.cancelled, RoundStatus.review, RoundStatus.held)
SELECTOR = STEPS.index("selector")
"""The selector's step in a recipe of slots."""
BETWEEN = ("generator", "judge", "trainer")
"""What may not have run between the selector and where the round stopped: it made something of what was selected."""


@dataclass(frozen=True)
class Stopped:
    """A round that ended, or is held, without a checkpoint. `selector`: its selector, if it can select again.

    `step`: the selector's place among the recipe's steps, from 0; None in a recipe of slots. `branches`: where a branch
    of it can begin (`plans.branches.AT`).
    """

    round_id: int
    number: int
    selector: JSON | None
    step: int | None = None
    branches: tuple[str, ...] = ()


def stopped(actor: Actor, round_id: int, *, job_id: int) -> Stopped | None:
    """Return the round if it failed, was cancelled or kept nothing, and this is its newest own job; else None."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        newest = db.scalar(select(jobs.newest_own(round_id)))
        is_over = row.status in STOPPED and (row.status is not RoundStatus.review or row.error is not None)
        if not is_over or newest != job_id:
            return None
        step = selector_step(db, row)
        at = tuple(branches.offered(db, row))
        if step is None:
            return Stopped(row.id, row.number, None, branches=at)
        return Stopped(row.id, row.number, holder(row, step)[0], None if "selector" in row.recipe else step, at)


def reselect(actor: Actor, round_id: int, selector: JSON) -> int:
    """Select again from a round's samples with another selector; return the job's id.

    `selector`: knobs that change, or a whole part with its name; in a list of steps of the last selector that ran.
    A round that stopped without a checkpoint goes on itself: samples, judgments and decisions stay as they are, and a
    dataset that was frozen but not trained on is made anew. One that has a checkpoint stays as it is, and a branch of
    it selects, by its first selector. Raises `Conflict` where it has not been judged, `InvalidInput` where the selector
    does not fit the trainer.
    """
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        is_branch = branches_off(db, row)
    return _branch(actor, round_id, selector) if is_branch else _in_place(actor, round_id, selector)


def _branch(actor: Actor, round_id: int, selector: JSON) -> int:
    """Launch a branch of the round that selects with this selector."""
    plan = branch(actor, round_id, "select")
    with session() as db:
        row = get_row(db, actor, round_id, Role.curator)
        before, put = holder(row, plan.branch_step or 0)
        recipe = validate(put(changed(before, selector)))
        branch_id = launch_in(db, actor, row.project_id, replace(plan, recipe=recipe))
        return db.scalars(select(tables.Job.id).where(tables.Job.round_id == branch_id)).one()


def branches_off(db: Session, row: tables.Round) -> bool:
    """Whether selecting again launches a branch of the round, which has its checkpoint and stays as it is."""
    return row.checkpoint_id is not None and branches.is_offered(db, row, "select")


def replaced_step(db: Session, row: tables.Round) -> int | None:
    """The step whose selector `reselect` replaces: of a branch the first one, else the one that can run again; None
    where it would refuse."""
    return branches.step_at(row, "select") if branches_off(db, row) else selector_step(db, row)


def changed(before: JSON, part: JSON) -> JSON:
    """A selector with other knobs; one of another name as a whole. Raises `InvalidInput` for unknown knobs."""
    if "name" in part and part["name"] != before["name"]:
        return part
    known = {*before, *Selector.named(before["name"]).model_fields} - {"name"}
    if unknown := [name for name in part if name != "name" and name not in known]:
        raise InvalidInput(
            f"The selector {before['name']} has no knob {unknown[0][:80]!r}. It has {', '.join(sorted(known))}."
        )
    return before | part


def _in_place(actor: Actor, round_id: int, selector: JSON) -> int:
    with session() as db:
        row = get_row(db, actor, round_id, Role.curator)
        step = selector_step(db, row)
        if step is None:
            raise Conflict(
                f"Round {row.number} is {row.status} in the stage {row.stage}. Only a round that stopped after judging "
                "and before it had a checkpoint can select again, or, as a branch, one that has; launch another round "
                "from its settings."
            )
        before, put = holder(row, step)
        # People may have decided since: then what was chosen before the last selector is chosen anew as well.
        is_back = row.status is RoundStatus.review and "selector" not in row.recipe
        row.recipe = validate(put(changed(before, selector)))
        start = job_after_people(row.recipe, row.phase)[1] if is_back else step
        dataset = tables.Dataset
        db.execute(delete(dataset).where(dataset.round_id == round_id, dataset.step >= start))
        # What chooses among groups after the selector does so again: its choice may have been of other labels.
        row.steps = {number: left for number, left in row.steps.items() if int(number) < start}
        row.status, row.stage, row.error, row.finished_at = RoundStatus.running, Stage.select, None, None
        row.step, row.hold = start, {}
        job = jobs.enqueue(
            db, stage=Stage.select, project_id=row.project_id, round_id=round_id, created_by=actor.user_id, step=start
        )
        change = {"before": before, "after": holder(row, step)[0]}
        what = f"round {row.number}"
        events.note(db, actor, "select again", what, project_id=row.project_id, round_id=round_id, **change)
        return job.id


def selector_step(db: Session, row: tables.Round) -> int | None:
    """The step of the selector that can run again; None unless the round stopped with its samples judged, and nothing
    was made of what was selected since."""
    if row.checkpoint_id is not None or row.status not in STOPPED:
        return None
    if row.status is RoundStatus.review and row.error is None:
        return None
    if "selector" in row.recipe:
        return SELECTOR if row.status is RoundStatus.review or _is_judged(db, row) else None
    job = db.get(tables.Job, db.scalar(select(jobs.newest_own(row.id))) or 0)
    places = recipes.read(row.recipe).places(row.phase)
    if job is not None and job.spec.get("kind") == COPYING and row.status is RoundStatus.held:
        return _last_selector(places[: row.step + 1])
    if job is None or job.stage not in (Stage.select, Stage.train):
        return None
    return _last_selector(places[: step_of(places, job.stage, job.step) + 1])


def _last_selector(places: tuple[StepPlace, ...]) -> int | None:
    """The last selector of these steps, if nothing but choices of groups ran between it and the last of them."""
    for place in reversed(places):
        if place.step.kind == "selector":
            return place.index
        part = place.step.part
        is_last = place.index == len(places) - 1
        if (place.step.kind in BETWEEN and not is_last) or (isinstance(part, PromptSource) and not part.narrows):
            return None
    return None


def _is_judged(db: Session, row: tables.Round) -> bool:
    job = tables.Job
    done = select(job.id).where(job.round_id == row.id, job.status == JobStatus.done)
    # A branch that begins behind the judge has its judgments when they are copied.
    if row.branch_step is not None and row.branch_step >= SELECTOR:
        return db.scalar(done.where(_copies()).limit(1)) is not None
    # A retry's judging, of what was left out alone, says nothing of the other samples.
    return db.scalar(done.where(job.stage == Stage.judge, jobs.is_own()).limit(1)) is not None


def _copies() -> ColumnElement[bool]:
    """Whether a job copies the rows that a branch begins with, as a column."""
    return tables.Job.spec["kind"].as_string() == COPYING


def holder(row: tables.Round, step: int) -> tuple[JSON, Any]:
    """The selector's JSON in the round's recipe, and what gives the recipe with another one there."""
    recipe = row.recipe
    if "selector" in recipe:
        return recipe["selector"], lambda selector: recipe | {"selector": selector}
    phases = recipe.get("phases", [recipe])
    number = min(row.phase, len(phases) - 1)
    steps = phases[number]["steps"]

    def put(selector: JSON) -> JSON:
        new = [entry | {"part": selector} if place == step else entry for place, entry in enumerate(steps)]
        if "phases" not in recipe:
            return recipe | {"steps": new}
        changed = [entry | {"steps": new} if place == number else entry for place, entry in enumerate(phases)]
        return recipe | {"phases": changed}

    return steps[step]["part"], put
