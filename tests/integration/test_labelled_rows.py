"""Rows of a list in which one decides in place: texts, labels as one may see them, one's own decisions."""

import pytest

from backend.errors import InvalidInput, PermissionDenied
from backend.services.reviews.labelled_rows import LONGEST, MOST_ROWS, asked_of, read_labelled
from backend.values import DecisionKind, Role
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, REJECT, SKIP, Team

pytestmark = pytest.mark.on_sqlite


def test_a_reviewer_sees_a_label_once_they_decided_and_never_a_colleagues_word(database: str) -> None:
    team = Team(prompts=2, num_reviewers_per_item=2)
    first, second, third, _ = team.ids
    team.act("ann", first, ACCEPT)
    team.act("ann", second, SKIP)
    team.act("bob", third, REJECT)
    ann = team.who("ann")
    shown = read_labelled(ann, team.round.id, [*team.ids[::-1], 999_999])
    assert [row.sample.id for row in shown] == team.ids[::-1]
    by_id = {row.sample.id: row for row in shown}
    assert [(row.mine.kind if row.mine else None) for row in shown] == [None, None, SKIP, ACCEPT]
    assert [by_id[n].sample.is_hidden for n in team.ids] == [False, True, True, True]
    assert (by_id[first].sample.verdict, by_id[first].sample.score) == ("accept", 5.0)
    assert {(by_id[n].sample.verdict, by_id[n].sample.score) for n in team.ids[1:]} == {(None, None)}
    assert by_id[first].text == team.samples[0].text
    assert not by_id[first].is_cut
    assert [row.group_id for row in shown] == [sample.group_id for sample in team.samples[::-1]]
    rejected = team.act("ann", first, REJECT)
    assert [row.mine and row.mine.kind for row in read_labelled(ann, team.round.id, [first])] == [REJECT]
    team.take_back("ann", rejected)
    # The one before stands again.
    assert [row.mine and row.mine.kind for row in read_labelled(ann, team.round.id, [first])] == [ACCEPT]
    with pytest.raises(PermissionDenied):
        read_labelled(rows.make_actor(team.project, Role.viewer), team.round.id, team.ids)
    with pytest.raises(InvalidInput, match=f"up to {MOST_ROWS}"):
        read_labelled(ann, team.round.id, range(MOST_ROWS + 1))


def test_rest_has_the_rows_a_flag_and_the_beginning_of_a_long_text(database: str) -> None:
    team = Team(prompts=1, is_blind=False, num_reviewers_per_item=1)
    flag = team.act("ann", team.ids[0], DecisionKind.flag).decision.client_id
    with site.with_token(team.who("ann")) as client:
        path = f"/api/v1/rounds/{team.round.id}/review/rows"
        told = client.post(path, json={"sample_ids": team.ids}).json()
        assert [(row["flag"], row["sample"]["score"], row["mine"]) for row in told] == [
            (flag, 5.0, None),
            (None, 2.0, None),
        ]
        assert client.post(path, json={"sample_ids": [1] * 201}).status_code == 422
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Go on."}]
    assert asked_of(messages) == "system: Be short.\n\nuser: Go on."
    assert asked_of(messages[1:]) == "Go on."
    assert LONGEST > 200, "more than a table's cell shows"
