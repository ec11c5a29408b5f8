"""What people are shown of a round: the groups that the first step that reads labels works on, and no others."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import Conflict
from backend.prompt_sources import PromptSource


def of_groups(round_: tables.Round) -> ColumnElement[bool] | None:
    """The condition on `groups` for those that are shown; None where there are no others before people decide."""
    if "steps" not in round_.recipe and "phases" not in round_.recipe:
        return None
    recipe = recipes.read(round_.recipe)
    gate, places = recipe.gate(round_.phase), recipe.places(round_.phase)
    if gate is None:
        return None
    place, group = places[gate], tables.Group
    asking = [one for one in places[:gate] if isinstance(one.step.part, PromptSource) and not one.step.part.narrows]
    if place.narrowed is not None:
        kept = round_.steps.get(str(place.narrowed), {}).get("groups") or []
        return and_(group.step == place.source, group.id.in_(kept))
    return group.step == place.source if len(asking) > 1 else None


def of_samples(round_: tables.Round) -> Any | None:
    """The ids of the samples that are shown, as a query; None where all are."""
    condition, sample, group = of_groups(round_), tables.Sample, tables.Group
    if condition is None:
        return None
    return select(sample.id).join(group, group.id == sample.group_id).where(group.round_id == round_.id, condition)


def only_shown(db: Session, round_: tables.Round, sample_ids: Iterable[int]) -> set[int]:
    """Those of these samples that are shown."""
    wanted, shown = set(sample_ids), of_samples(round_)
    if shown is None or not wanted:
        return wanted
    return set(db.scalars(shown.where(tables.Sample.id.in_(wanted))))


def refuse_others(db: Session, round_: tables.Round, sample_id: int) -> None:
    """Raise `Conflict` for a sample of the round that people do not decide on."""
    if sample_id in only_shown(db, round_, [sample_id]):
        return
    raise Conflict(
        f"Sample {sample_id} is not among those that people decide on in round {round_.number}: these answer the "
        "questions that its next step works on. Reload the page."
    )
