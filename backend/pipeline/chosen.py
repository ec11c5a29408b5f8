"""What goes into a dataset: what a selector chose, the rows of steps and rounds before, and seed rows."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes, values
from backend.db import tables
from backend.errors import MissingPrerequisite
from backend.pipeline import groups as group_values
from backend.pipeline import rows as dataset_rows
from backend.pipeline.stage import StageContext, derive_seed
from backend.values import SetUse


@dataclass
class ChosenRows:
    """What goes into the dataset, by origin, and what fell out. before: the rows of steps before, with their origin."""

    before: list[tuple[str, values.Example]] = field(default_factory=list)
    selected: list[values.Example] = field(default_factory=list)
    earlier: list[values.Example] = field(default_factory=list)
    mix: list[values.Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    unit: str = "samples"
    repeats: int = 0
    """Rows of earlier rounds left out because a newer row says the same."""
    cut: dict[str, Any] | None = None
    """The judge's cut before and after people's decisions moved it; None where the review does not ask for that."""

    def origins(self) -> Iterator[tuple[str, values.Example]]:
        yield from self.before
        for origin in ("selected", "earlier", "mix"):
            for example in getattr(self, origin):
                yield origin, example


def rows_before(stage: StageContext, db: Session) -> list[tuple[str, values.Example]]:
    """The rows of the selectors since the last training, with their origin, in order."""
    if not stage.place.rows:
        return []
    row = tables.Example
    of_step = (tables.Dataset.round_id == stage.round.id, tables.Dataset.step == stage.place.rows[-1])
    query = select(row).join(tables.Dataset).where(*of_step)
    return [(scalar.origin, example_of(scalar)) for scalar in db.scalars(query.order_by(row.position))]


def example_of(row: tables.Example) -> values.Example:
    """A frozen row as a value."""
    return values.Example(
        row.prompt_id,
        row.sample_id,
        row.rejected_id,
        row.label,
        row.weight,
        row.messages,
        row.completion,
        row.rejected,
        row.extra,
    )


def ancestors(db: Session, round_id: int | None) -> list[int]:
    """Ids of these rounds: the one with this id, and those above it, nearest first."""
    ids: list[int] = []
    while round_id is not None:
        ids.append(round_id)
        round_id = db.scalar(select(tables.Round.parent_id).where(tables.Round.id == round_id))
    return ids


def require_rows(db: Session, round_id: int) -> None:
    """Raise `MissingPrerequisite` where the round's rows lie in an archive: reading none would train on less."""
    query = select(tables.Round.number).where(tables.Round.id == round_id, tables.Round.archived_at.is_not(None))
    if (number := db.scalar(query)) is not None:
        raise MissingPrerequisite(
            f"Round {number}, whose rows are wanted here, is archived. Restore it on its page, then press Retry."
        )


def add_earlier(stage: StageContext, db: Session, chosen: ChosenRows, makes: values.DatasetType) -> None:
    """Add what the ancestor rounds selected, unless the same text for the same prompt is there already."""
    limit = stage.recipe.earlier_rounds_limit or None
    seen = {key(row) for row in dataset_rows.resolve(db, [example for _, example in chosen.origins()])}
    for round_id in ancestors(db, stage.round.parent_id)[:limit]:
        require_rows(db, round_id)
        query = (
            select(tables.Example)
            .join(tables.Dataset)
            .join(tables.Prompt, tables.Prompt.id == tables.Example.prompt_id)
            .where(
                group_values.is_no_probe(stage.project_id),
                tables.Dataset.round_id == round_id,
                tables.Dataset.type == makes,
                tables.Dataset.step.in_(trained_steps(db, round_id)),
                tables.Example.origin == "selected",
            )
            .order_by(tables.Dataset.step, tables.Example.position)
        )
        older = [example_of(row) for row in db.scalars(query)]
        for example, row in zip(older, dataset_rows.resolve(db, older), strict=True):
            if key(row) in seen:
                chosen.repeats += 1
            else:
                seen.add(key(row))
                chosen.earlier.append(example)


def trained_steps(db: Session, round_id: int) -> list[int]:
    """The steps whose datasets a training read: the newest before each trainer."""
    round_ = db.get_one(tables.Round, round_id)
    recipe = recipes.read(round_.recipe)
    return [place.rows[-1] for place in recipe.places(round_.phase) if place.step.kind == "trainer" and place.rows]


def key(row: dataset_rows.DatasetRow) -> bytes:
    """What makes two rows the same for training."""
    columns: tuple[Any, ...] = (row.prompt_id, row.messages, row.completion, row.rejected, row.label)
    columns += (row.turns,) if row.turns else ()
    return hashlib.sha256(repr(columns).encode()).digest()


def add_mix(stage: StageContext, db: Session, chosen: ChosenRows) -> None:
    """Add seed rows until they are `mix_share` of the dataset, or all there are."""
    share = stage.recipe.mix_share
    wanted = round(share / (1 - share) * (len(chosen.before) + len(chosen.selected) + len(chosen.earlier)))
    query = select(tables.Prompt.id).where(
        tables.Prompt.prompt_set_id.in_(stage.set_ids(SetUse.mix)),
        tables.Prompt.answer.is_not(None),
        group_values.is_no_probe(stage.project_id),
    )
    ids = list(db.scalars(query.order_by(tables.Prompt.id)))
    random.Random(derive_seed(stage.round.seed, "mix")).shuffle(ids)
    chosen.mix = [values.Example(prompt_id, None) for prompt_id in ids[:wanted]]
