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
def made(database: str) -> Round:
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
    one, other = ({"prompt_id": it.prompt_id, "sample_id": it.id} for it in (first, third))
    kinds = (DatasetType.preference, DatasetType.prompt_completion, DatasetType.prompt_completion)
    held = ([one | {"rejected_id": second.id}], [one, other], [one])
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


def test_each_training_read_its_own_dataset_and_made_its_own_checkpoint(made: Round) -> None:
    with reading() as db:
        found = trainings.of_rounds(db, [made.row.id])
    assert [(one.step, one.dataset_id, one.checkpoint_id) for one in found] == [
        (SCORER_STEP, made.datasets[PAIRS], made.scorer),
        (POLICY_STEP, made.datasets[FEWER], made.policy),
    ]


def test_a_sample_that_a_mixer_dropped_trained_nothing(made: Round) -> None:
    first, second, third = (detail.detail(made.actor, one.id).trained for one in made.samples[:3])
    assert [(one.dataset_id, one.use, one.checkpoint) for one in first] == [
        (made.datasets[PAIRS], "chosen", "scorer"),
        (made.datasets[FEWER], "kept", "policy"),
    ]
    assert [(one.use, one.checkpoint) for one in second] == [("rejected", "scorer")]
    assert third == ()


def test_a_dataset_says_what_was_trained_on_it(made: Round) -> None:
    found = {one.id: one for one in datasets.list_datasets(made.actor, made.row.project_id)}
    said = {step: (found[id_].checkpoint, found[id_].is_read) for step, id_ in made.datasets.items()}
    assert said == {PAIRS: ("scorer", True), GOOD: (None, False), FEWER: ("policy", True)}
    assert datasets.get(made.actor, made.datasets[PAIRS]).view.checkpoint_id == made.scorer


def test_a_checkpoint_says_what_it_was_trained_on_and_in_which_job(made: Round) -> None:
    policy, scorer = (checkpoints.detail(made.actor, one) for one in (made.policy, made.scorer))
    assert (policy.dataset_id, policy.job_id) == (made.datasets[FEWER], made.jobs[POLICY_STEP])
    assert (scorer.dataset_id, scorer.job_id) == (made.datasets[PAIRS], made.jobs[SCORER_STEP])


def test_who_learned_from_a_sample(made: Round) -> None:
    with reading() as db:
        _, of_rejected = descent.datasets(db, [made.samples[1].id])
        held, of_dropped = descent.datasets(db, [made.samples[2].id])
        _, of_both = descent.datasets(db, [made.samples[0].id])
    assert (of_rejected, of_dropped, of_both) == ({made.scorer}, set(), {made.scorer, made.policy})
    assert [one.dataset_id for one in held] == [made.datasets[GOOD]]


def test_of_a_recipe_whose_parts_are_gone_the_newest_rows_made_the_policy(made: Round) -> None:
    with session() as db:
        row = db.get_one(tables.Round, made.row.id)
        row.recipe = row.recipe | {"steps": [{"kind": "trainer", "part": {"name": "of_a_plugin"}}]}
    found = {one.id: one.checkpoint for one in datasets.list_datasets(made.actor, made.row.project_id)}
    assert [found[id_] for id_ in made.datasets.values()] == [None, None, "policy"]
