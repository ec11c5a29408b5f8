"""What people are shown of a round, and when: the groups of the first step that reads labels, before it runs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.db.many import among
from backend.errors import Conflict
from backend.generators import Generator
from backend.prompt_sources import PromptSource
from backend.registry import Part
from backend.values import BEFORE_REVIEW, RoundStatus

if TYPE_CHECKING:
    from backend.services.rounds import RoundView

NOT_SHOWN = (
    "Sample {} is not among those that people decide on in round {}: these answer the questions that its next step "
    "works on. Reload the page."
)


def is_before_people(round_: "tables.Round | RoundView") -> bool:
    """Whether the round has not come to where people decide; texts may be made and judged after that, too."""
    gate = gate_of(round_)
    # Where there is a gate the step alone decides: a training may stand before it.
    return round_.stage in BEFORE_REVIEW if gate is None else round_.step < gate


def gate_of(round_: "tables.Round | RoundView") -> int | None:
    """The step before which people decide; None where there is none, and in a recipe of slots."""
    if "steps" not in round_.recipe and "phases" not in round_.recipe:
        return None
    return recipes.read(round_.recipe).gate(round_.phase)


def begins_after_people(round_: "tables.Round | RoundView") -> bool:
    """Whether the round is a branch that begins at the step before which people decide, or later."""
    step = round_.branch_step
    return step is not None and recipes.read(round_.recipe).is_after_people(step, round_.phase)


def is_skipped(db: Session, round_: "tables.Round | RoundView") -> bool:
    """Whether a round with people's review never waited for them: a branch that begins after it, as long as neither a
    curator nor a selector that kept nothing has brought it back to them."""
    return _may_be_skipped(round_) and not _has_closed(db, round_.id)


def is_view_skipped(round_: "RoundView") -> bool:
    """The same of a round as pages and programs see it."""
    if not _may_be_skipped(round_):
        return False
    with reading() as db:
        return not _has_closed(db, round_.id)


def _may_be_skipped(round_: "tables.Round | RoundView") -> bool:
    if not round_.is_reviewed or round_.reopened or round_.status is RoundStatus.review:
        return False
    return begins_after_people(round_)


def _has_closed(db: Session, round_id: int) -> bool:
    """Whether a review of the round was closed: where nothing was kept a branch goes back to people."""
    event = tables.Event
    closed = select(event.id).where(event.round_id == round_id, event.verb == "close review")
    return db.scalar(closed.limit(1)) is not None


def steps_shown(round_: tables.Round) -> tuple[int, ...]:
    """The steps whose texts people decide on; empty: all there are."""
    gate = gate_of(round_)
    return () if gate is None else recipes.read(round_.recipe).places(round_.phase)[gate].texts


def of_groups(round_: tables.Round) -> ColumnElement[bool] | None:
    """The condition on `groups` for those that are shown; None where there are no others before people decide."""
    gate = gate_of(round_)
    if gate is None:
        return None
    places = recipes.read(round_.recipe).places(round_.phase)
    place, group = places[gate], tables.Group
    asking = [place for place in places[:gate] if _makes_groups(place.step.part)]
    if place.narrowed is not None:
        kept = round_.steps.get(str(place.narrowed), {}).get("groups") or []
        return and_(group.step == place.source, among(group.id, kept))  # as many as there are prompts
    return group.step == place.source if len(asking) > 1 else None


def _makes_groups(part: Part) -> bool:
    return part.makes_groups if isinstance(part, Generator) else isinstance(part, PromptSource) and not part.narrows


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
    raise Conflict(NOT_SHOWN.format(sample_id, round_.number))
