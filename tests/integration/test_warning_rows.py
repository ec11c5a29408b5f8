"""What rules are given of trainings: the losses that were logged, and how old the rows are that they read."""

from typing import Any

import pytest

from backend import recipes
from backend.db import reading, session, tables
from backend.jobs import JobProgress
from backend.pipeline import losses, warning_evidence
from backend.pipeline.chosen import trained_steps
from backend.pipeline.stage import StageContext
from backend.values import DatasetType, JobStatus, RoundStatus, Stage
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


def test_losses_are_those_of_the_round_and_of_the_one_that_made_its_policy() -> None:
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    made = rows.make_checkpoint(project, parent=base)
    first = rows.make_round(project, base, checkpoint_id=made.id, status=RoundStatus.done)
    second = rows.make_round(project, made, parent_id=first.id)
    trained(first, POINTS)
    trained(second, [(10, 2.0)])
    with reading() as db:
        assert losses.first_of(db, context(second)) == [(10, 2.0)]
        assert losses.before(db, context(second)) == POINTS
        assert losses.before(db, context(first)) == [], "nobody trained the base here"


def test_rows_are_as_old_as_the_rounds_that_wrote_their_texts() -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, "sums")
    line = [rows.make_round(project, sets=[prompts]) for _ in range(3)]
    texts = [rows.make_samples(one, prompts, n=1)[0] for one in line]
    stranger = rows.make_samples(rows.make_round(project, sets=[prompts]), prompts, n=1)[0]
    examples = [{"prompt_id": one.prompt_id, "sample_id": one.id} for one in (*texts, stranger)]
    examples.append({"prompt_id": texts[0].prompt_id, "sample_id": None, "completion": "4", "origin": "mix"})
    with reading() as db:
        (step,) = trained_steps(db, line[2].id)
    rows.make_dataset(line[2], DatasetType.prompt_completion, examples, step=step)
    above = [line[1].id, line[0].id]
    found = [row.age for row in warning_evidence._rows([line[2].id], [line[2].id, *above])]
    assert found == [2, 1, 0, None, None]
    assert {row.age for row in warning_evidence._rows([line[2].id], [])} == {None}
