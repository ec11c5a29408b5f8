"""One attempt of one job, in a process of its own: run the stage, then end the job and start the next one."""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend import machine, recipes
from backend.db import reading, session, tables
from backend.db.away import is_away
from backend.errors import Cancelled, EmptySelection, NotFound, RondoError
from backend.jobs import helping, telling, transitions
from backend.jobs.child import AWAY
from backend.jobs.progress import JobProgress
from backend.judges import Judge
from backend.log import tell_about
from backend.pipeline import (
    arena,
    branch,
    evaluate,
    generate,
    gguf,
    hold,
    judge,
    judge_bench,
    left_out,
    merge,
    preflight,
    preview,
    repair,
    rewrite,
    select,
    train,
    try_prompt,
    tune,
)
from backend.pipeline.stage import Finish, Helping, StageContext, only_selectors_since_gate, open_stage, step_of
from backend.recipes import STAGES as STAGES_OF
from backend.values import JSON, RoundStatus, Stage

log = logging.getLogger("rondo.pipeline")

OF_SELECTING = ("kept", "decided", "overridden", "labelled", "funnel")
"""What a selector counts on its round."""
STAGES: dict[Stage, Callable[[StageContext], Finish]] = {
    Stage.generate: generate.run,
    Stage.judge: judge.run,
    Stage.select: select.run,
    Stage.train: train.run,
    Stage.evaluate: evaluate.run,
}


FIRST: dict[str, Callable[[StageContext], Finish]] = {tune.KIND: tune.run, branch.KIND: branch.run}
"""Jobs that come before a round's first step, by their kind."""
AfterRound = Callable[[Session, int], None]
"""What happens in the transaction that ends a round which others are to follow; it gets the round's id."""
Others = Mapping[str, Callable[[int, JobProgress], Finish]]
"""Jobs outside rounds that are no work of the pipeline, by their kind; each gets its job's id."""


def run_job(job_id: int, attempt: int, *, after_round: AfterRound | None = None, others: Others | None = None) -> int:
    """Run the job's stage; return the exit code. Whatever goes wrong stands on the job's row."""
    progress = JobProgress(job_id, attempt)
    try:
        finish, stage = prepare(job_id, attempt, progress, others or {})
        held = hold.wanted(stage) if stage is not None else None
        progress.flush()
        ran_on = machine.described()  # asks git: not while this writes and others wait
        with session() as db:
            transitions.finish(db, job_id, attempt, machine=ran_on)
            finish(db)
            if stage is not None:
                stage.spend(db)
                go_on(db, stage, held)
                if stage.kind != left_out.RETRY:
                    telling.of_round(db, stage.round.id, job_id, attempt)
                if after_round is not None and ends_line(db, stage):
                    after_round(db, stage.round.id)
    except Cancelled as error:
        log.info("%s", error.message)
        return 0
    except Exception as error:
        return report_unless_away(job_id, attempt, error)
    return 0


def report_unless_away(job_id: int, attempt: int, error: Exception) -> int:
    """Write the error on the job, unless it is that the database is away: then there is nothing to mend."""
    try:
        if not is_away(error):
            return report(job_id, attempt, error)
    except SQLAlchemyError as second:
        error = second
    if not is_away(error):
        raise error
    log.warning("The database went away, and this process ends; the job goes on in another one. %s", error)
    return AWAY


def help_job(job_id: int, attempt: int, helper_id: int) -> int:
    """Do batches of a job's stage that another process runs; return the exit code. A failure frees what it held."""
    try:
        # Before a model is loaded: perhaps nothing is left to do.
        first = helping.claim(job_id, attempt, helper_id)
        if first is None:
            return 0
        stage = open_stage(job_id, attempt, helping.NoProgress(job_id, attempt))
        stage = replace(stage, helper=Helping(helper_id, first))
        log.info("Round %s: %s, helper %s of attempt %s.", stage.round.number, stage.stage, helper_id, attempt)
        try:
            STAGES[stage.stage](stage)
        finally:
            stage.spend_rest()
    except Cancelled as error:
        log.info("%s", error.message)
        return 0
    except Exception as error:
        log.exception("Helper %s stops; what it had not written goes on elsewhere.", helper_id)
        if is_away(error):
            return AWAY
        helping.leave(helper_id, error=str(error))
        return 1
    return 0


def prepare(job_id: int, attempt: int, progress: JobProgress, others: Others) -> tuple[Finish, StageContext | None]:
    """Do the stage's work; return what is left to write at its end."""
    with reading() as db:
        job = db.get(tables.Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}. It was deleted with its round.")
    tell_about(project=job.project_id, round=job.round_id, job=job_id)
    if job.spec.get("kind") in others:
        return others[job.spec["kind"]](job_id, progress), None
    if job.spec.get("kind") == "try":
        return try_prompt.run(job_id, progress), None
    if job.spec.get("kind") == "repair":
        return repair.run(job_id, progress), None
    if job.spec.get("kind") == preflight.KIND:
        return preflight.run(job_id, progress), None
    if job.spec.get("kind") == merge.KIND:
        return merge.run(job_id, progress), None
    if job.spec.get("kind") == gguf.KIND:
        return gguf.run(job_id, progress), None
    if job.spec.get("kind") == rewrite.KIND:
        return rewrite.run(job_id, progress), None
    if job.spec.get("kind") == preview.KIND:
        return preview.run(job_id, attempt, progress), None
    if job.spec.get("kind") == arena.KIND:
        return arena.run(job_id, attempt, progress), None
    if job.spec.get("kind") == judge_bench.KIND:
        return judge_bench.run(job_id, attempt, progress), None
    stage = open_stage(job_id, attempt, progress)
    log.info("Round %s: %s, attempt %s.", stage.round.number, stage.kind or job.stage, attempt)
    with stage.spending_on_failure():
        return FIRST.get(stage.kind, STAGES[job.stage])(stage), stage


def go_on(db: Session, stage: StageContext, held: JSON | None = None) -> None:
    """Move the round to its next stage: a job, or the wait for people. A retry of what was left out moves nothing.

    held: why it has to wait before its training.
    """
    round_ = db.get_one(tables.Round, stage.round.id)
    if stage.kind == left_out.RETRY:
        judging = _judged_already(stage, round_)
        if judging is not None:
            _enqueue(db, round_, Stage.judge, judging, {"kind": left_out.RETRY})
        return
    if stage.stage is Stage.evaluate:
        return
    if stage.kind in FIRST and held is not None:
        round_.status, round_.hold = RoundStatus.held, held
        return
    if stage.kind in FIRST:
        _enqueue(db, round_, round_.stage, round_.step)
        return
    if stage.is_before_people and round_.is_reviewed:
        round_.stage, round_.status, round_.step = Stage.review, RoundStatus.review, stage.next_step
        return
    round_.step = stage.next_step
    if held is not None:
        round_.stage, round_.status, round_.hold = Stage.train, RoundStatus.held, held
        return
    is_over = round_.step == len(stage.places)
    round_.stage = Stage.evaluate if is_over else STAGES_OF[stage.places[round_.step].step.kind]
    _enqueue(db, round_, round_.stage, round_.step)


def _enqueue(db: Session, round_: tables.Round, stage: Stage, step: int | None, spec: JSON | None = None) -> None:
    place: JSON = {"project_id": round_.project_id, "round_id": round_.id, "created_by": round_.created_by}
    transitions.enqueue(db, stage=stage, step=step, spec=spec, **place)


def _judged_already(stage: StageContext, round_: tables.Round) -> int | None:
    """The next step whose judge is done with the others of the texts that a retry made; None where there is none.

    A step that the round has yet to come to sees all that was made by then.
    """
    for place in stage.places[stage.step + 1 : round_.step]:
        if place.reads_labels:
            return None
        if isinstance(place.step.part, Judge) and place.source == stage.place.source:
            return place.index
    return None


def ends_line(db: Session, stage: StageContext) -> bool:
    """Whether the job has ended a round that others are to follow."""
    is_end = stage.stage is Stage.evaluate and not stage.kind
    return is_end and bool(db.get_one(tables.Round, stage.round.id).auto.get("left"))


def give_back(db: Session, round_id: int, step: int | None) -> None:
    """Let a reviewed round of which nothing was kept wait for people again; its error stays until they close it.

    Not one in which more than selecting was done since people decided: what was made of their word stays made.
    """
    round_ = db.get_one(tables.Round, round_id)
    places = recipes.read(round_.recipe).places(round_.phase)
    if not only_selectors_since_gate(places, step_of(places, Stage.select, step)):
        return
    if round_.is_reviewed:
        # What was chosen by labels is chosen anew by those that people will have given.
        gate = next(place.index for place in places if place.reads_labels)
        round_.steps = {number: left for number, left in round_.steps.items() if int(number) < gate}
        # And what was made of the labels of before would tell them to people who decide again.
        dataset = tables.Dataset
        db.execute(delete(dataset).where(dataset.round_id == round_id, dataset.step >= gate))
        round_.counts = {name: value for name, value in round_.counts.items() if name not in OF_SELECTING}
        db.flush()
    failed = update(tables.Round).where(tables.Round.id == round_id, tables.Round.is_reviewed)
    db.execute(failed.values(status=RoundStatus.review, stage=Stage.review, finished_at=None))


def report(job_id: int, attempt: int, error: Exception) -> int:
    """Write the error where people see it: a RondoError as it is, anything else as unexpected with its traceback."""
    trace = traceback.format_exc()
    log.error("%s", trace)
    if isinstance(error, RondoError):
        message, trace = error.message, ""
    elif isinstance(error, OSError) and error.errno == 28:
        message = f"The disk is full ({error.filename or 'data folder'}). Free some space, then resume the job."
    else:
        message = f"Unexpected {type(error).__name__}: {error}. The log has the traceback; resume the job to try again."
    ran_on = machine.described()
    try:
        with session() as db:
            is_final = isinstance(error, RondoError) and error.is_final
            job = transitions.fail(db, job_id, attempt, error=message, traceback=trace, is_final=is_final)
            job.machine = ran_on
            if isinstance(error, EmptySelection) and job.round_id is not None:
                give_back(db, job.round_id, job.step)
                telling.of_round(db, job.round_id, job_id, attempt)
    except Cancelled:
        return 0
    return 1
