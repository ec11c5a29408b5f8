"""Groups of samples: their pass rates and spreads, in every order to the last page, and what a blind review hides."""

import pytest

from app.pages.groups import shown
from app.widgets.context import Context
from backend.db import listing_groups, listing_search, listing_wanted, reading, session, tables
from backend.errors import InvalidInput, PermissionDenied
from backend.services.decisions import own_words
from backend.services.samples import Filters, group_rows, groups
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
    result = Grouped()
    page = groups.page(result.viewer, result.round.id, Filters(verdict=("reject",)))
    first, last = page.rows
    assert (first.prompt, first.num_samples, first.num_with_verdict, first.num_accepted) == ("question 0", 2, 2, 1)
    assert (first.pass_rate, first.spread) == (0.5, 2.0), "scores 5 and 1 are 2 away from their mean"
    assert (last.pass_rate, last.spread) == (0.5, 0.5)
    assert [(sample.id, sample.verdict, sample.score) for sample in first.samples] == [
        (result.samples[0].id, "accept", 5.0),
        (result.samples[1].id, "reject", 1.0),
    ]
    assert page.count.number == 2
    undecided = groups.page(result.viewer, result.round.id).rows[2]
    assert (undecided.num_with_verdict, undecided.pass_rate, undecided.spread) == (0, None, 0.5)


@pytest.mark.parametrize("limit", [1, 3, 25])
def test_groups_come_by_pass_rate_and_spread_those_without_one_last(limit: int) -> None:
    result = Grouped()
    assert result.listed(limit=limit) == [0, 1, 2, 3]
    assert result.listed(GroupSort(descending=True), limit=limit) == [3, 2, 1, 0]
    assert result.listed(BY_RATE, limit=limit) == [1, 0, 3, 2]
    assert result.listed(GroupSort(GroupSortKey.pass_rate), limit=limit) == [0, 3, 1, 2]
    assert result.listed(BY_SPREAD, limit=limit) == [1, 2, 3, 0]
    assert result.listed(BY_RATE, limit=limit, text="blue", min_score=2.0) == [1, 3, 2]
    assert result.listed(limit=limit, text="/^b/", prompt='"question 3"') == [3]


@pytest.mark.parametrize("walked", [1, 3])
def test_where_too_many_samples_pass_groups_come_once_each_by_number(
    monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    result = Grouped()
    monkeypatch.setattr(listing_groups, "SORTED", 2)
    monkeypatch.setattr(listing_groups, "WALKED", walked)
    monkeypatch.setattr(listing_groups, "COMPARED", 1)
    page = groups.page(result.viewer, result.round.id, sort=BY_RATE)
    assert page.sort == groups.BY_NUMBER
    assert result.listed(BY_RATE, limit=1) == result.listed(limit=3) == [0, 1, 2, 3]
    assert result.listed(GroupSort(descending=True), limit=2) == [3, 2, 1, 0]
    assert result.listed(BY_RATE, text="blue") == [0, 1, 2, 3]
    assert result.listed(BY_RATE, verdict=("accept",), limit=2) == [0, 1, 3]


def test_a_list_that_began_sorted_ends_where_too_many_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Grouped()
    first = groups.page(result.viewer, result.round.id, sort=BY_RATE, limit=1)
    monkeypatch.setattr(listing_groups, "TALLIED", 8)
    assert groups.page(result.viewer, result.round.id, cursor=first.next_cursor).sort == BY_RATE
    monkeypatch.setattr(listing_groups, "TALLIED", 7)
    assert groups.page(result.viewer, result.round.id, sort=BY_RATE).sort == groups.BY_NUMBER
    with pytest.raises(InvalidInput, match="first page"):
        groups.page(result.viewer, result.round.id, cursor=first.next_cursor)


def test_the_page_says_the_order_that_a_search_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Grouped()
    monkeypatch.setattr(listing_wanted, "SORTED_PROMPTS", 1)
    monkeypatch.setattr(listing_search, "PROBES", 0)
    newest, asked = GroupSort(descending=True), Filters(prompt="question")
    page = groups.page(result.viewer, result.round.id, asked, newest)
    assert page.sort == groups.BY_NUMBER
    assert [result.ids.index(row.id) for row in page.rows] == [0, 1, 2, 3]
    assert "oldest first" in shown.counted(page, {"order": "-number"})


def test_a_row_has_the_first_samples_and_the_figures_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Grouped()
    monkeypatch.setattr(group_rows, "MAX_MEMBERS", 1)
    row = groups.page(result.viewer, result.round.id).rows[0]
    assert ([sample.id for sample in row.samples], row.num_more) == ([result.samples[0].id], 1)
    assert (row.num_samples, row.pass_rate, row.spread) == (2, 0.5, 2.0)


def test_large_scores_that_are_close_have_their_spread() -> None:
    result = Grouped()
    with session() as db:
        for sample, score in zip(result.samples[:2], (1e9 + 1, 1e9 + 4), strict=True):
            db.get_one(tables.Label, sample.id).score = score
    assert groups.page(result.viewer, result.round.id).rows[0].spread == 1.5
    assert result.listed(BY_SPREAD) == [1, 2, 3, 0]


def test_an_edit_stands_in_the_row_and_counts_in_no_rate() -> None:
    result = Grouped()
    with session() as db:
        db.get_one(tables.Sample, result.samples[0].id).kind = "edit"
        db.get_one(tables.Label, result.samples[0].id).kind = "edit"
    row = groups.page(result.viewer, result.round.id).rows[0]
    assert (row.num_samples, row.num_accepted, row.pass_rate, len(row.samples)) == (1, 0, 0.0, 2)
    assert result.listed(GroupSort(GroupSortKey.pass_rate)) == [0, 3, 1, 2]


def test_a_blind_review_tells_no_pass_rate_before_ones_own_word() -> None:
    team = Team(prompts=2)
    ann = team.who("ann")
    team.act("ann", team.ids[0], REJECT)
    for actor in (ann, rows.make_actor(team.project, Role.viewer)):
        hidden = groups.page(actor, team.round.id).rows
        assert {(row.is_hidden, row.num_with_verdict, row.pass_rate, row.spread) for row in hidden} == {
            (True, 0, None, None)
        }
    members = {sample.id: sample for sample in groups.page(ann, team.round.id).rows[0].samples}
    own, other = members[team.ids[0]], members[team.ids[1]]
    assert (own.verdict, other.verdict, other.score) == ("reject", None, None)
    assert other.is_hidden is True, "SQLite has 1, which REST does not write"
    team.act("ann", team.ids[1], ACCEPT)
    assert groups.page(ann, team.round.id).rows[0].pass_rate == 0.5
    for refused in (BY_RATE, BY_SPREAD):
        with pytest.raises(PermissionDenied, match="until this round is reviewed"):
            groups.page(ann, team.round.id, sort=refused)
        assert len(groups.page(team.curator, team.round.id, sort=refused).rows) == 2
    with pytest.raises(PermissionDenied, match="verdict"):
        groups.page(ann, team.round.id, Filters(verdict=("accept",)))
    with pytest.raises(InvalidInput, match="first page"):
        groups.page(ann, team.round.id, cursor="f+score:3.99:0")
    offered = {
        actor: shown.orders(Context(actor, team.project.id, "", None), {"round": team.round.id})
        for actor in (ann, team.curator)
    }
    assert (len(offered[ann]), offered[team.curator]) == (2, shown.ORDERS)
    query, refused = shown.without_refused_order(offered[ann], {"text": "red", "order": "-spread", "at": "g"})
    assert (query, "hidden" in refused) == ({"text": "red"}, True)


def test_a_blind_review_hides_hints_and_texts_of_colleagues() -> None:
    team = Team(prompts=1)
    ann = team.who("ann")
    team.act("bob", team.ids[0], DecisionKind.edit, text="Better.")
    with session() as db:
        group = db.get_one(tables.Group, team.samples[0].group_id)
        prompt = db.get_one(tables.Prompt, group.prompt_id).text
        group.messages, group.is_stripped = [{"role": "user", "content": "The answer is 42."}], True
    row = groups.page(ann, team.round.id).rows[0]
    assert (row.prompt, row.is_hidden, {sample.id for sample in row.samples}) == (prompt, True, set(team.ids))
    whole = groups.page(team.curator, team.round.id).rows[0]
    assert (whole.prompt, len(whole.samples)) == ("The answer is 42.", 3)
    for sample_id in team.ids:
        team.act("ann", sample_id, ACCEPT)
    decided = groups.page(ann, team.round.id).rows[0]
    assert (decided.is_hidden, decided.num_samples, decided.num_with_verdict) == (False, 2, 2)
    assert [sample.id for sample in decided.samples] == team.ids


def test_any_number_of_samples_is_looked_up_for_ones_own_decisions() -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], REJECT)
    with reading() as db:
        assert own_words.decided(db, team.who("ann"), range(1, 33_000)) == {team.ids[0]}


def test_with_the_judge_in_sight_the_rate_is_the_judges_not_colleagues() -> None:
    team = Team(prompts=1, mode="judgment")
    before = groups.page(team.who("bob"), team.round.id).rows[0]
    assert before.pass_rate is not None
    for sample_id in team.ids[:2]:
        team.act("ann", sample_id, DecisionKind.reject)
    assert groups.page(team.who("bob"), team.round.id).rows[0] == before
    assert groups.page(team.who("ann"), team.round.id).rows[0].pass_rate == 0.0


NO_PLACES = [
    "g",
    "g+pass_rate:x:1",
    "g+no:1.0:1",
    "g-spread:nan:1",
    "g-spread:1.0:-1",
    "g+number:1.0:1",
    "gpass_rate:1.0:1",
]
NO_PLACES += ["f+id", "f+score:3:0", "f-spread:0:0", "b+id:1:1"]


@pytest.mark.parametrize("cursor", NO_PLACES)
def test_a_place_that_is_none_is_refused(cursor: str) -> None:
    result = Grouped()
    with pytest.raises(InvalidInput, match="first page"):
        groups.page(result.viewer, result.round.id, cursor=cursor)
