"""What a round says of labels: its judge, the score from which the judge accepts, and the review's settings."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.review_settings import Mode, ReviewSettings
from backend.values import DecisionKind, RoundStatus


class Rules:
    """What the rounds of some samples say of labels: the judge, its cut, the review's settings."""

    def __init__(self, db: Session, round_ids: set[int], rounds: Sequence[tables.Round] = ()) -> None:
        rows: list[Any] = [(round_.id, round_.recipe, round_.phase, round_.review) for round_ in rounds]
        if not round_ids <= {round_.id for round_ in rounds}:
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


def hides_judge(round_: tables.Round) -> bool:
    """Whether people decide on the round now, and are not shown the judge's view before they have labelled."""
    is_open = round_.status is RoundStatus.review
    return is_open and round_.is_blind and review_settings.read(round_.review).mode is not Mode.judgment


def is_known_override(is_hidden: bool) -> ColumnElement[bool]:
    """Whether a decision in the round overrides the judge, as far as whoever made it may know, as a column.

    A rewrite rejects the text as it was: in a blind review it would tell what the judge said of a text not labelled.
    `is_hidden`: what `hides_judge` says of the round.
    """
    decision = tables.Decision
    if not is_hidden:
        return decision.is_override.is_(True)
    return and_(decision.is_override, or_(decision.kind != DecisionKind.edit, standing.has_labelled()))


def thresholds(db: Session, round_ids: set[int]) -> dict[int, float]:
    """The cuts of these rounds' judges."""
    return Rules(db, round_ids).cuts
