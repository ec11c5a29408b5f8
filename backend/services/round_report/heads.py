"""Which round it is, by whom and when."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.errors import UnreadableRecipe
from backend.services.plans import branches
from backend.services.recipes.titles import title_of
from backend.services.round_report.shapes import Head
from backend.services.rounds import review_scope
from backend.values import RoundStatus


def head(db: Session, row: tables.Round) -> Head:
    """The round's own row, with the names it refers to."""
    parent, user, checkpoint = tables.Round, tables.User, tables.Checkpoint
    above = db.get(parent, row.parent_id) if row.parent_id else None
    name = db.scalar(select(checkpoint.name).where(checkpoint.id == row.checkpoint_id)) if row.checkpoint_id else None
    author = db.scalar(select(user.name).where(user.id == row.created_by)) if row.created_by else None
    origin = db.get(parent, row.branch_of_id) if row.branch_of_id else None
    recipe = row.recipe
    return Head(
        id=row.id,
        project_id=row.project_id,
        number=row.number,
        parent_id=row.parent_id,
        parent_number=above.number if above is not None else None,
        is_parent_in_trash=above is not None and above.project_id != row.project_id,
        status=row.status,
        stage=row.stage,
        recipe=str(recipe.get("name", "")),
        title=title_of(recipe),
        paper=str(recipe.get("paper", "")),
        phase=row.phase,
        phases=len(recipe.get("phases", [None])),
        num_prompts=row.num_prompts,
        seed=row.seed,
        is_reviewed=row.is_reviewed,
        is_blind=row.is_blind,
        engine=row.engine,
        checkpoint_id=row.checkpoint_id,
        checkpoint=name or "",
        created_by=author or "",
        created_at=row.created_at,
        finished_at=row.finished_at,
        seconds=((row.finished_at or now()) - row.created_at).total_seconds(),
        error=row.error,
        branch_of_id=row.branch_of_id,
        branch_of_number=origin.number if origin is not None else None,
        is_origin_in_trash=origin is not None and origin.project_id != row.project_id,
        is_archived=row.archived_at is not None,
        branches=_branches(db, row),
        hold=row.hold,
        reopened=row.reopened,
        is_review_skipped=is_review_skipped(db, row),
    )


def _branches(db: Session, row: tables.Round) -> tuple[str, ...]:
    try:
        return tuple(branches.offered(db, row))
    except UnreadableRecipe:
        return ()


def is_review_skipped(db: Session, row: tables.Round) -> bool:
    """Whether nobody was asked in a round with people's review: a branch that begins after it."""
    try:
        return review_scope.is_skipped(db, row)
    except UnreadableRecipe:
        return False


def was_reviewed(db: Session, row: tables.Round) -> bool:
    """Whether the round waited for people, and has gone on since."""
    try:
        is_past = not review_scope.is_before_people(row) and not review_scope.is_skipped(db, row)
    except UnreadableRecipe:
        is_past = True
    return row.is_reviewed and row.status is not RoundStatus.review and is_past
