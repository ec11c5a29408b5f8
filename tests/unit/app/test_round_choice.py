"""Why nobody decides on a round: the reason and its sentence go together."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.widgets.round_choice import closed_because, why_closed
from backend.values import RoundStatus, Stage


@pytest.mark.parametrize(
    ("is_reviewed", "status", "stage", "reason", "begins"),
    [
        (False, RoundStatus.running, Stage.judge, "not_reviewed", "It was launched without people's review"),
        (True, RoundStatus.running, Stage.judge, "before_review", "It comes to its review"),
        (True, RoundStatus.failed, Stage.judge, "ended", "It ended before its review."),
        (True, RoundStatus.review, Stage.review, "over", "The review is over"),
        (True, RoundStatus.running, Stage.train, "over", "The review is over"),
    ],
)
def test_a_reason_has_its_sentence(
    is_reviewed: bool, status: RoundStatus, stage: Stage, reason: str, begins: str
) -> None:
    round_: Any = SimpleNamespace(
        is_reviewed=is_reviewed, status=status, stage=stage, recipe={}, branch_step=None, reopened={}
    )
    assert closed_because(round_) == reason
    assert why_closed(round_).startswith(begins)
