"""The project with a real model: SmolLM2, its prompts, and a round of three recipes without a browser."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.demo import smollm2
from backend.errors import RondoError
from backend.services import demo, prompts, rounds
from backend.services.access import Actor, require
from backend.services.checkpoints import registration
from backend.values import Role, RoundStatus, Split

NAME = "SmolLM2"
CHECKPOINT = "SmolLM2-135M-Instruct"
FIRST = "rejection_sampling"
HEADER = (
    f"{'recipe':<28} {'seconds':>7} {'samples':>7} {'kept':>5} {'read':>6}  "
    f"{'held out before':<22}  {'held out after':<22}"
)
"""The header of the lines `describe` makes."""


@dataclass(frozen=True)
class RecipeResult:
    """What a round of a recipe gave. Accuracies are (value, low, high, n); `read`: share of judgments with a score."""

    recipe: str
    seconds: float
    samples: int = 0
    kept: int = 0
    read: float | None = None
    before: tuple[float, float, float, int] | None = None
    after: tuple[float, float, float, int] | None = None
    error: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def create(actor: Actor) -> int:
    """Make the model where it is missing, and the project, or finish making it; return its id. Safe to repeat."""
    folder = smollm2.make()
    with session() as db:
        project_id = db.scalar(select(tables.Project.id).where(tables.Project.name == NAME))
        if project_id is None:
            project = tables.Project(name=NAME, description=smollm2.DESCRIPTION, guidelines=smollm2.GUIDELINES)
            db.add(project)
            db.flush()
            project_id = project.id
        require(db, actor, project_id, Role.admin)  # it may be in the trash
    with reading() as db:
        known = select(tables.Checkpoint.id).where(
            tables.Checkpoint.project_id == project_id, tables.Checkpoint.name == CHECKPOINT
        )
        checkpoint_id = db.scalar(known)
    if checkpoint_id is None:
        checkpoint_id = registration.register(actor, project_id, name=CHECKPOINT, location=str(folder / "model"))
        with session() as db:
            row = db.get_one(tables.Checkpoint, checkpoint_id)
            row.engine = row.engine | {"batch_size": smollm2.BATCH_SIZE}
    sets = {split: _prompt_set(actor, project_id, split) for split in (Split.train, Split.held_out)}
    with session() as db:
        project = db.get_one(tables.Project, project_id)
        if not project.defaults:
            project.defaults = {
                "recipe": recipe(FIRST),
                "policy_id": checkpoint_id,
                "reference_id": checkpoint_id,
                "sample_set_ids": [sets[Split.train]],
                "held_out_set_ids": [sets[Split.held_out]],
                "num_prompts": smollm2.NUM_PROMPTS,
                "seed": 1,
                "is_reviewed": True,
                "is_blind": True,
            }
    return project_id


def recipe(name: str) -> dict[str, Any]:
    """The recipe with what makes its round short, as JSON."""
    return recipes.get(name).with_changes(smollm2.RECIPES[name]).model_dump(mode="json")


def _prompt_set(actor: Actor, project_id: int, split: Split) -> int:
    name = "Sums" if split is Split.train else "Sums held out"
    for prompt_set in prompts.list_sets(actor, project_id):
        if prompt_set.name == name:
            return prompt_set.id
    file = smollm2.folder() / "prompts" / f"{split.value}.jsonl"
    return prompts.import_file(actor, project_id, name, file, split=split).sets[0].id


def run_each(
    actor: Actor, project_id: int, *, seed: int = 1, say: Callable[[str], None] = lambda _line: None
) -> list[RecipeResult]:
    """Run a round of each recipe of `smollm2.RECIPES` from the base, one after the other; a worker must be running.

    A round that fails is a line with its reason, and the others go on.
    """
    results: list[RecipeResult] = []
    with reading() as db:
        base = select(tables.Checkpoint.id).where(
            tables.Checkpoint.project_id == project_id, tables.Checkpoint.name == CHECKPOINT
        )
        base_id = db.scalars(base).one()
    for name in smollm2.RECIPES:
        started = time.monotonic()
        try:
            plan = rounds.defaults(actor, project_id)
            changes = {"recipe": recipe(name), "policy_id": base_id, "reference_id": base_id, "seed": seed}
            plan = rounds.Plan(**plan.__dict__ | changes | {"is_reviewed": False, "parent_id": None})
            done = demo.wait(actor, rounds.launch(actor, project_id, plan), RoundStatus.done)
            results.append(_result(name, base_id, done, time.monotonic() - started))
        except RondoError as error:
            results.append(RecipeResult(name, round(time.monotonic() - started, 1), error=error.message))
        say(describe(results[-1]))
    return results


def _result(name: str, base_id: int, done: rounds.RoundView, seconds: float) -> RecipeResult:
    replies = done.counts.get("judgments", 0)
    return RecipeResult(
        recipe=name,
        seconds=round(seconds, 1),
        samples=done.counts.get("samples", 0),
        kept=done.counts.get("kept", 0),
        read=(replies - done.counts.get("unparsed", 0)) / replies if replies else None,
        before=_accuracy(base_id),
        after=_accuracy(done.checkpoint_id),
    )


def _accuracy(checkpoint_id: int | None) -> tuple[float, float, float, int] | None:
    metric = tables.Metric
    with reading() as db:
        query = select(metric).where(metric.checkpoint_id == checkpoint_id, metric.name == "held_out_accuracy")
        measured = db.scalars(query.order_by(metric.id)).first()
    if measured is None or measured.value is None:
        return None
    return measured.value, measured.low or 0.0, measured.high or 0.0, measured.n


def describe(result: RecipeResult) -> str:
    """The result as one line of a table."""
    if result.error:
        return f"{result.recipe:<28} {result.seconds:>7.0f}  failed: {result.error}"
    read = "-" if result.read is None else f"{result.read:.0%}"
    return (
        f"{result.recipe:<28} {result.seconds:>7.0f} {result.samples:>7} {result.kept:>5} {read:>6}  "
        f"{_shown(result.before):<22}  {_shown(result.after):<22}".rstrip()
    )


def _shown(accuracy: tuple[float, float, float, int] | None) -> str:
    if accuracy is None:
        return "-"
    value, low, high, n = accuracy
    return f"{value:.0%} ({low:.0%} to {high:.0%}) of {n}"
