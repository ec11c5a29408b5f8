"""How long a round is said to take: by the project's newest jobs; the demo's first round by its known pace.

A process of a stage takes 4 s to start, of a training 8 s, of one that asks no model 0.5 s (`took.START`).
"""

from datetime import timedelta
from typing import Any

import pytest

from backend import demo, recipes
from backend.db import now, session, tables
from backend.services import rounds
from backend.services.plans.took import START
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


def takes(units: float, *, seconds: float, of: float, start: float, share: float = 1.0) -> float:
    """Of a job that took so many seconds for `of` units, `start` of them before the first: one of other units."""
    return start + (seconds - start) / of * units * share


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
    # 4 s and 80 samples of 0.096 s, 4 s and 80 judgments of 0.046 s, 8 s and 15 steps of 52 / 30 s.
    expected = (4 + 7.68) + (4 + 3.68) + (8 + 26)
    assert estimated_seconds(project) == pytest.approx(expected, abs=0.01)
    job(round_, Stage.evaluate, seconds=20, units=400)
    assert estimated_seconds(project) == pytest.approx(expected + 20, abs=0.01)


def test_two_jobs_of_different_sizes_tell_what_the_start_takes() -> None:
    """30 s for 100 and 120 s for 1,000 samples: 20 s of start, 0.1 s a sample. Jobs that are busier for less do not."""
    project = rows.make_project()
    round_ = rows.make_round(project, base(project), sets=[rows.make_prompt_set(project, prompts=10)])
    for seconds, units in ((30, 100), (120, 1_000)):
        job(round_, Stage.generate, seconds=seconds, units=units)
    job(round_, Stage.judge, seconds=0, units=1_000)
    job(round_, Stage.train, seconds=0, units=30)
    estimate = estimated(project, of_eight(project))
    assert (estimate.seconds, estimate.seconds_at_most) == (pytest.approx(28, abs=0.01), pytest.approx(28, abs=0.01))
    job(round_, Stage.generate, seconds=130, units=100)
    assert estimated(project, of_eight(project)).seconds == pytest.approx(
        takes(80, seconds=130, of=100, start=4), 0.001
    )


@pytest.mark.parametrize("stage", [Stage.generate, Stage.judge, Stage.train])
@pytest.mark.parametrize("start", [0.0, 3.0, 9.0])
@pytest.mark.parametrize("larger", [1, 75])
def test_after_one_round_the_bound_holds_whatever_of_it_was_the_start(stage: Stage, start: float, larger: int) -> None:
    """A first round of 160 samples and 15 steps in 10 s each, and the next as large or 75 times as large."""
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=20 * larger)
    round_ = rows.make_round(project, base(project), sets=[prompts])
    for each, units in ((Stage.generate, 160), (Stage.judge, 160), (Stage.train, 15)):
        job(round_, each, seconds=10 if each is stage else 0, units=units)
    recipe = of_eight(project)
    recipe["trainer"] = recipe["trainer"] | {"max_steps": 15 * larger}
    estimate = estimated(project, recipe, num_prompts=20 * larger)
    assert estimate.seconds_at_most is not None
    assert estimate.seconds_at_most >= start + (10 - start) * larger - 0.01


def test_before_anything_was_measured_a_small_first_round_of_the_demo_counts_the_start_of_its_processes() -> None:
    """40 prompts of 4 samples and 8 steps took 48 s at a load of 3: 27 s on an idle machine, most of it starts."""
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=40)
    rows.make_checkpoint(project, "base", location=demo.LOCATION, engine=LOCAL)
    changes: dict[str, Any] = {"generator": {"n": 4}, "trainer": {"max_steps": 8}}
    recipe = recipes.get("rejection_sampling").with_changes(demo.RECIPE_CHANGES).with_changes(changes)
    estimate = estimated(project, recipe.model_dump(mode="json"), num_prompts=40)
    assert not estimate.is_measured
    assert estimate.seconds is not None
    assert estimate.seconds_at_most is not None
    assert estimate.seconds_at_most > 47 > estimate.seconds > sum(START.values())


def test_the_demos_next_round_is_estimated_by_its_unit_and_the_start_that_is_left() -> None:
    """After 160 samples in 10 s here: 12,000 take 10 s of start and 7 s more, not 75 times as long."""
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=1_500)
    origin = rows.make_checkpoint(project, "base", location=demo.LOCATION, engine=LOCAL)
    policy = rows.make_checkpoint(project, parent=origin, engine=LOCAL)
    recipe = recipes.get("rejection_sampling").with_changes(demo.RECIPE_CHANGES).model_dump(mode="json")
    round_ = rows.make_round(project, policy, recipe=recipe, sets=[prompts])
    for stage, seconds, units in ((Stage.generate, 10, 160), (Stage.judge, 5, 160), (Stage.train, 17, 8)):
        job(round_, stage, seconds=seconds, units=units)
    estimate = estimated(project, recipe, num_prompts=1_500, policy_id=policy.id, reference_id=policy.id)
    assert estimate.is_measured
    assert estimate.seconds == pytest.approx(10 + 5 + 17 + 11_840 * 0.0016 + 242 * 0.22, abs=0.1)


def of_eight(project: tables.Project) -> dict[str, Any]:
    """The project's recipe with 8 samples a prompt and 15 steps."""
    recipe = rounds.defaults(rows.make_actor(project), project.id).recipe
    recipe |= {"trainer": recipe["trainer"] | {"max_steps": 15}}
    return recipe | {"generator": recipe["generator"] | {"n": 8}}


def test_the_demos_first_round_is_estimated_by_the_demos_pace() -> None:
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=10)
    rows.make_checkpoint(project, "base", location=demo.LOCATION, engine=LOCAL)
    units = demo.UNIT_SECONDS
    work = 80 * units[Stage.generate] + 15 * units[Stage.train] + units[Stage.evaluate]
    judging = START[Stage.judge] + 80 * units[Stage.judge] * rows.RECIPE["judge"].get("votes", 1)
    others = START[Stage.generate] + START[Stage.train] + START[Stage.evaluate]
    assert estimated_seconds(project) == pytest.approx(work + judging + others, rel=0.2)


def test_nothing_is_said_of_a_first_round_of_the_demo_that_another_model_judges() -> None:
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=10)
    origin = rows.make_checkpoint(project, "base", location=demo.LOCATION, engine=LOCAL)
    other = rows.make_checkpoint(project, "large", engine=LOCAL)
    assert estimated_seconds(project, judge_id=origin.id) is not None
    assert estimated_seconds(project, judge_id=other.id) is None


def test_the_time_follows_the_tokens_that_a_sample_may_have() -> None:
    """100 s for 1,000 samples of 10 tokens: 80 take half of their time if cut off at 5, ten times as long at 100."""
    project = rows.make_project()
    sets = [rows.make_prompt_set(project, prompts=10)]
    round_ = rows.make_round(project, base(project), sets=sets, counts={"samples": 1_000, "tokens": 10_000})
    job(round_, Stage.generate, seconds=100, units=1_000)
    job(round_, Stage.judge, seconds=0, units=1_000)
    job(round_, Stage.train, seconds=0, units=30)
    recipe = rounds.defaults(rows.make_actor(project), project.id).recipe
    for most, usual, full in ((5, 0.5, 0.5), (10, 1, 1), (100, 1, 10), (3_000, 1, 300)):
        changed = recipe | {"generator": recipe["generator"] | {"n": 8, "max_tokens": most}}
        estimate = estimated(project, changed)
        likely = takes(80, seconds=100, of=1_000, start=4, share=usual)
        at_most = max(takes(80, seconds=100, of=1_000, start=start, share=full) for start in (0, 12))
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
    judging = takes(80, seconds=5_000, of=1_000, start=4)
    assert estimated_seconds(project) == pytest.approx(judging)
    plan = rounds.defaults(rows.make_actor(project), project.id)

    def timed(judge: dict[str, Any]) -> float | None:
        recipe = plan.recipe | {"judge": judge, "generator": plan.recipe["generator"] | {"n": 8}}
        return estimated(project, recipe, sample_set_ids=plan.sample_set_ids).seconds

    exact = {"name": "exact_match"}
    comparing = rows.make_round(project, policy, recipe=rows.RECIPE | {"judge": exact})
    assert timed(exact) is None
    job(comparing, Stage.judge, seconds=1, units=1_000)
    assert timed(exact) == pytest.approx(takes(80, seconds=1, of=1_000, start=0.5))
    assert timed(plan.recipe["judge"]) == pytest.approx(judging), "the newest judging is another judge's"
    other = rows.make_round(project, policy, recipe=rows.RECIPE | {"judge": {"name": "written_verdict"}})
    job(other, Stage.judge, seconds=9, units=1_000)
    assert timed(plan.recipe["judge"]) == pytest.approx(judging), "the same model, asked for less, takes another time"


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
    assert estimated_seconds(project) == pytest.approx((4 + 7.68) + (4 + 3.68) + (8 + 26), abs=0.01)


def test_a_round_of_steps_is_estimated_step_by_step() -> None:
    """STaR on 10 prompts: 10 first tries, at most 10 hinted ones, 15 optimizer steps, each with its start."""
    project = rows.make_project()
    sets = [rows.make_prompt_set(project, prompts=10, answers=["7"] * 10)]
    star = recipes.get("star").with_changes({"trainer": {"max_steps": 15}}).model_dump(mode="json")
    round_ = rows.make_round(project, base(project), sets=sets, recipe=star)
    assert estimated(project, star).seconds is None
    job(round_, Stage.generate, seconds=50, units=500, step=1)
    job(round_, Stage.generate, seconds=30, units=100, step=5)
    assert estimated(project, star).seconds is None, "its training was never measured"
    job(round_, Stage.train, seconds=60, units=30, step=8)
    tries = takes(10, seconds=50, of=500, start=4) + takes(10, seconds=30, of=100, start=4)
    training = takes(15, seconds=60, of=30, start=8)
    assert estimated(project, star).seconds == pytest.approx(tries + training, abs=0.01)
    job(round_, Stage.judge, seconds=5, units=50, step=2)
    job(round_, Stage.evaluate, seconds=20, units=400, step=9)
    comparing = takes(10, seconds=5, of=50, start=0.5)
    assert estimated(project, star).seconds == pytest.approx(tries + training + comparing + 20, abs=0.01)
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
    tries, training = 2 * takes(10, seconds=100, of=1_000, start=4), takes(15, seconds=60, of=30, start=8)
    assert estimate.seconds == pytest.approx(tries + training)
    at_most = 2 * takes(10, seconds=100, of=1_000, start=12, share=51.2) + takes(15, seconds=60, of=30, start=24)
    assert estimate.seconds_at_most == pytest.approx(at_most)
    rubric = recipes.get("meta_rewarding").model_dump(mode="json")
    assert estimated(project, rubric).seconds is None, "its judges were never measured"
