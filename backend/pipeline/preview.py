"""A preview of a round: a few prompts through its recipe up to the first training, which is looked at and not done.

The steps run in one job, by the code that runs them in a round, and the training is looked at in a second one, where
trainings run. Their rows stand in a round of a hidden project, and are deleted in the transaction that ends it. A job
that was killed goes on with the step at which it was.
"""

import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.errors import Conflict, EmptySelection, NotFound
from backend.jobs import transitions
from backend.jobs.progress import JobProgress
from backend.pipeline import generate, judge, preflight, preview_rows, train, tune
from backend.pipeline import groups as group_values
from backend.pipeline import select as selecting
from backend.pipeline.ask import ask_due
from backend.pipeline.bind import loading
from backend.pipeline.known import known_labels
from backend.pipeline.stage import Finish, StageContext
from backend.recipes import STAGES as STAGES_OF
from backend.recipes import StepPlace
from backend.selectors import Selector
from backend.values import JSON, Stage

KIND = "preview"
"""The kind of the job."""
TUNE = -1
"""Stands for the step of a schedule that tries changes out."""
STAGES: dict[Stage, Callable[[StageContext], Finish]] = {
    Stage.generate: generate.run,
    Stage.judge: judge.run,
    Stage.select: selecting.run,
}


def run(job_id: int, attempt: int, progress: JobProgress) -> Finish:
    """Run the steps that have not run yet; what they made is kept as the preview's result, and their rows deleted.

    A selector that keeps nothing ends the preview without an error: of so few prompts that may be chance.
    """
    preview, is_look = _preview(job_id)
    # Of a step that an earlier attempt began, the last one does and times the rest alone.
    is_timed = bool(preview.result.get("is_timed")) if is_look else attempt == 1
    while (stage := _next(preview.id, job_id, attempt, progress)) is not None:
        if stage.stage is Stage.train and not is_look:
            return partial(_hand_on, preview_id=preview.id, is_timed=is_timed)
        if not _step(stage, preview.id):
            is_timed = False
            break

    def finish(db: Session) -> None:
        row = db.get_one(tables.Preview, preview.id)
        row.result = row.result | preview_rows.shown(db, preview.id) | {"is_over": True, "is_timed": is_timed}
        db.flush()
        preview_rows.delete_rows(db, preview.id)

    return finish


def _hand_on(db: Session, *, preview_id: int, is_timed: bool) -> None:
    """Let a worker that trains look at the training: it may have another machine, and other libraries."""
    row = db.get_one(tables.Preview, preview_id)
    job = transitions.enqueue(
        db, stage=Stage.train, project_id=row.project_id, spec=spec_of(preview_id), created_by=row.created_by
    )
    row.job_id, row.result = job.id, row.result | {"is_timed": is_timed}


def _preview(job_id: int) -> tuple[tables.Preview, bool]:
    """The preview, and whether its job is the one that looks at the training.

    Raises `NotFound` where it was deleted, and `Conflict` where another job has gone on with it.
    """
    with reading() as db:
        job, row = db.get_one(tables.Job, job_id), tables.Preview
        # A job that an older version queued does not name its preview.
        preview_row = db.scalars(
            select(row).where(or_(row.id == job.spec.get("preview_id"), row.job_id == job_id))
        ).first()
    if preview_row is None:
        raise NotFound(f"The preview of job {job_id} was deleted. There is nothing left to do for it.")
    if preview_row.job_id != job_id:
        raise Conflict(
            f"Preview {preview_row.id} went on with job {preview_row.job_id}, which looks at its training. See there."
        )
    return preview_row, job.stage is Stage.train


def spec_of(preview_id: int) -> JSON:
    """The spec of each of the preview's jobs."""
    return {"kind": KIND, "preview_id": preview_id}


def _next(preview_id: int, job_id: int, attempt: int, progress: JobProgress) -> StageContext | None:
    """The next step to run, with the round as it is now; None after the first training."""
    with reading() as db:
        preview, row = db.get_one(tables.Preview, preview_id), preview_rows.round_of(db, preview_id)
    if row is None:
        raise NotFound("The rows of this preview were deleted, so it cannot go on. Start another one from New round.")
    recipe = recipes.read(row.recipe)
    done = {step["step"] for step in preview.result.get("took", [])}
    steps = [TUNE] if recipe.schedule.pilot_prompts > 0 else []
    steps += [place.index for place in _run_here(recipe.places(row.phase))]
    number = next((step for step in steps if step not in done), None)
    if number is None:
        return None
    home_id = preview.project_id
    if number == TUNE:
        return StageContext(
            job_id, attempt, row, recipe, progress, Stage.generate, tune.KIND, row.step, home_id=home_id
        )
    stage = STAGES_OF[recipe.places(row.phase)[number].step.kind]
    return StageContext(job_id, attempt, row, recipe, progress, stage, "", number, home_id=home_id)


def _run_here(places: tuple[StepPlace, ...]) -> list[StepPlace]:
    """The steps that have a job, up to the first training: what comes after works with what it would make."""
    with_job = [place for place in places if place.step.kind in STAGES_OF]
    first = next((n for n, place in enumerate(with_job) if place.step.kind == "trainer"), len(with_job))
    return with_job[: first + 1]


def _step(stage: StageContext, preview_id: int) -> bool:
    """Run one step and note what it took; False where there is nothing to go on with."""
    began, loaded, noted, goes_on = time.perf_counter(), loading.seconds, JSON(), True
    with stage.spending_on_failure():
        try:
            if stage.kind == tune.KIND:
                finish = tune.run(stage, most=stage.round.num_prompts)
            elif stage.stage is Stage.train:
                finish, noted = _looked(stage)
            else:
                finish = STAGES[stage.stage](stage)
        except EmptySelection as error:
            # What a round could do now, a preview cannot.
            noted, goes_on = {"empty": error.message.removesuffix(selecting.LAUNCH_ANOTHER).strip()}, False
            finish = _nothing
    took = {
        "step": TUNE if stage.kind == tune.KIND else stage.step,
        "line": "" if stage.kind == tune.KIND else stage.recipe.lines(stage.round.phase)[stage.step],
        "stage": str(stage.stage),
        "seconds": time.perf_counter() - began,
        "loading": loading.seconds - loaded,
    }
    looked = _dropped(stage) if stage.stage is Stage.select else {}
    with stage.writing() as db:
        finish(db)
        db.flush()
        dropped = {str(id_): reasons for id_, (reasons, rows) in looked.items() if rows == _rows(db, stage, id_)}
        row = db.get_one(tables.Preview, preview_id, with_for_update=True)
        before = row.result
        row.result = (
            before
            | noted
            | {
                "took": [*before.get("took", []), took],
                "dropped": before.get("dropped", {}) | ({str(stage.step): dropped} if dropped else {}),
            }
        )
    return goes_on


def _nothing(_: Session) -> None:
    return None


def _looked(stage: StageContext) -> tuple[Finish, JSON]:
    """What the training would be about to do: its rows as its trainer reads them."""
    ask_due(stage)
    trainer = train.trainer_of(stage)
    dataset = train.dataset_of(stage.round.id, stage.step) if trainer.takes else None
    if not trainer.trains_weights or dataset is None:
        why = "trains no weights" if not trainer.trains_weights else "reads no rows that were selected before it"
        return _nothing, {
            "no_preflight": f"The trainer {trainer.name} {why}, so there is nothing to look at beforehand."
        }
    stage.progress.start(1, "looks")
    train.check_policy(stage)
    asked = {
        "trainer": trainer.dump(),
        "policy_id": train.starts_from(stage),
        "reference_id": train.compared_with(stage),
        "seed": stage.round.seed,
    }
    report = preflight.look(stage.job_id, dataset, asked)
    stage.progress.advance(1)
    return _nothing, {preflight.KIND: report}


Rows = set[tuple[int | None, int | None]]
"""Rows by their samples: the chosen or only one, and the rejected one."""


def _dropped(stage: StageContext) -> dict[int, tuple[JSON, Rows]]:
    """By the group's id why the step's selector drops samples of it where it sees it alone, and the rows it makes.

    A selector's own count is of all groups together. One that draws or counts across groups may select otherwise from
    one alone: the reasons hold where the rows are those that it made. {} of one that needs all groups at once.
    """
    selector = stage.place.step.part
    if not isinstance(selector, Selector) or selector.needs_all_groups:
        return {}
    by_group: dict[int, tuple[JSON, Rows]] = {}
    with reading() as db:
        known = known_labels(db, stage.round.id)
        for row in group_values.groups_for_step(db, stage):
            groups = selecting.labelled(stage, db, [row], known)
            offered = selecting.offered(stage, groups)
            if groups and not offered:
                by_group[row.id] = {selecting.PARENT_REJECTED: len(groups[0].samples)}, set()
            elif offered:
                selection = selector.select(offered, seed=stage.seed("select", 0))
                rows = {(example.sample_id, example.rejected_id) for example in selection.examples} - {(None, None)}
                by_group[row.id] = dict(selection.dropped) | {"unit": selection.unit}, rows
    return by_group


def _rows(db: Session, stage: StageContext, group_id: int) -> Rows:
    """The rows that the step selected from a group's samples."""
    row, dataset, sample = tables.Example, tables.Dataset, tables.Sample
    own = select(sample.id).where(sample.group_id == group_id).scalar_subquery()
    query = select(row.sample_id, row.rejected_id).join(dataset, dataset.id == row.dataset_id)
    query = query.where(dataset.round_id == stage.round.id, dataset.step == stage.step, row.origin == "selected")
    query = query.where(row.sample_id.in_(own) | row.rejected_id.in_(own))
    return {(sample_id, rejected_id) for sample_id, rejected_id in db.execute(query)}
