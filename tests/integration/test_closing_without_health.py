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
    result = reviews.closing(team.curator, team.round.id)
    assert (result.rejected_by_people, result.undecided) == (1, 1)
    assert (result.judge_light, result.holds) == ("unknown", False)
    assert "could not be computed" in result.judge_sentence
    assert [record.exc_info is not None for record in caplog.records if "health" in record.getMessage()] == [True]
    reviews.close(team.curator, team.round.id)
    with session() as db:
        assert db.get_one(tables.Round, team.round.id).status is RoundStatus.running
