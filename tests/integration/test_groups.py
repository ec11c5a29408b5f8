"""Groups of samples: their pass rates and spreads, in every order to the last page, and what a blind review hides."""

import pytest

from backend.db import listing_groups, session, tables
from backend.errors import InvalidInput, PermissionDenied
from backend.services.samples import Filters, groups
from backend.services.samples.groups import GroupSort, GroupSortKey
from backend.values import DecisionKind, Role, RoundStatus
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team

pytestmark = pytest.mark.usefixtures("database")

BY_RATE = GroupSort(GroupSortKey.pass_rate, descending=True)
BY_SPREAD = GroupSort(GroupSortKey.spread)


class Grouped:
    """Four groups of two, two of them with a pass rate of a half, one with none; the first reads `red` and `blue`."""

    def __init__(self) -> None:
        project = rows.make_project()
        asked = rows.make_prompt_set(project, prompts=[f"question {n}" for n in range(4)])
        self.round = rows.make_round(project, sets=[asked], status=RoundStatus.done)
        scores = [5.0, 1.0, 4.0, 4.0, 1.0, 2.0, 5.0, 4.0]
        self.samples = rows.make_samples(self.round, asked, texts=["red fish", "blue fish"], scores=scores)
        self.viewer = rows.make_actor(project, Role.viewer)
        verdicts = ["accept", "reject", "accept", "accept", None, None, "reject", "accept"]
        with session() as db:
            for sample, verdict in zip(self.samples, verdicts, strict=True):
                label = db.get_one(tables.Label, sample.id)
                label.verdict = verdict  # type: ignore[assignment]
        self.ids = list(dict.fromkeys(sample.group_id for sample in self.samples))

    def listed(self, sort: GroupSort = groups.BY_NUMBER, *, limit: int = 25, **filters: object) -> list[int]:
        """The places of what is listed, page by page."""
        ids, cursor = list[int](), None
        for _ in range(40):
            page = groups.page(self.viewer, self.round.id, Filters(**filters), sort, cursor, limit)  # type: ignore[arg-type]
            ids += [self.ids.index(row.id) for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return ids
        pytest.fail("the list does not end")


def test_a_row_has_the_pass_rate_and_spread_of_all_samples_of_a_group() -> None:
    made = Grouped()
    page = groups.page(made.viewer, made.round.id, Filters(verdict=("reject",)))
    first, last = page.rows
    assert (first.prompt, first.num_samples, first.num_with_verdict, first.num_accepted) == ("question 0", 2, 2, 1)
    assert (first.pass_rate, first.spread) == (0.5, 2.0), "scores 5 and 1 are 2 away from their mean"
    assert (last.pass_rate, last.spread) == (0.5, 0.5)
    assert [(one.id, one.verdict, one.score) for one in first.samples] == [
        (made.samples[0].id, "accept", 5.0),
        (made.samples[1].id, "reject", 1.0),
    ]
    assert page.count.number == 2
    undecided = groups.page(made.viewer, made.round.id).rows[2]
    assert (undecided.num_with_verdict, undecided.pass_rate, undecided.spread) == (0, None, 0.5)


@pytest.mark.parametrize("limit", [1, 3, 25])
def test_groups_come_by_pass_rate_and_spread_those_without_one_last(limit: int) -> None:
    made = Grouped()
    assert made.listed(limit=limit) == [0, 1, 2, 3]
    assert made.listed(GroupSort(descending=True), limit=limit) == [3, 2, 1, 0]
    assert made.listed(BY_RATE, limit=limit) == [1, 0, 3, 2]
    assert made.listed(GroupSort(GroupSortKey.pass_rate), limit=limit) == [0, 3, 1, 2]
    assert made.listed(BY_SPREAD, limit=limit) == [1, 2, 3, 0]
    assert made.listed(BY_RATE, limit=limit, text="blue", min_score=2.0) == [1, 3, 2]
    assert made.listed(limit=limit, text="/^b/", prompt='"question 3"') == [3]


def test_where_too_many_samples_pass_groups_come_once_each_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Grouped()
    monkeypatch.setattr(listing_groups, "SORTED", 2)
    monkeypatch.setattr(listing_groups, "WALKED", 1)
    page = groups.page(made.viewer, made.round.id, sort=BY_RATE)
    assert page.sort == groups.BY_NUMBER
    assert made.listed(BY_RATE, limit=1) == made.listed(limit=3) == [0, 1, 2, 3]
    assert made.listed(GroupSort(descending=True), limit=2) == [3, 2, 1, 0]
    assert made.listed(BY_RATE, text="blue") == [0, 1, 2, 3]
    assert made.listed(BY_RATE, verdict=("accept",), limit=2) == [0, 1, 3]


def test_an_edit_stands_in_the_row_and_counts_in_no_rate() -> None:
    made = Grouped()
    with session() as db:
        db.get_one(tables.Sample, made.samples[0].id).kind = "edit"
        db.get_one(tables.Label, made.samples[0].id).kind = "edit"
    row = groups.page(made.viewer, made.round.id).rows[0]
    assert (row.num_samples, row.num_accepted, row.pass_rate, len(row.samples)) == (1, 0, 0.0, 2)
    assert made.listed(GroupSort(GroupSortKey.pass_rate)) == [0, 3, 1, 2]


def test_a_blind_review_tells_no_pass_rate_before_ones_own_word() -> None:
    team = Team(prompts=2)
    ann = team.who("ann")
    team.act("ann", team.ids[0], REJECT)
    for actor in (ann, rows.make_actor(team.project, Role.viewer)):
        hidden = groups.page(actor, team.round.id).rows
        assert {(row.is_hidden, row.num_with_verdict, row.pass_rate, row.spread) for row in hidden} == {
            (True, 0, None, None)
        }
    own, other = groups.page(ann, team.round.id).rows[0].samples
    assert (own.verdict, other.verdict, other.score, other.is_hidden) == ("reject", None, None, True)
    team.act("ann", team.ids[1], ACCEPT)
    assert groups.page(ann, team.round.id).rows[0].pass_rate == 0.5
    for refused in (BY_RATE, BY_SPREAD):
        with pytest.raises(PermissionDenied, match="until this round is reviewed"):
            groups.page(ann, team.round.id, sort=refused)
        assert len(groups.page(team.curator, team.round.id, sort=refused).rows) == 2
    with pytest.raises(PermissionDenied, match="verdict"):
        groups.page(ann, team.round.id, Filters(verdict=("accept",)))


def test_with_the_judge_in_sight_the_rate_is_the_judges_not_colleagues() -> None:
    team = Team(prompts=1, mode="judgment")
    before = groups.page(team.who("bob"), team.round.id).rows[0]
    assert before.pass_rate is not None
    for sample_id in team.ids[:2]:
        team.act("ann", sample_id, DecisionKind.reject)
    assert groups.page(team.who("bob"), team.round.id).rows[0] == before
    assert groups.page(team.who("ann"), team.round.id).rows[0].pass_rate == 0.0


@pytest.mark.parametrize("cursor", ["g", "g+pass_rate:x:1", "g+no:1.0:1", "g-spread:nan:1", "g-spread:1.0:-1", "f+id"])
def test_a_place_that_is_none_is_refused(cursor: str) -> None:
    made = Grouped()
    with pytest.raises(InvalidInput, match="first page"):
        groups.page(made.viewer, made.round.id, cursor=cursor)
