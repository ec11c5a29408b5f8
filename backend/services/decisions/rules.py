"""What a round says of labels: its judge, the score from which the judge accepts, and the review's settings."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.review_settings import ReviewSettings


class Rules:
    """What the rounds of some samples say of labels: the judge, its cut, the review's settings."""

    def __init__(self, db: Session, round_ids: set[int], rounds: Sequence[tables.Round] = ()) -> None:
        rows: list[Any] = [(one.id, one.recipe, one.phase, one.review) for one in rounds]
        if not round_ids <= {one.id for one in rounds}:
            query = select(tables.Round.id, tables.Round.recipe, tables.Round.phase, tables.Round.review)
            rows = list(db.execute(query.where(tables.Round.id.in_(round_ids))))
        self.judges: dict[int, dict[str, Any]] = {}
        self.settings: dict[int, ReviewSettings] = {}
        for id_, recipe, phase, review in rows:
            self.judges[id_], self.settings[id_] = judge_of(recipe, phase), review_settings.read(review)
        self.cuts = {id_: cut_of(judge) for id_, judge in self.judges.items()}


def cut_of_round(round_: tables.Round) -> float:
    """The cut of the judge of the round's phase."""
    return cut_of(judge_of(round_.recipe, round_.phase))


def thresholds(db: Session, round_ids: set[int]) -> dict[int, float]:
    """The cuts of these rounds' judges."""
    return Rules(db, round_ids).cuts
