"""What one round did, in one value: asked for, measured, what became of the texts, people's part, failures, cost.

Built of few statements whose cost does not grow with the round's samples: counts that the stages wrote, lists through
their indexes, and distributions over an even draw of the texts where there are very many. What a review hides from a
person until it is over (`samples.visibility`) is not in it either.
"""

from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.services import judge_health
from backend.services import warnings as lights
from backend.services.access import Actor
from backend.services.round_report import (
    asking,
    datasets,
    extremes,
    failed,
    flows,
    heads,
    metrics,
    opened,
    people,
    spent,
    spreads,
    stages,
    warned,
)
from backend.services.round_report.shapes import FEWEST, OpeningSection, Report, Texts, Warned, WorkSection
from backend.services.rounds import get_row
from backend.services.samples import visibility

__all__ = [
    "FEWEST",
    "OpeningSection",
    "Report",
    "Texts",
    "WorkSection",
    "get",
    "opening",
    "raised",
    "texts",
    "texts_opened",
    "work",
]


def get(actor: Actor, round_id: int) -> Report:
    """Return all of it; raises `NotFound`."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        report = (_opening(db, row), _texts(db, actor, row), _work(db, actor, row))
    return Report(*report, judge_health.of_round(actor, round_id))


def opening(actor: Actor, round_id: int) -> OpeningSection:
    """Return what was asked for and measured, and what to look at."""
    with reading() as db:
        return _opening(db, get_row(db, actor, round_id))


def raised(actor: Actor, round_id: int) -> tuple[Warned, ...]:
    """Return what deserves a look beside its lights."""
    with reading() as db:
        return warned.warnings(db, get_row(db, actor, round_id))


def texts(actor: Actor, round_id: int) -> Texts:
    """Return what became of the texts."""
    with reading() as db:
        return _texts(db, actor, get_row(db, actor, round_id))


def texts_opened(actor: Actor, round_id: int) -> Texts:
    """The same, which a page asks for three times as it opens: computed once while nothing changes."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        key = opened.key_of(db, actor, row, visibility.hidden(db, actor, row))
        kept = opened.get(key)
        if kept is None:
            kept = _texts(db, actor, row)
            opened.put(key, kept)
        return kept


def work(actor: Actor, round_id: int) -> WorkSection:
    """Return people's part, failures, datasets and cost."""
    with reading() as db:
        return _work(db, actor, get_row(db, actor, round_id))


def _opening(db: Session, row: tables.Round) -> OpeningSection:
    asked = asking.asked(db, row, stages.times(db, row))
    measured = metrics.measured(db, row)
    warnings = warned.warnings(db, row)
    return OpeningSection(heads.head(db, row), asked, measured, warnings, lights.listed(db, row))


def _texts(db: Session, actor: Actor, row: tables.Round) -> Texts:
    kept = visibility.hidden(db, actor, row)
    return Texts(
        flows.flows(db, row, is_hidden=kept.judge),
        spreads.spreads(db, row, kept),
        extremes.extremes(db, actor, row, kept),
    )


def _work(db: Session, actor: Actor, row: tables.Round) -> WorkSection:
    reviewers = people.people(db, actor, row)
    times = stages.times(db, row)
    return WorkSection(
        reviewers, failed.failed(db, row), datasets.cards(db, row), spent.cost(db, row, times, reviewers.minutes)
    )
