"""Closing a review does not wait for the judge's health: where it cannot be computed, the rest is told."""

import pytest

from backend.db import session, tables
from backend.services import reviews
from backend.values import RoundStatus
from tests.integration.reviewing import REJECT, Team


def test_what_closing_would_do_is_told_where_the_judges_health_cannot_be_computed(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], REJECT)
    with session() as db:
        db.get_one(tables.Project, team.project.id).judge_health = {"fewest": -1}
    found = reviews.closing(team.curator, team.round.id)
    assert (found.rejected_by_people, found.undecided) == (1, 1)
    assert (found.judge_light, found.holds) == ("unknown", False)
    assert "could not be computed" in found.judge_sentence
    assert [one.exc_info is not None for one in caplog.records if "health" in one.getMessage()] == [True]
    reviews.close(team.curator, team.round.id)
    with session() as db:
        assert db.get_one(tables.Round, team.round.id).status is RoundStatus.running
