"""What a round says of its judge: the score from which it accepts, and whether people are shown its view."""

from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, or_

from backend.db import standing, tables
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.review_settings import Mode
from backend.values import DecisionKind, RoundStatus


class BlindRound(Protocol):
    """What a round, or its view, says of how its review hides the judge."""

    @property
    def is_blind(self) -> bool: ...
    @property
    def branch_of_id(self) -> int | None: ...
    @property
    def reopened(self) -> dict[str, Any]: ...


def cut_of_round(round_: tables.Round) -> float:
    """The cut of the judge of the round's phase."""
    return cut_of(judge_of(round_.recipe, round_.phase))


def counts_as_blind(round_: BlindRound, mode: Mode) -> bool:
    """Whether a decision in this mode is blind where its person did not see the judge's view before.

    A round of which a branch is launched has no open review, so the labels of a branch's texts can be read there, as
    those of a round whose review was over once.
    """
    return round_.is_blind and round_.branch_of_id is None and not round_.reopened and mode is not Mode.judgment


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
