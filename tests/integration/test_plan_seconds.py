"""How long a round is said to take: by the project's newest jobs; the demo's first round by its known pace."""

from datetime import timedelta
from typing import Any

import pytest

from backend import demo, recipes
from backend.db import now, session, tables
from backend.services import rounds
from backend.values import JobStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def job(
    round_: tables.Round,
    stage: Stage,
    *,
    seconds: float,
    units: int,
    status: JobStatus = JobStatus.done,
    **columns: Any,
) -> None:
    at = now()
    with session() as db:
        db.add(
            tables.Job(
                project_id=round_.project_id,
                round_id=round_.id,
                workflow_id=f"{round_.id}-{stage}-{seconds}-{status}",
                stage=stage,
                queue="generate",
                status=status,
                total=units,
                started_at=at - timedelta(seconds=seconds),
                finished_at=at,
                **columns,
            )
        )


LOCAL = {"name": "transformers", "model": "models/base"}


def base(project: tables.Project) -> tables.Checkpoint:
    return rows.make_checkpoint(project, engine=LOCAL)


def estimated_seconds(project: tables.Project, **changes: Any) -> float | None:
    actor = rows.make_actor(project)
    plan = rounds.defaults(actor, project.id)
    recipe = plan.recipe | {"trainer": plan.recipe["trainer"] | {"max_steps": 15}}
    recipe["generator"] = recipe["generator"] | {"n": 8}
    return estimated(project, recipe, **changes).seconds


def estimated(project: tables.Project, recipe: dict[str, Any], **changes: Any) -> rounds.PlanEstimate:
    actor = rows.make_actor(project)
    plan = rounds.defaults(actor, project.id)
    return rounds.estimate(
        actor, project.id, rounds.Plan(**vars(plan) | {"recipe": recipe, "num_prompts": 10} | changes)
    )


def test_a_round_is_estimated_by_the_newest_jobs_of_the_project() -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, base(project), sets=[rows.make_prompt_set(project, prompts=10)])
    assert estimated_seconds(project) is None
    job(round_, Stage.generate, seconds=9_000, units=1_000)
    job(round_, Stage.generate, seconds=100, units=1_000)
    job(round_, Stage.generate, seconds=7, units=1_000, status=JobStatus.failed)
    job(round_, Stage.judge, seconds=50, units=1_000)
    job(round_, Stage.train, seconds=60, units=30)
    # 80 samples of 0.1 + 0.05 s, 15 steps of 2 s; nothing was measured so far.
    assert estimated_seconds(project) == pytest.approx(12 + 30, abs=0.01)
    job(round_, Stage.evaluate, seconds=20, units=400)
    assert estimated_seconds(project) == pytest.approx(12 + 30 + 20, abs=0.01)


def test_the_demos_first_round_is_estimated_by_the_demos_pace() -> None:
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=10)
    rows.make_checkpoint(project, "base", location=demo.LOCATION, engine=LOCAL)
    sample, judgment, step, measuring, _ = demo.PACE
    assert estimated_seconds(project) == pytest.approx(80 * (sample + judgment) + 15 * step + measuring)


def test_the_time_follows_the_tokens_that_a_sample_may_have() -> None:
    """100 s for 1,000 samples of 10 tokens: 80 samples take 8 s again, 4 s if cut off at 5 tokens, 80 s at 100."""
    project = rows.make_project()
    sets = [rows.make_prompt_set(project, prompts=10)]
    round_ = rows.make_round(project, base(project), sets=sets, counts={"samples": 1_000, "tokens": 10_000})
    job(round_, Stage.generate, seconds=100, units=1_000)
    job(round_, Stage.judge, seconds=0, units=1_000)
    job(round_, Stage.train, seconds=0, units=30)
    recipe = rounds.defaults(rows.make_actor(project), project.id).recipe
    for most, likely, at_most in ((5, 4, 4), (10, 8, 8), (100, 8, 80), (3_000, 8, 2_400)):
        changed = recipe | {"generator": recipe["generator"] | {"n": 8, "max_tokens": most}}
        estimate = estimated(project, changed)
        assert (estimate.seconds, estimate.seconds_at_most) == (pytest.approx(likely), pytest.approx(at_most)), most


def test_another_model_is_not_estimated_by_this_ones_jobs() -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, base(project), sets=[rows.make_prompt_set(project, prompts=10)])
    for stage in (Stage.generate, Stage.judge, Stage.train):
        job(round_, stage, seconds=50, units=100)
    child = rows.make_checkpoint(project, parent=checkpoint(round_.policy_id), engine=LOCAL)
    other = base(project)
    assert estimated_seconds(project, policy_id=child.id, reference_id=child.id) is not None
    assert estimated_seconds(project, policy_id=other.id, reference_id=other.id) is None


def checkpoint(checkpoint_id: int) -> tables.Checkpoint:
    with session() as db:
        return db.get_one(tables.Checkpoint, checkpoint_id)


def test_a_judge_is_not_estimated_by_the_jobs_of_another_judge() -> None:
    """1 ms a sample to compare with known answers, 5 s to ask the same model about it: neither tells of the other."""
    project = rows.make_project()
    policy = base(project)
    asking = rows.make_round(project, policy, sets=[rows.make_prompt_set(project, prompts=10)])
    for stage in (Stage.generate, Stage.train):
        job(asking, stage, seconds=0, units=1_000)
    job(asking, Stage.judge, seconds=5_000, units=1_000)
    assert estimated_seconds(project) == pytest.approx(80 * 5)
    plan = rounds.defaults(rows.make_actor(project), project.id)

    def timed(judge: dict[str, Any]) -> float | None:
        recipe = plan.recipe | {"judge": judge, "generator": plan.recipe["generator"] | {"n": 8}}
        return estimated(project, recipe, sample_set_ids=plan.sample_set_ids).seconds

    exact = {"name": "exact_match"}
    comparing = rows.make_round(project, policy, recipe=rows.RECIPE | {"judge": exact})
    assert timed(exact) is None
    job(comparing, Stage.judge, seconds=1, units=1_000)
    assert timed(exact) == pytest.approx(80 * 0.001)
    assert timed(plan.recipe["judge"]) == pytest.approx(80 * 5), "the newest judging is another judge's"
    other = rows.make_round(project, policy, recipe=rows.RECIPE | {"judge": {"name": "written_verdict"}})
    job(other, Stage.judge, seconds=9, units=1_000)
    assert timed(plan.recipe["judge"]) == pytest.approx(80 * 5), "the same model, asked for less, takes another time"


@pytest.mark.parametrize("changed", [{"spec": {"kind": "retry"}}, {"attempt": 2}])
def test_jobs_that_did_a_part_of_a_round_set_no_pace(changed: dict[str, Any]) -> None:
    """Trying 10 again takes the start of a process; a resumed job counts all units, and the seconds of its last part."""
    project = rows.make_project()
    round_ = rows.make_round(project, base(project), sets=[rows.make_prompt_set(project, prompts=10)])
    job(round_, Stage.generate, seconds=100, units=1_000)
    job(round_, Stage.judge, seconds=50, units=1_000)
    job(round_, Stage.train, seconds=60, units=30)
    for stage in (Stage.generate, Stage.judge, Stage.train, Stage.evaluate):
        job(round_, stage, seconds=70, units=10, **changed)
    assert estimated_seconds(project) == pytest.approx(12 + 30, abs=0.01)


def test_a_round_of_steps_is_estimated_step_by_step() -> None:
    """STaR on 10 prompts: 10 first tries at 0.1 s, at most 10 hinted ones at 0.3 s, 15 optimizer steps at 2 s."""
    project = rows.make_project()
    sets = [rows.make_prompt_set(project, prompts=10, answers=["7"] * 10)]
    star = recipes.get("star").with_changes({"trainer": {"max_steps": 15}}).model_dump(mode="json")
    round_ = rows.make_round(project, base(project), sets=sets, recipe=star)
    assert estimated(project, star).seconds is None
    job(round_, Stage.generate, seconds=50, units=500, step=1)
    job(round_, Stage.generate, seconds=30, units=100, step=5)
    assert estimated(project, star).seconds is None, "its training was never measured"
    job(round_, Stage.train, seconds=60, units=30, step=8)
    assert estimated(project, star).seconds == pytest.approx(1 + 3 + 30, abs=0.01)
    job(round_, Stage.judge, seconds=5, units=50, step=2)
    job(round_, Stage.evaluate, seconds=20, units=400, step=9)
    assert estimated(project, star).seconds == pytest.approx(1 + 3 + 30 + 10 * 0.1 + 20, abs=0.01)
    # Another model takes another time, and a judge that asks one is not told by the texts.
    other = base(project)
    assert estimated(project, star, policy_id=other.id, reference_id=other.id).seconds is None


def test_a_first_round_of_steps_is_estimated_by_rounds_of_slots() -> None:
    """100 s for 1,000 samples of 10 tokens: at full length, 512, a sample takes 5.12 s instead of 0.1."""
    project = rows.make_project()
    sets = [rows.make_prompt_set(project, prompts=10, answers=["7"] * 10)]
    round_ = rows.make_round(project, base(project), sets=sets, counts={"samples": 1_000, "tokens": 10_000})
    job(round_, Stage.generate, seconds=100, units=1_000)
    job(round_, Stage.train, seconds=60, units=30)
    star = recipes.get("star").with_changes({"trainer": {"max_steps": 15}}).model_dump(mode="json")
    estimate = estimated(project, star)
    assert estimate.seconds == pytest.approx(20 * 0.1 + 30)
    assert estimate.seconds_at_most == pytest.approx(20 * 5.12 + 30)
    rubric = recipes.get("meta_rewarding").model_dump(mode="json")
    assert estimated(project, rubric).seconds is None, "its judges were never measured"
