"""Samples by who decided: one's own, others', and those on which reviewers disagree, in every order, to the last page."""

import pytest

from backend.db import listing_among
from backend.errors import InvalidInput, PermissionDenied
from backend.services import samples
from backend.services.access import Actor
from backend.services.decisions import bulk
from backend.services.samples import Filters, Sort, SortKey, exports
from backend.services.samples.exports import ExportRequest
from backend.values import DecisionKind, Role, RoundStatus
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


class Decided:
    """Twelve samples of six prompts with scores 0 to 5, and what two reviewers said of them."""

    def __init__(self) -> None:
        project = rows.make_project()
        asked = rows.make_prompt_set(project, prompts=[f"question {n}" for n in range(6)])
        self.round = rows.make_round(project, sets=[asked], status=RoundStatus.done, is_reviewed=True)
        texts = ["red fish", "blue fish", "green bird"]
        self.samples = rows.make_samples(self.round, asked, texts=texts, scores=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
        self.ann, self.ben = (rows.make_actor(project, Role.reviewer) for _ in range(2))
        self.curator = rows.make_actor(project, Role.curator)
        self.project = project

    def say(self, who: Actor, number: int, kind: str = "accept", **columns: object) -> int:
        return rows.make_decision(self.samples[number], who, kind, **columns).id

    def found(self, who: Actor, *, sort: Sort | None = None, limit: int = 50, **filters: object) -> list[int]:
        """The places of what is listed, page by page."""
        ids, cursor = list[int](), None
        for _ in range(40):
            page = samples.page(who, self.round.id, Filters(**filters), sort, cursor, limit)  # type: ignore[arg-type]
            ids += [row.id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return [id_ - self.samples[0].id for id_ in ids]
        pytest.fail("the list does not end")


@pytest.fixture(params=["sorted", "looked up"])
def said(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Decided:
    """Both ways to list a set: of few samples, and of more than are sorted for a page."""
    if request.param == "looked up":
        monkeypatch.setattr(listing_among, "SORTED", 0)
        monkeypatch.setattr(listing_among, "LOOKED_UP", 3)
    return Decided()


def test_ones_own_and_others_decisions_that_stand_are_found(said: Decided) -> None:
    for number in (1, 3, 7, 10):
        said.say(said.ann, number)
    said.say(said.ben, 3, "reject")
    said.say(said.ben, 4, "edit")
    said.say(said.ben, 5, "skip")
    said.say(said.ann, 8, batch_id="bulk")
    taken_back = said.say(said.ann, 6)
    said.say(said.ann, 6, "retract", retracts_id=taken_back)
    assert said.found(said.ann, decided="me") == [1, 3, 7, 10]
    assert said.found(said.ben, decided="me") == [3, 4] == said.found(said.ann, decided="others")
    assert said.found(said.curator, decided="others") == [1, 3, 4, 7, 10]
    assert said.found(said.curator, decided="me") == []
    by_score = Sort(SortKey.score, descending=True)
    assert said.found(said.ann, decided="me", sort=by_score, limit=2) == [10, 3, 7, 1], "scores 4, 3, 1, 1"
    assert said.found(said.curator, decided="others", min_score=3.0, sort=by_score) == [10, 4, 3]
    assert said.found(said.ann, decided="me", text="blue") == [1, 7, 10]
    assert said.found(said.ann, decided="me", text="/^b/", limit=1) == [1, 7, 10]
    assert said.found(said.ann, decided="me", text="fish", prompt='"question 0"') == [1]


def test_a_decision_on_a_group_is_on_all_its_samples(said: Decided) -> None:
    said.say(said.ann, 2, "prefer", mode="group", value={"best": said.samples[3].id})
    said.say(said.ben, 4, "rank", mode="group", value={"order": [said.samples[4].id]})
    assert said.found(said.ann, decided="me") == [2, 3]
    assert said.found(said.ann, decided="others") == [4, 5]


def test_what_reviewers_disagree_on_is_found_until_somebody_settles_it(said: Decided) -> None:
    for number, other in ((0, "reject"), (1, "accept"), (2, "reject"), (9, "reject")):
        said.say(said.ann, number)
        said.say(said.ben, number, other)
    said.say(said.curator, 2, is_adjudication=True)
    assert said.found(said.curator, decided="disputed") == [0, 9]
    assert said.found(said.curator, decided="disputed", sort=Sort(SortKey.id, descending=True), limit=1) == [9, 0]
    assert said.found(said.curator, decided="disputed", text="red") == [0, 9]


def test_an_export_holds_the_same_as_the_list(said: Decided) -> None:
    for number in (1, 3, 7):
        said.say(said.ann, number)
    for filters, number in ((Filters(decided="me"), 3), (Filters(decided="me", text="blue"), 2)):
        assert exports.count(said.ann, said.project.id, ExportRequest((said.round.id,), filters)) == number


def test_what_others_decided_is_no_filter_while_it_is_hidden_and_never_of_a_bulk_action() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked], status=RoundStatus.review, is_reviewed=True, is_blind=True)
    made = rows.make_samples(round_, asked)
    reviewer, curator = (rows.make_actor(project, role) for role in (Role.reviewer, Role.curator))
    rows.make_decision(made[1], reviewer)
    for decided in ("others", "disputed"):
        with pytest.raises(PermissionDenied, match="decisions of others"):
            samples.page(reviewer, round_.id, Filters(decided=decided))
        assert samples.page(curator, round_.id, Filters(decided=decided)).count.is_exact
    assert [row.id for row in samples.page(reviewer, round_.id, Filters(decided="me")).rows] == [made[1].id]
    with pytest.raises(InvalidInput, match="lists and of their exports"):
        bulk.preview(curator, round_.id, Filters(decided="me"), DecisionKind.accept)
    with pytest.raises(InvalidInput, match="decided"):
        Filters(decided="nobody")
