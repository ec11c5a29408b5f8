"""How many blind decisions on items drawn at random a review has, of those that figures on the judge need."""

from sqlalchemy import select

from backend.db import reading, standing, tables
from backend.pipeline.health import limits
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions.rules import counts_as_blind
from backend.services.rounds import get_row


def lacking(actor: Actor, round_id: int) -> int | None:
    """Return how many of these decisions the figures need at least, while there are fewer; None where there are as
    many, and where none can count as blind: the judge's view is shown, the round is a branch, or was opened again."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        if not counts_as_blind(row, review_settings.read(row.review).mode):
            return None
        fewest = limits.read(db.get_one(tables.Project, row.project_id).judge_health).fewest
        decision = tables.Decision
        drawn = standing.votes(decision.sample_id).where(
            decision.round_id == round_id, decision.is_random.is_(True), decision.is_blind.is_(True)
        )
        return fewest if len(db.scalars(select(drawn.distinct().limit(fewest).subquery())).all()) < fewest else None
