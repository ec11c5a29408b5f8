"""A project with a scripted policy for tests of rounds: launching, running, dying, and what a round made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.jobs import transitions
from backend.pipeline import rows as dataset_rows
from backend.pipeline import run as pipeline_run
from backend.pipeline import stage as pipeline_stage
from backend.recipes import Recipe
from backend.services import rounds
from backend.services.access import Actor
from backend.values import RoundStatus, Split, Stage
from tests.integration.trainers.training import KNOBS
from tests.rows import make_actor, make_checkpoint, make_project, make_prompt_set
from tests.tiny import make_tiny_model

TRAINING = KNOBS | {"max_steps": 2, "max_length": 1024}
RIGHT = {"prompt a": "4", "prompt b": "5", "prompt c": "6", "prompt d": "7", "prompt e": "8"}
SOLVER = {
    "name": "scripted",
    "rules": [
        {"pattern": "The right answer is", "reply": ("#### 5", "#### 6", "#### 7", "#### 8")},
        {"pattern": "prompt a", "reply": "#### 4"},
        {"pattern": "prompt", "reply": ("#### 4", "I give up")},
    ],
}
JUDGE = {
    "name": "scripted",
    "rules": [
        {"pattern": "comparing two judgments", "reply": ("Winner: A", "Winner: B", "Winner: B", "no idea")},
        {"pattern": "grading an answer", "reply": ("poor\nScore: 1", "fair\nScore: 3", "good\nScore: 5", "hm")},
        {"pattern": "prompt", "reply": ("short", "a longer answer", "quite a long answer", "an answer")},
    ],
}


class Killed(BaseException):
    """Stands for the process's death: nothing catches it."""


class Loop:
    """A project with a scripted policy that descends from a tiny model, and a way to run its jobs here and now."""

    def __init__(
        self, recipe: Recipe, engine: dict[str, Any], folder: Path, right: Mapping[str, str] = MappingProxyType(RIGHT)
    ) -> None:
        """right: the prompts with their answers."""
        self.recipe = recipe
        self.project = make_project()
        self.actor: Actor = make_actor(self.project)
        self.base = make_checkpoint(self.project, engine={"name": "transformers", "model": str(folder)})
        self.policy = make_checkpoint(self.project, parent=self.base, engine=engine)
        self.prompts = make_prompt_set(self.project, prompts=list(right), answers=list(right.values()))

    def launch(self, **plan: Any) -> int:
        return rounds.launch(
            self.actor,
            self.project.id,
            rounds.Plan(
                recipe=self.recipe.model_dump(mode="json"),
                policy_id=self.policy.id,
                reference_id=self.base.id,
                sample_set_ids=(self.prompts.id,),
                **{"num_prompts": 10, "is_reviewed": False, "seed": 3} | plan,
            ),
        )

    def run(self, round_id: int, *, trains: bool = False) -> tables.Round:
        """Run the round's jobs, each again for as often as it dies, until none is left or the training is next."""
        while (job := self.waiting(round_id)) is not None and (trains or job.stage is not Stage.train):
            attempt = transitions.start(job.id, job.workflow_id, "here")
            assert attempt is not None
            try:
                pipeline_run.run_job(job.id, attempt)
            except Killed:
                assert transitions.take_over(job.id, job.workflow_id, lost=False)
        with reading() as db:
            return db.get_one(tables.Round, round_id)

    @staticmethod
    def waiting(round_id: int) -> tables.Job | None:
        with reading() as db:
            return db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one_or_none()


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let the pipeline die once in each of its transactions, before it stands; yields how often it died."""
    kills, is_spared = [0], [False]

    @contextmanager
    def mortal() -> Iterator[Session]:
        with session() as db:
            yield db
            is_spared[0] = not is_spared[0]
            if is_spared[0]:
                kills[0] += 1
                raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(pipeline_stage, "session", mortal)
        patched.setattr(pipeline_run, "session", mortal)
        yield kills


def rows_of_round(round_id: int) -> dict[str, Any]:
    """Everything a round made but ids and times."""
    group, sample, label, judgment = tables.Group, tables.Sample, tables.Label, tables.Judgment
    with reading() as db:
        texts = db.execute(
            select(
                group.step,
                group.position,
                group.messages,
                group.is_stripped,
                sample.step,
                sample.role,
                sample.position,
                sample.text,
                label.score,
                label.verdict,
                label.machine_score,
            )
            .select_from(group)
            .outerjoin(sample, sample.group_id == group.id)
            .outerjoin(label, label.sample_id == sample.id)
            .where(group.round_id == round_id, group.split == Split.train)
            .order_by(group.step, group.position, sample.step, sample.position)
        ).all()
        records = db.execute(
            select(
                judgment.step,
                group.step,
                group.position,
                sample.position,
                judgment.position,
                judgment.score,
                judgment.verdict,
                judgment.rationale,
                judgment.seed,
            )
            .join(sample, sample.id == judgment.sample_id)
            .join(group, group.id == sample.group_id)
            .where(judgment.round_id == round_id)
            .order_by(judgment.step, group.step, group.position, sample.position, judgment.position)
        ).all()
        datasets = db.scalars(
            select(tables.Dataset).where(tables.Dataset.round_id == round_id).order_by(tables.Dataset.step)
        ).all()
        rows = {dataset.step: list(dataset_rows.iterate(db, dataset.id)) for dataset in datasets}
        kept = {dataset.step: (dataset.content_hash, dataset.num_examples) for dataset in datasets}
        steps = {
            step: entry["groups"] and len(entry["groups"])
            for step, entry in db.get_one(tables.Round, round_id).steps.items()
        }
    return {
        "texts": list(map(tuple, texts)),
        "said": list(map(tuple, records)),
        "rows": rows,
        "kept": kept,
        "steps": steps,
    }


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def star() -> Recipe:
    changes = {"trainer": TRAINING, "first": {"temperature": 1.0}, "hinted": {"temperature": 1.0}}
    return recipes.get("star").with_changes(changes | {"groups_per_batch": 2, "metrics": [], "unparsed_limit": 1.0})


def meta_rewarding() -> Recipe:
    changes = {
        "answers": {"n": 3},
        "judgments": {"n": 3},
        "trainer": TRAINING | {"start": "base"},
        "groups_per_batch": 4,
        "metrics": [],
    }
    return recipes.get("meta_rewarding").with_changes(changes)


def both(loop: Loop, monkeypatch: pytest.MonkeyPatch, *, trains: bool) -> tuple[tables.Round, dict[str, Any]]:
    """Run the recipe undisturbed, then once more while it dies in each of its transactions; both make the same."""
    first = loop.launch()
    undisturbed = loop.run(first, trains=trains)
    assert undisturbed.status is (RoundStatus.done if trains else RoundStatus.running), undisturbed.error
    second = loop.launch()
    with dying(monkeypatch) as kills:
        disturbed = loop.run(second, trains=trains)
    assert (disturbed.status, disturbed.error) == (undisturbed.status, None)
    assert kills[0] > 10
    result = rows_of_round(first)
    assert rows_of_round(second) == result
    assert disturbed.counts == undisturbed.counts
    with reading() as db:
        names = list(db.scalars(select(tables.Checkpoint.name).order_by(tables.Checkpoint.id)))
    assert names[2:] == (["round-1", "round-2"] if trains else []), "each round trained once"
    return undisturbed, result


def of_steps(*steps: Any, **more: Any) -> Recipe:
    return Recipe(name="x", title="X", steps=steps, groups_per_batch=2, **more)
