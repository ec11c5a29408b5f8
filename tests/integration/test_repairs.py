"""A sample rewritten by the round's policy in a background job."""

import pytest
from sqlalchemy import select

from app.pages import jobs as page
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TooManyAttempts
from backend.jobs import transitions
from backend.pipeline import repair
from backend.pipeline.run import run_job
from backend.services.checkpoints import trials
from backend.services.reviews import repairs
from backend.services.rounds import job_views
from backend.values import JobStatus, Role, RoundStatus, Stage
from tests import rows
from tests.integration.stepped import Stepped

POLITE = {
    "name": "scripted",
    "rules": [{"pattern": r"sample \d+\.0\nRewrite your last answer\. be polite\n", "reply": "Please: 42"}],
}


def in_review(engine: dict[str, object] = POLITE) -> tuple[tables.Project, tables.Round, list[tables.Sample]]:
    project = rows.make_project()
    policy = rows.make_checkpoint(project, engine=engine)
    prompts = rows.make_prompt_set(project)
    round_ = rows.make_round(project, policy, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    return project, round_, rows.make_samples(round_, prompts)


def run(job_id: int) -> None:
    """What a worker does with the job."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job_id, job.workflow_id, "test")
    assert attempt is not None
    run_job(job_id, attempt)


def test_the_policy_rewrites_by_the_instruction_and_the_original_stays(database: str) -> None:
    project, _, samples = in_review()
    actor = rows.make_actor(project, Role.reviewer)
    job_id = repairs.start(actor, samples[0].id, "  be\npolite ")
    waiting = repairs.get(actor, job_id)
    assert (waiting.status, waiting.text, waiting.is_over, waiting.ahead) == (JobStatus.queued, None, False, 0)
    run(job_id)
    done = repairs.get(actor, job_id)
    assert (done.status, done.text, done.is_over) == (JobStatus.done, "Please: 42", True)
    assert (done.sample_id, done.instruction) == (samples[0].id, "be polite")
    with reading() as db:
        assert db.get_one(tables.Sample, samples[0].id).text == samples[0].text
        assert db.scalars(select(tables.Decision)).all() == []


def test_asking_again_draws_another_seed_and_the_job_before_counts_as_ahead(database: str) -> None:
    project, _, samples = in_review()
    actor = rows.make_actor(project, Role.reviewer)
    first, second = (repairs.start(actor, samples[0].id, "be polite") for _ in range(2))
    assert repairs.get(actor, second).ahead == 1
    with reading() as db:
        seeds = [db.get_one(tables.Job, job_id).spec["seed"] for job_id in (first, second)]
    assert seeds[0] != seeds[1]
    listed = [page.table_row(job)[2] for job in job_views.list_jobs(actor, project.id)]
    assert listed == ["rewrite a sample", "rewrite a sample"]


def test_a_model_that_fails_is_told_in_words(database: str) -> None:
    project, _, samples = in_review()
    actor = rows.make_actor(project, Role.reviewer)
    job_id = repairs.start(actor, samples[1].id, "be polite")
    run(job_id)
    failed = repairs.get(actor, job_id)
    assert (failed.status, failed.text, failed.is_over) == (JobStatus.failed, None, True)
    assert "No rule of the scripted engine matches" in (failed.error or "")


def test_a_repair_is_its_askers_and_no_trial(database: str) -> None:
    project, _, samples = in_review()
    actor, colleague = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    job_id = repairs.start(actor, samples[0].id, "be polite")
    for call in (lambda: repairs.get(colleague, job_id), lambda: repairs.get(actor, job_id + 1)):
        with pytest.raises(NotFound, match="no repair"):
            call()
    assert trials.newest(actor, project.id) is None
    with pytest.raises(NotFound, match="no trial"):
        trials.try_result(actor, job_id)


def test_who_may_not_decide_may_not_repair(database: str) -> None:
    project, round_, samples = in_review()
    with pytest.raises(PermissionDenied):
        repairs.start(rows.make_actor(project, Role.viewer), samples[0].id, "shorter")
    with pytest.raises(NotFound):
        repairs.start(rows.make_actor(rows.make_project(), Role.admin), samples[0].id, "shorter")
    actor = rows.make_actor(project, Role.reviewer)
    with pytest.raises(NotFound, match="no sample"):
        repairs.start(actor, samples[-1].id + 1, "shorter")
    for wrong in (" \n", "x" * 2001):
        with pytest.raises(InvalidInput, match="instruction"):
            repairs.start(actor, samples[0].id, wrong)
    with session() as db:
        db.get_one(tables.Round, round_.id).status = RoundStatus.running
    with pytest.raises(Conflict, match="not in review"):
        repairs.start(actor, samples[0].id, "shorter")


def test_no_rewrite_is_made_of_a_text_that_a_blind_review_hides(database: str) -> None:
    result = Stepped()
    judgment = result.judgments[result.answers[0]][0]
    with pytest.raises(PermissionDenied, match=f"sample {judgment} until"):
        repairs.start(result.reviewer, judgment, "repeat it word for word")
    result.change(is_blind=False)
    with pytest.raises(Conflict, match="not among those that people decide on"):
        repairs.start(result.reviewer, judgment, "repeat it word for word")
    assert repairs.start(result.reviewer, result.answers[0], "shorter")


@pytest.mark.parametrize("is_blind", [True, False])
def test_the_policy_gets_the_hint_only_where_the_reviewer_may_read_it(database: str, *, is_blind: bool) -> None:
    fields = [{"pattern": "The answer is 42", "reply": "hinted"}, {"pattern": ".", "reply": "not hinted"}]
    project, round_, samples = in_review({"name": "scripted", "rules": fields})
    with session() as db:
        db.get_one(tables.Round, round_.id).is_blind = is_blind
        group = db.get_one(tables.Group, samples[0].group_id)
        group.is_stripped, group.messages = True, [{"role": "user", "content": "The answer is 42. 6 * 7?"}]
    for role, text in (
        (Role.reviewer, "not hinted" if is_blind else "hinted"),
        (Role.curator, "hinted"),
    ):
        actor = rows.make_actor(project, role)
        job_id = repairs.start(actor, samples[0].id, "be polite")
        run(job_id)
        assert repairs.get(actor, job_id).text == text


def test_one_person_does_not_fill_the_queue(database: str) -> None:
    project, _, samples = in_review()
    actor, colleague = (rows.make_actor(project, Role.reviewer) for _ in range(2))
    for _ in range(repairs.MAX_WAITING):
        repairs.start(actor, samples[0].id, "shorter")
    with pytest.raises(TooManyAttempts, match="under way"):
        repairs.start(actor, samples[0].id, "shorter")
    repairs.start(colleague, samples[0].id, "shorter")


def test_what_the_policy_is_asked_is_a_talk_about_its_own_answer() -> None:
    asked = repair.messages([{"role": "user", "content": "2+2?"}], "5", "use arithmetic")
    assert [message["role"] for message in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"] == "5"
    assert "use arithmetic" in asked[2]["content"]
