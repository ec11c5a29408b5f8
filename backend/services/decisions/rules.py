"""What a round says of its judge: the score from which it accepts, and whether people are shown its view."""

from sqlalchemy import ColumnElement, and_, or_

from backend.db import standing, tables
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.review_settings import Mode
from backend.values import DecisionKind, RoundStatus


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
