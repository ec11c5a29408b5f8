"""What cancelling a round in review loses: samples that people decided on, and no others."""

from backend.services import reviews
from backend.services.queue import gold
from backend.values import Verdict
from tests.integration.reviewing import REJECT, Team


def test_a_known_label_is_no_decision_of_anybody(database: str) -> None:
    team = Team(prompts=5)
    gold.mark(team.curator, team.round.id, team.ids[:3], Verdict.accept, reason="checked by hand")
    assert reviews.closing(team.curator, team.round.id).decided == 3
    assert reviews.decided_samples(team.curator, team.round.id) == (0, 10)
    team.act("ann", team.ids[0], REJECT)
    team.act("ann", team.ids[5], REJECT)
    assert reviews.decided_samples(team.curator, team.round.id) == (2, 10)
