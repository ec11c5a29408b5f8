"""The decisions on an item so far: the actor's own always, colleagues' as far as the round shows them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.standing import ANY_LABELLING
from backend.errors import NotFound, UnreadableRecipe
from backend.services import archived, review_settings
from backend.services.access import Actor
from backend.services.decisions import Decision
from backend.services.decisions.rules import cut_of_round
from backend.services.review_settings import Mode
from backend.services.rounds import get_row
from backend.values import Role

MAX_ROWS = 200


@dataclass(frozen=True)
class ItemHistory:
    """Oldest first. `is_hidden`: what colleagues said is shown after one's own decision."""

    entries: tuple[Decision, ...]
    is_hidden: bool


def read(actor: Actor, sample_id: int) -> ItemHistory:
    """The history of a sample, or in the modes group and pair of its group."""
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        round_ = get_row(db, actor, sample.round_id, Role.reviewer)
        archived.refuse(round_)
        settings = review_settings.read(round_.review)
        decision = tables.Decision
        is_item = decision.group_id == sample.group_id if settings.by_group else decision.sample_id == sample_id
        about = select(decision, tables.User.name).join(tables.User, tables.User.id == decision.user_id).where(is_item)
        is_done = has_decided(db, actor, about)
        is_told = settings.others_visible or is_done
        sees_judge = is_done or not round_.is_blind or settings.mode is Mode.judgment
        seen = or_(decision.user_id == actor.user_id, literal(is_told))
        rows = db.execute(about.where(seen).order_by(decision.id.desc()).limit(MAX_ROWS)).all()[::-1]
    gone, cut = {row.retracts_id for row, _ in rows}, known_cut(round_)
    decisions = [Decision.of(row, who, cut, tells_judge=sees_judge, is_retracted=row.id in gone) for row, who in rows]
    return ItemHistory(tuple(decisions), not is_told)


def known_cut(round_: tables.Round) -> float | None:
    """The cut of the round's judge; None where the recipe cannot be read, as when a part is not installed any more."""
    try:
        return cut_of_round(round_)
    except UnreadableRecipe:
        return None


def has_decided(db: Session, actor: Actor, about: Any) -> bool:
    decision = tables.Decision
    mine = about.where(decision.user_id == actor.user_id, decision.kind.in_(ANY_LABELLING))
    return db.execute(mine.limit(1)).first() is not None
