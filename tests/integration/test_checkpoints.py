"""Checkpoints: lineage, who made them, their names, deleting, trying a prompt."""

import pytest

from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import checkpoints
from backend.services.checkpoints import trials
from backend.values import DatasetType, DecisionKind, JobStatus, Role, RoundStatus, Sampling, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def test_the_tree_lists_children_under_their_parent_with_every_metric() -> None:
    project = rows.make_project()
    base = rows.make_checkpoint(project, "base")
    left = rows.make_checkpoint(project, "left", parent=base)
    right = rows.make_checkpoint(project, "right", parent=base)
    rows.make_checkpoint(project, "left-2", parent=left)
    round_ = rows.make_round(project, base, status=RoundStatus.done, checkpoint_id=right.id)
    with session() as db:
        for name, value in (("held_out_accuracy", 0.6), ("pass_at_8", 0.9)):
            columns = {"low": value - 0.1, "high": value + 0.1, "n": 40, "checkpoint_id": right.id, "name": name}
            db.add(tables.Metric(project_id=project.id, round_id=round_.id, value=value, **columns))
    tree = checkpoints.tree(rows.make_actor(project, Role.viewer), project.id)
    assert [(row.name, row.depth) for row in tree] == [("base", 0), ("left", 1), ("left-2", 2), ("right", 1)]
    assert tree[3].round_number == 1
    assert tree[3].metrics["pass_at_8"] == checkpoints.MetricNumber(0.9, 0.8, 1.0, 40)
    assert tree[0].metrics == {}


def test_the_detail_says_who_and_what_made_it_back_to_the_base() -> None:
    project = rows.make_project()
    actor, ada = rows.make_actor(project), rows.make_user("ada")
    base = rows.make_checkpoint(project, "base")
    first = rows.make_checkpoint(project, "first", parent=base)
    second = rows.make_checkpoint(project, "second", parent=first)
    prompts = rows.make_prompt_set(project)
    round_ = rows.make_round(project, base, status=RoundStatus.done, checkpoint_id=first.id)
    two = rows.make_round(project, first, status=RoundStatus.done, checkpoint_id=second.id, parent_id=round_.id)
    decide(ada, rows.make_samples(round_, prompts)[:3], overrides=1)
    decide(ada, rows.make_samples(two, prompts)[:2], retracted=1)
    funnel = [{"stage": "prompts", "count": 3, "dropped": {}}]
    dataset = rows.make_dataset(two, DatasetType.preference, [], funnel=funnel, content_hash="a" * 64)
    with session() as db:
        job = transitions.enqueue(db, stage=Stage.train, project_id=project.id, round_id=two.id)
        job.status, job.active_key, job.last_metrics = JobStatus.done, None, {"loss": 0.5}
        job.started_at = job.finished_at = now()
    detail = checkpoints.detail(actor, second.id)
    assert detail.ancestors == ("first", "base")
    assert (detail.recipe, detail.policy, detail.judge) == (
        "Self-Rewarding Language Models",
        "first",
        "the policy itself",
    )
    assert (detail.dataset_id, detail.funnel, detail.content_hash) == (dataset.id, funnel, "a" * 64)
    assert (detail.job_id, detail.job_seconds, detail.job_metrics) == (job.id, 0.0, {"loss": 0.5})
    records = [(person.round_number, person.person, person.decisions, person.overrides) for person in detail.people]
    assert records == [(2, "ada", 1, 0), (1, "ada", 3, 1)]


def decide(user: tables.User, samples: list[tables.Sample], *, overrides: int = 0, retracted: int = 0) -> None:
    """One accept a sample; the first few override, and the first few are taken back."""
    with session() as db:
        for place, sample in enumerate(samples):
            keys = {"project_id": sample.project_id, "round_id": sample.round_id, "group_id": sample.group_id}
            common = keys | {"sample_id": sample.id, "user_id": user.id}
            accept = tables.Decision(
                client_id=f"{sample.id}", kind=DecisionKind.accept, is_override=place < overrides, **common
            )
            db.add(accept)
            db.flush()
            if place < retracted:
                undo = {"client_id": f"{sample.id} undo", "kind": DecisionKind.retract, "retracts_id": accept.id}
                db.add(tables.Decision(**undo, **common))


def test_the_detail_of_a_registered_one_is_empty_and_hidden_from_strangers() -> None:
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    detail = checkpoints.detail(rows.make_actor(project, Role.viewer), base.id)
    assert (detail.row.round_id, detail.people, detail.funnel, detail.dataset_id) == (None, (), [], None)
    with pytest.raises(NotFound, match=f"There is no checkpoint {base.id}"):
        checkpoints.detail(rows.make_actor(), base.id)


def test_names_are_unique_in_a_project_and_can_change() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    first, _ = rows.make_checkpoint(project, "first"), rows.make_checkpoint(project, "second")
    with pytest.raises(Conflict, match="'second'"):
        checkpoints.rename(actor, first.id, "second")
    checkpoints.rename(actor, first.id, " third ")
    assert [row.name for row in checkpoints.tree(actor, project.id)] == ["third", "second"]


def test_only_an_unused_checkpoint_is_deleted() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    base, unused = rows.make_checkpoint(project, "base"), rows.make_checkpoint(project, "unused")
    rows.make_checkpoint(project, parent=base)
    rows.make_round(project, base)
    with pytest.raises(Conflict, match="used by rounds, other checkpoints"):
        checkpoints.delete(actor, base.id)
    checkpoints.delete(actor, unused.id)
    assert "unused" not in [row.name for row in checkpoints.tree(actor, project.id)]


def test_a_prompt_is_tried_on_two_checkpoints() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    ids = [
        rows.make_checkpoint(project, name, engine={"name": "scripted", "replies": [f"I am {name}."]}).id
        for name in ("one", "two")
    ]
    job_id = checkpoints.try_prompt(actor, ids, "Who are you?", Sampling(temperature=0.0, max_tokens=20, seed=1))
    assert (checkpoints.try_result(actor, job_id).status, checkpoints.try_result(actor, job_id).replies) == (
        "queued",
        (),
    )
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    assert run_job(job_id, transitions.start(job.id, job.workflow_id, "here") or 0) == 0
    trial = checkpoints.try_result(actor, job_id)
    assert trial.is_over
    assert [(reply.checkpoint, reply.text) for reply in trial.replies] == [("one", "I am one."), ("two", "I am two.")]
    assert trials.newest(actor, project.id) == trial
    assert trials.newest(rows.make_actor(project), project.id) is None, "each sees their own last trial"


@pytest.mark.parametrize(
    ("count", "text", "sampling", "message"),
    [
        (0, "hi", Sampling(), "one or two"),
        (3, "hi", Sampling(), "one or two"),
        (1, " ", Sampling(), "empty"),
        (1, "x" * 50_001, Sampling(), "50,000"),
        (1, "hi", Sampling(temperature=9), "temperature"),
        (1, "hi", Sampling(max_tokens=0), "max_tokens"),
        (1, "hi", Sampling(top_p=0), "top_p"),
    ],
)
def test_a_trial_that_cannot_work_is_refused(count: int, text: str, sampling: Sampling, message: str) -> None:
    project = rows.make_project()
    ids = [rows.make_checkpoint(project).id for _ in range(count)]
    with pytest.raises(InvalidInput, match=message):
        checkpoints.try_prompt(rows.make_actor(project), ids, text, sampling)


def test_a_trial_stays_inside_its_project() -> None:
    project, other = rows.make_project(), rows.make_project()
    mine, theirs = rows.make_checkpoint(project), rows.make_checkpoint(other)
    actor = rows.make_actor(project)
    with pytest.raises(NotFound):
        checkpoints.try_prompt(actor, [mine.id, theirs.id], "hi", Sampling())
    with pytest.raises(PermissionDenied):
        checkpoints.try_prompt(rows.make_actor(project, Role.reviewer), [mine.id], "hi", Sampling())
    job_id = checkpoints.try_prompt(actor, [mine.id], "hi", Sampling())
    with pytest.raises(NotFound):
        checkpoints.try_result(rows.make_actor(other), job_id)
