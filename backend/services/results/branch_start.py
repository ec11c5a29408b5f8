"""Where a branch goes its own way, and which rounds come from one in the trash."""

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe


def begun_at(row: tables.Round) -> str:
    """The kind of a branch's first step that ran anew; empty where the recipe cannot be read."""
    try:
        places = recipes.read(row.recipe).places(row.phase)
    except UnreadableRecipe:
        return ""
    return next((str(place.step.kind) for place in places if place.index == row.branch_step), "")


def trashed_parents(db: Session, project_id: int) -> dict[int, int]:
    """By the id of a round of the project the number of its parent, where that is in the trash."""
    row, parent = tables.Round, aliased(tables.Round)
    query = select(row.id, parent.number).join(parent, parent.id == row.parent_id)
    return dict(db.execute(query.where(row.project_id == project_id, parent.project_id != project_id)).tuples().all())
