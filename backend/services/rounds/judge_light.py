"""The judge's light of a round, as it is kept."""

from dataclasses import replace

from sqlalchemy.orm import Session

from backend.db import tables
from backend.pipeline import health
from backend.pipeline.health import Health
from backend.services.rounds import kept_figures


def kept(db: Session, row: tables.Round) -> Health:
    """The light by the limits there are now, with the time it is of where people have said more since.

    See `kept_figures`.
    """
    figures = kept_figures.figures(db, row, "judge", health.of_round, more=_limits)
    return replace(figures.value, as_of=figures.as_of)


def _limits(db: Session, row: tables.Round) -> str:
    return str(db.get_one(tables.Project, row.project_id).judge_health)
