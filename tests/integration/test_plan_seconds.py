"""How long a round is said to take: by the project's newest jobs; the demo's first round by its known pace."""

from datetime import timedelta
from typing import Any

import pytest

from backend import demo
from backend.db import now, session, tables
from backend.services import rounds
from backend.values import JobStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def job(round_: tables.Round, stage: Stage, *, seconds: float, units: int, status: JobStatus = JobStatus.done) -> None:
    at = now()
    with session() as db:
        db.add(
            tables.Job(
                project_id=round_.project_id, round_id=round_.id, workflow_id=f"{stage}-{seconds}-{status}",
                stage=stage, queue="generate", status=status, total=units, started_at=at - timedelta(seconds=seconds),
                finished_at=at,
            )
        )  # fmt: skip


def said(project: tables.Project, **changes: Any) -> float | None:
    actor = rows.make_actor(project)
    plan = rounds.defaults(actor, project.id)
    recipe = plan.recipe | {"trainer": plan.recipe["trainer"] | {"max_steps": 15}}
    recipe["generator"] = recipe["generator"] | {"n": 8}
    return rounds.estimate(
        actor, project.id, rounds.Plan(**vars(plan) | {"recipe": recipe, "num_prompts": 10} | changes)
    ).seconds


def test_a_round_is_estimated_by_the_newest_jobs_of_the_project() -> None:
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=10)
    round_ = rows.make_round(project)
    assert said(project) is None
    job(round_, Stage.generate, seconds=9_000, units=1_000)
    job(round_, Stage.generate, seconds=100, units=1_000)
    job(round_, Stage.generate, seconds=7, units=1_000, status=JobStatus.failed)
    job(round_, Stage.judge, seconds=50, units=1_000)
    job(round_, Stage.train, seconds=60, units=30)
    # 80 samples of 0.1 + 0.05 s, 15 steps of 2 s; nothing was measured so far.
    assert said(project) == pytest.approx(12 + 30, abs=0.01)
    job(round_, Stage.evaluate, seconds=20, units=400)
    assert said(project) == pytest.approx(12 + 30 + 20, abs=0.01)


def test_the_demos_first_round_is_estimated_by_the_demos_pace() -> None:
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=10)
    rows.make_checkpoint(project, "base", location=demo.LOCATION, engine={"name": "transformers"})
    sample, judgment, step, measuring, _ = demo.PACE
    assert said(project) == pytest.approx(80 * (sample + judgment) + 15 * step + measuring)
