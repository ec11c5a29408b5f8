"""What rules are given of trainings and of the rounds above."""

from typing import Any

import pytest

from backend import recipes
from backend.db import reading, session, tables
from backend.jobs import JobProgress
from backend.pipeline import losses, warning_evidence
from backend.pipeline.stage import StageContext
from backend.values import JobStatus, RoundStatus, Stage, WarningLevel
from tests import rows

pytestmark = pytest.mark.usefixtures("database")
POINTS = [(10, 1.5), (20, 1.2)]


def context(round_: tables.Round) -> StageContext:
    return StageContext(0, 0, round_, recipes.read(round_.recipe), JobProgress(0, 0))


def trained(round_: tables.Round, points: Any) -> None:
    """A training of the round, and an older one that was tried before it."""
    with session() as db:
        for number, values in enumerate(([(10, 9.0)], points)):
            job = tables.Job(
                project_id=round_.project_id,
                round_id=round_.id,
                workflow_id=f"train-{round_.id}-{number}",
                stage=Stage.train,
                queue="train",
                status=JobStatus.done,
            )
            db.add(job)
            db.flush()
            db.add_all(tables.JobPoint(job_id=job.id, name="loss", step=step, value=value) for step, value in values)
            db.add(tables.JobPoint(job_id=job.id, name="grad_norm", step=10, value=3.0))


def taught(**knobs: Any) -> dict[str, Any]:
    """A recipe that trains by SFT with these knobs."""
    return {**rows.RECIPE, "selector": {"name": "above_threshold"}, "trainer": {"name": "sft", **knobs}}


def two_rounds(first: dict[str, Any], second: dict[str, Any]) -> tuple[tables.Round, tables.Round]:
    """A round by one recipe, which trained, and one that goes on from its checkpoint by the other."""
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    checkpoint = rows.make_checkpoint(project, parent=base)
    above = rows.make_round(project, base, checkpoint_id=checkpoint.id, status=RoundStatus.done, recipe=first)
    trained(above, POINTS)
    return above, rows.make_round(project, checkpoint, parent_id=above.id, recipe=second)


def test_losses_are_those_of_the_round_and_of_the_one_that_made_its_policy() -> None:
    first, second = two_rounds(taught(), taught())
    trained(second, [(10, 2.0)])
    with reading() as db:
        assert losses.first_of(db, context(second)) == [(10, 2.0)]
        assert losses.before(db, context(second)) == POINTS
        assert losses.before(db, context(first)) == [], "nobody trained the base here"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (rows.RECIPE, rows.RECIPE),  # DPO's loss begins at ln 2 with each reference
        (taught(num_train_epochs=2.0), taught(num_train_epochs=2.0)),
        (taught(), taught(learning_rate=1e-3)),
        (taught(start="base"), taught(start="base")),
    ],
)
def test_losses_that_do_not_compare_are_left_out(first: dict[str, Any], second: dict[str, Any]) -> None:
    _, below = two_rounds(first, second)
    with reading() as db:
        assert losses.before(db, context(below)) == []


def test_the_nearest_round_above_is_there_even_where_its_rules_left_nothing() -> None:
    project = rows.make_project()
    round_, two = rows.make_round(project), rows.make_round(project)
    with session() as db:
        db.add(
            tables.RoundWarning(
                project_id=project.id,
                round_id=round_.id,
                name="sticky_errors",
                level=WarningLevel.green,
                limit=0.5,
                n=1,
                details={"wrong": {}},
            )
        )
    with reading() as db:
        past_findings = warning_evidence._past(db, [two.id, round_.id])
    assert [(past.number, [*past.findings]) for past in past_findings] == [
        (round_.number, ["sticky_errors"]),
        (two.number, []),
    ]
