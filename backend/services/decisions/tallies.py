"""How many items each person decided in a round: the one count of it, on every page and in every answer."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.built import built_once
from backend.services.decisions.rules import hides_judge, is_known_override
from backend.services.review_settings import ReviewSettings


@dataclass(frozen=True)
class Tally:
    """How many items the person has decided in the round, and on how many the judge was overridden.

    While a blind review goes on, rewrites of texts that the person has not labelled are not among the overridden: the
    count would tell what the judge said of each.
    """

    decided: int = 0
    overridden: int = 0


def of_all(db: Session, round_id: int, settings: ReviewSettings) -> dict[int, Tally]:
    """Everybody's, by user; by each one's last word on each item, see `standing.own_words`."""
    return _count(db, round_id, settings, None)


def of_one(db: Session, user_id: int, round_id: int, settings: ReviewSettings) -> Tally:
    """One person's."""
    return _count(db, round_id, settings, user_id).get(user_id, Tally())


def _count(db: Session, round_id: int, settings: ReviewSettings, user_id: int | None) -> dict[int, Tally]:
    query = _counts(settings.by_group, hides_judge(db.get_one(tables.Round, round_id)), user_id is not None)
    rows = db.connection().execute(query, {"round_id": round_id, "of": user_id})
    return {user_id: Tally(number, int(over or 0)) for user_id, number, over in rows}


@built_once
def _counts(by_group: bool, hides_judge: bool, is_one: bool) -> Any:
    decision = tables.Decision
    last = standing.last_own_words(bindparam("round_id"), by_group=by_group)
    if is_one:
        last = last.where(decision.user_id == bindparam("of"))
    overridden = func.sum(case((is_known_override(hides_judge), 1), else_=0))
    return select(decision.user_id, func.count(), overridden).where(decision.id.in_(last)).group_by(decision.user_id)
