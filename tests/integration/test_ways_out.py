"""What becomes of a round that failed or was cancelled: launched again, selected again, or resumed where that helps."""

import pytest

from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.jobs import refusals, transitions
from backend.services import reviews, rounds
from backend.services.projects import overview
from backend.services.recipes import parts
from backend.services.rounds import job_views as job_service
from backend.services.rounds import reselect
from backend.values import DatasetType, JobStatus, Role, RoundStatus, Split, Stage
from tests import rows
from tests.integration.stepped import Stepped

pytestmark = pytest.mark.usefixtures("database")


def stopped_round(status: RoundStatus = RoundStatus.failed, **columns: object) -> tuple[tables.Project, tables.Round]:
    """A round that was judged and stopped while selecting."""
    project = rows.make_project()
    engine = {"engine": {"name": "transformers", "model": "models/base"}}
    base = rows.make_checkpoint(project, **engine)
    sets = {"sets": [rows.make_prompt_set(project)], "held_out": [rows.make_prompt_set(project, split=Split.held_out)]}
    round_ = rows.make_round(project, base, **sets, status=status, stage=Stage.select, **columns)  # type: ignore[arg-type]
    with session() as db:
        for stage, how in ((Stage.judge, JobStatus.done), (Stage.select, JobStatus.failed)):
            job = jobs.enqueue(db, stage=stage, project_id=project.id, round_id=round_.id)
            job.status, job.active_key = how, None
            db.flush()
    return project, round_


def job_of(round_: tables.Round) -> tables.Job:
    with reading() as db:
        return db.query(tables.Job).filter_by(round_id=round_.id).order_by(tables.Job.id.desc()).first()


@pytest.mark.parametrize("status", [RoundStatus.failed, RoundStatus.cancelled])
def test_a_stopped_round_selects_again_with_another_threshold(status: RoundStatus) -> None:
    project, round_ = stopped_round(status, error="nothing was kept")
    actor = rows.make_actor(project)
    offered = reselect.stopped(actor, round_.id, job_id=job_of(round_).id)
    assert offered is not None
    assert offered.selector == rows.RECIPE["selector"]
    job_id = reselect.reselect(actor, round_.id, {"min_gap": 0.25})
    round_view = rounds.get(actor, round_.id)
    assert (round_view.status, round_view.stage, round_view.error) == (RoundStatus.running, Stage.select, None)
    assert round_view.recipe["selector"]["min_gap"] == 0.25
    assert job_service.get(actor, job_id).job.stage is Stage.select
    with reading() as db:
        event = db.query(tables.Event).filter_by(verb="select again").one()
    assert event.details["before"].get("min_gap", 0.0) != event.details["after"]["min_gap"] == 0.25


def test_a_dataset_that_nothing_was_trained_on_is_made_anew() -> None:
    project, round_ = stopped_round(RoundStatus.cancelled)
    prompts = rows.make_prompt_set(project)
    samples = rows.make_samples(round_, prompts, scores=[1.0])
    example = {"prompt_id": samples[0].prompt_id, "sample_id": samples[0].id}
    rows.make_dataset(round_, DatasetType.prompt_completion, [example])
    reselect.reselect(rows.make_actor(project), round_.id, {})
    with reading() as db:
        assert db.query(tables.Dataset).filter_by(round_id=round_.id).count() == 0
        assert db.query(tables.Sample).filter_by(round_id=round_.id).count() == len(samples)


def test_only_a_round_that_stopped_between_judging_and_a_checkpoint_selects_again() -> None:
    project, round_ = stopped_round()
    actor = rows.make_actor(project)
    with pytest.raises(PermissionDenied):
        reselect.reselect(rows.make_actor(project, Role.reviewer), round_.id, {})
    for broken in ({"min_gap": "high"}, {"no_such_knob": 1}, {"name": "no_such_part"}, {"name": "above_threshold"}):
        with pytest.raises(InvalidInput):
            reselect.reselect(actor, round_.id, broken)
    assert rounds.get(actor, round_.id).status is RoundStatus.failed, "a refused selector changes nothing"
    running = rows.make_round(project, status=RoundStatus.running, stage=Stage.select)
    trained = rows.make_round(project, status=RoundStatus.failed, checkpoint_id=rows.make_checkpoint(project).id)
    unjudged = rows.make_round(project, status=RoundStatus.cancelled, stage=Stage.generate)
    for other in (running, trained, unjudged):
        with pytest.raises(Conflict, match="stopped after judging"):
            reselect.reselect(actor, other.id, {})


def retried(round_: tables.Round, stage: Stage = Stage.judge, how: JobStatus = JobStatus.done) -> tables.Job:
    """What was left out of the round was tried again, after its own jobs."""
    with session() as db:
        job = jobs.enqueue(
            db, stage=stage, project_id=round_.project_id, round_id=round_.id, spec={"kind": refusals.BESIDE}
        )
        job.status, job.active_key = how, None
    return job


def test_trying_again_what_was_left_out_hides_no_way_out() -> None:
    project, round_ = stopped_round()
    actor, own = rows.make_actor(project), job_of(round_)
    beside = retried(round_)
    assert reselect.stopped(actor, round_.id, job_id=own.id) is not None
    assert reselect.stopped(actor, round_.id, job_id=beside.id) is None
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("failed", f"jobs?job={own.id}")
    assert job_service.get(actor, own.id).job.can_retry
    with session() as db:
        db.get_one(tables.Round, round_.id).status = RoundStatus.cancelled
        db.get_one(tables.Job, own.id).status = JobStatus.cancelled
    action = overview.loop(actor, project.id).next_action
    assert (action.kind, action.target) == ("resume", f"jobs?job={own.id}")


def test_a_round_whose_judging_was_not_finished_does_not_select_again_after_a_retry() -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.failed, stage=Stage.judge)
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.judge, project_id=project.id, round_id=round_.id)
        job.status, job.active_key = JobStatus.failed, None
    retried(round_)
    actor = rows.make_actor(project)
    result = reselect.stopped(actor, round_.id, job_id=job.id)
    assert result is not None
    assert result.selector is None
    with pytest.raises(Conflict, match="stopped after judging"):
        reselect.reselect(actor, round_.id, {})


@pytest.mark.parametrize("how", [JobStatus.failed, JobStatus.cancelled])
def test_a_job_after_which_the_round_went_on_is_not_offered_again(how: JobStatus) -> None:
    project, round_ = stopped_round()
    actor, old = rows.make_actor(project), job_of(round_)
    with session() as db:
        db.get_one(tables.Job, old.id).status = how
    assert (job_service.get(actor, old.id).job.can_resume, job_service.get(actor, old.id).job.can_retry) == (
        how is JobStatus.cancelled,
        how is JobStatus.failed,
    )
    reselect.reselect(actor, round_.id, {})
    beside = retried_later(round_, how)
    for job_id, listed in ((old.id, False), (beside.id, True)):
        job = job_service.get(actor, job_id).job
        assert (job.can_resume or job.can_retry) is listed
        assert job in job_service.list_jobs(actor, project.id)
    with pytest.raises(Conflict, match="The round went on after job"):
        job_service.retry(actor, old.id)


def retried_later(round_: tables.Round, how: JobStatus) -> tables.Job:
    """The round's newest own job ends, and what was left out is tried again."""
    with session() as db:
        db.get_one(tables.Job, job_of(round_).id).active_key = None
    return retried(round_, how=how)


def test_retry_is_offered_only_where_it_may_help() -> None:
    project, round_ = stopped_round()
    actor = rows.make_actor(project)
    with session() as db:
        job = db.get_one(tables.Job, job_of(round_).id)
        job.is_final, job.error = True, "Nothing passed."
    assert not job_service.get(actor, job.id).job.can_retry
    with pytest.raises(Conflict, match="same way"):
        job_service.retry(actor, job.id)
    with session() as db:
        db.get_one(tables.Job, job.id).is_final = False
    assert job_service.get(actor, job.id).job.can_retry
    job_service.retry(actor, job.id)


def test_a_job_that_fails_with_a_final_error_says_so() -> None:
    from backend.pipeline.run import report

    project, _ = stopped_round()
    for number, (error, is_final) in enumerate(((InvalidInput("No prompts."), True), (OSError("disk"), False))):
        other = rows.make_round(project)
        with session() as db:
            job = jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=other.id)
        attempt = transitions.start(job.id, job.workflow_id, f"executor-{number}")
        assert attempt is not None
        report(job.id, attempt, error)
        assert job_of(other).is_final is is_final


def test_launching_again_takes_every_setting_of_the_round() -> None:
    project, round_ = stopped_round(num_prompts=2, seed=41, is_reviewed=True, is_blind=False)
    rows.make_round(project, status=RoundStatus.cancelled, seed=7)
    actor = rows.make_actor(project)
    plan = rounds.again(actor, project.id, round_.id)
    assert (plan.num_prompts, plan.seed, plan.policy_id, plan.is_blind) == (2, 41, round_.policy_id, False)
    assert plan.recipe == rounds.get(actor, round_.id).recipe
    assert rounds.again(actor, project.id).seed == 7, "without an id, the newest round, however it ended"
    launched = rounds.get(actor, rounds.launch(actor, project.id, plan))
    before = rounds.get(actor, round_.id)
    assert launched.recipe == parts.validate(before.recipe)
    for name in ("policy_id", "reference_id", "judge_id", "num_prompts", "seed", "is_reviewed", "is_blind"):
        assert getattr(launched, name) == getattr(before, name), name


@pytest.mark.parametrize(
    ("recipe", "stage", "stopped_at", "selects_at"),
    [
        ("star", Stage.select, 3, 3),
        ("star", Stage.judge, 6, None),  # not all that is to be selected was judged
        ("star", Stage.select, 7, 7),
        ("star", Stage.train, 8, 7),
        ("star", Stage.evaluate, 9, None),
        ("meta_rewarding", Stage.select, 6, 6),
        ("meta_rewarding", Stage.judge, 8, None),
        ("meta_rewarding", Stage.select, 9, 9),
        ("meta_rewarding", Stage.train, 10, 9),
    ],
)
def test_a_round_of_steps_selects_again_where_nothing_was_made_of_it(
    recipe: str, stage: Stage, stopped_at: int, selects_at: int | None
) -> None:
    result = Stepped(recipe, status=RoundStatus.failed, stage=stage, step=stopped_at)
    for n in (1, 3):
        result.stop(Stage.generate, n, JobStatus.done)
    job_id = result.stop(stage, stopped_at)
    offered = reselect.stopped(result.curator, result.round.id, job_id=job_id)
    assert offered is not None
    assert offered.step == selects_at
    if selects_at is None:
        with pytest.raises(Conflict, match="stopped after judging"):
            reselect.reselect(result.curator, result.round.id, {})
        return
    assert offered.selector is not None
    assert offered.selector["name"] in ("above_threshold", "best_versus_worst")


def test_a_round_of_steps_keeps_what_was_selected_before_and_asks_no_step_again() -> None:
    result = Stepped(status=RoundStatus.failed, stage=Stage.select, step=9, phase=1, steps={"2": {"groups": None}})
    result.stop(Stage.select, 9)
    prompt = rows.prompts_of(result.prompts)[0].id
    pair = {"prompt_id": prompt, "sample_id": result.answers[0], "rejected_id": result.answers[1]}
    result.change(steps={"2": {"groups": None}, "7": {"groups": [1]}, "10": {"groups": [1]}})
    for step in (6, 9):
        rows.make_dataset(result.round, DatasetType.preference, [pair], step=step)
    with pytest.raises(InvalidInput):
        reselect.reselect(result.curator, result.round.id, {"name": "above_threshold"})
    with pytest.raises(PermissionDenied):
        reselect.reselect(result.reviewer, result.round.id, {})
    before = rounds.get(result.curator, result.round.id).recipe
    job_id = reselect.reselect(result.curator, result.round.id, {"max_chosen_chars": 50})
    with reading() as db:
        job, row = db.get_one(tables.Job, job_id), db.get_one(tables.Round, result.round.id)
        kept = [dataset.step for dataset in db.query(tables.Dataset).filter_by(round_id=result.round.id)]
        event = db.query(tables.Event).filter_by(verb="select again").one()
    assert (job.stage, job.step, row.stage, row.step, row.status) == (
        Stage.select,
        9,
        Stage.select,
        9,
        RoundStatus.running,
    )
    assert kept == [6]
    assert row.steps == {"2": {"groups": None}, "7": {"groups": [1]}}
    changed = [
        n for n, entry in enumerate(row.recipe["phases"][1]["steps"]) if entry != before["phases"][1]["steps"][n]
    ]
    assert changed == [9]
    assert row.recipe["phases"][1]["steps"][9]["part"]["max_chosen_chars"] == 50
    assert row.recipe["phases"][0] == before["phases"][0]
    assert (event.details["before"]["max_chosen_chars"], event.details["after"]["max_chosen_chars"]) == (1000, 50)


def test_a_reviewed_round_of_steps_that_kept_nothing_selects_again_or_all_anew() -> None:
    result = Stepped(error="nothing was kept")
    job_id = result.stop(Stage.select, 6)
    offered = reselect.stopped(result.curator, result.round.id, job_id=job_id)
    assert offered is not None
    assert offered.step == 6
    prompt = rows.prompts_of(result.prompts)[0].id
    rows.make_dataset(
        result.round, DatasetType.preference, [{"prompt_id": prompt, "sample_id": result.answers[0]}], step=6
    )
    result.change(steps={"2": {"groups": None}, "7": {"groups": [1]}})
    reviews.close(result.curator, result.round.id)
    with reading() as db:
        assert db.query(tables.Dataset).filter_by(round_id=result.round.id).count() == 0
    assert result.row().steps == {"2": {"groups": None}}
