"""What learned from what, in a round with two trainings, three datasets and a mixer that drops a row."""

from dataclasses import dataclass

import pytest

from backend.db import now, reading, session, tables
from backend.jobs import transitions
from backend.recipes import Recipe, Step
from backend.recipes import _parts as parts
from backend.services import checkpoints, datasets
from backend.services.access import Actor
from backend.services.checkpoints import trainings
from backend.services.datasets import descent
from backend.services.samples import detail
from backend.values import SCORER, DatasetType, JobStatus, RoundStatus, Stage
from tests import rows

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
PAIRS, SCORER_STEP, GOOD, FEWER, POLICY_STEP = 3, 4, 5, 6, 7
RECIPE = Recipe(
    name="two_trainings",
    title="Two trainings",
    steps=(
        parts.PromptSet(),
        parts.Sample(n=2),
        parts.ExactMatch(),
        parts.BestVersusWorst(),
        Step(parts.RewardModel(), name="scorer"),
        parts.AboveThreshold(),
        parts.Deduplicate(),
        parts.SFT(),
    ),
)


@dataclass
class Round:
    actor: Actor
    row: tables.Round
    samples: list[tables.Sample]
    datasets: dict[int, int]
    scorer: int
    policy: int
    jobs: dict[int, int]


@pytest.fixture
def round_(database: str) -> Round:
    """Samples 0 and 1 are a pair, which the scorer learned from; 0 and 2 were selected, and the mixer dropped 2."""
    project = rows.make_project()
    base = rows.make_checkpoint(project, "base")
    scorer = rows.make_checkpoint(project, "scorer", parent=base, kind=SCORER)
    policy = rows.make_checkpoint(project, "policy", parent=base)
    prompts = rows.make_prompt_set(project, prompts=["a", "b"])
    recipe = RECIPE.model_dump(mode="json")
    row = rows.make_round(
        project, base, sets=[prompts], recipe=recipe, status=RoundStatus.done, checkpoint_id=policy.id
    )
    samples = rows.make_samples(row, prompts, scores=[1.0, 0.0])
    first, second, third = samples[:3]
    record, other = ({"prompt_id": it.prompt_id, "sample_id": it.id} for it in (first, third))
    kinds = (DatasetType.preference, DatasetType.prompt_completion, DatasetType.prompt_completion)
    held = ([record | {"rejected_id": second.id}], [record, other], [record])
    frozen = {
        step: rows.make_dataset(row, kind, some, step=step).id
        for step, kind, some in zip((PAIRS, GOOD, FEWER), kinds, held, strict=True)
    }
    jobs = {}
    with session() as db:
        db.add(tables.RoundRole(round_id=row.id, role="scorer", step=SCORER_STEP, checkpoint_id=scorer.id))
        for step in (SCORER_STEP, POLICY_STEP):
            job = transitions.enqueue(db, stage=Stage.train, project_id=project.id, round_id=row.id, step=step)
            job.status, job.active_key, job.started_at, job.finished_at = JobStatus.done, None, now(), now()
            db.flush()
            jobs[step] = job.id
    return Round(rows.make_actor(project), row, samples, frozen, scorer.id, policy.id, jobs)


def test_each_training_read_its_own_dataset_and_made_its_own_checkpoint(round_: Round) -> None:
    with reading() as db:
        result = trainings.of_rounds(db, [round_.row.id])
    assert [(training.step, training.dataset_id, training.checkpoint_id) for training in result] == [
        (SCORER_STEP, round_.datasets[PAIRS], round_.scorer),
        (POLICY_STEP, round_.datasets[FEWER], round_.policy),
    ]


def test_a_sample_that_a_mixer_dropped_trained_nothing(round_: Round) -> None:
    first, second, third = (detail.detail(round_.actor, sample.id).trained for sample in round_.samples[:3])
    assert [(training_use.dataset_id, training_use.use, training_use.checkpoint) for training_use in first] == [
        (round_.datasets[PAIRS], "chosen", "scorer"),
        (round_.datasets[FEWER], "kept", "policy"),
    ]
    assert [(training_use.use, training_use.checkpoint) for training_use in second] == [("rejected", "scorer")]
    assert third == ()


def test_a_dataset_says_what_was_trained_on_it(round_: Round) -> None:
    dataset_views = {
        dataset_view.id: dataset_view for dataset_view in datasets.list_datasets(round_.actor, round_.row.project_id)
    }
    replies = {
        step: (dataset_views[id_].checkpoint, dataset_views[id_].is_read) for step, id_ in round_.datasets.items()
    }
    assert replies == {PAIRS: ("scorer", True), GOOD: (None, False), FEWER: ("policy", True)}
    assert datasets.get(round_.actor, round_.datasets[PAIRS]).view.checkpoint_id == round_.scorer


def test_a_checkpoint_says_what_it_was_trained_on_and_in_which_job(round_: Round) -> None:
    policy, scorer = (checkpoints.detail(round_.actor, entry) for entry in (round_.policy, round_.scorer))
    assert (policy.dataset_id, policy.job_id) == (round_.datasets[FEWER], round_.jobs[POLICY_STEP])
    assert (scorer.dataset_id, scorer.job_id) == (round_.datasets[PAIRS], round_.jobs[SCORER_STEP])


def test_who_learned_from_a_sample(round_: Round) -> None:
    with reading() as db:
        _, of_rejected = descent.datasets(db, [round_.samples[1].id])
        held, of_dropped = descent.datasets(db, [round_.samples[2].id])
        _, of_both = descent.datasets(db, [round_.samples[0].id])
    assert (of_rejected, of_dropped, of_both) == ({round_.scorer}, set(), {round_.scorer, round_.policy})
    assert [entry.dataset_id for entry in held] == [round_.datasets[GOOD]]


def test_of_a_recipe_whose_parts_are_gone_the_newest_rows_made_the_policy(round_: Round) -> None:
    with session() as db:
        row = db.get_one(tables.Round, round_.row.id)
        row.recipe = row.recipe | {"steps": [{"kind": "trainer", "part": {"name": "of_a_plugin"}}]}
    result = {
        dataset_view.id: dataset_view.checkpoint
        for dataset_view in datasets.list_datasets(round_.actor, round_.row.project_id)
    }
    assert [result[id_] for id_ in round_.datasets.values()] == [None, None, "policy"]
