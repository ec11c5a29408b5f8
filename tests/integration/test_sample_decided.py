"""Samples by who decided: one's own, others', and those on which reviewers disagree, in every order, to the last page."""

import pytest

from backend.db import listing_among, reading
from backend.errors import InvalidInput, PermissionDenied
from backend.services import samples
from backend.services.access import Actor
from backend.services.decisions import bulk, decided
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

    def numbers(self, who: Actor, *, sort: Sort | None = None, limit: int = 50, **filters: object) -> list[int]:
        """The places of what is listed, page by page."""
        ids, cursor = list[int](), None
        for _ in range(40):
            page = samples.page(who, self.round.id, Filters(**filters), sort, cursor, limit)  # type: ignore[arg-type]
            ids += [row.id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return [id_ - self.samples[0].id for id_ in ids]
        pytest.fail("the list does not end")


@pytest.fixture(params=["sorted", "looked up", "too many to read"])
def decided_round(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Decided:
    """Both ways to list a set: of few samples, and of more than are sorted, or read, for a page."""
    if request.param != "sorted":
        monkeypatch.setattr(listing_among, "SORTED" if request.param == "looked up" else "READ", 0)
        monkeypatch.setattr(listing_among, "LOOKED_UP", 3)
    return Decided()


def test_ones_own_and_others_decisions_that_stand_are_found(decided_round: Decided) -> None:
    for number in (1, 3, 7, 10):
        decided_round.say(decided_round.ann, number)
    decided_round.say(decided_round.ben, 3, "reject")
    decided_round.say(decided_round.ben, 4, "edit")
    decided_round.say(decided_round.ben, 5, "skip")
    decided_round.say(decided_round.ann, 8, batch_id="bulk")
    taken_back = decided_round.say(decided_round.ann, 6)
    decided_round.say(decided_round.ann, 6, "retract", retracts_id=taken_back)
    assert decided_round.numbers(decided_round.ann, decided="me") == [1, 3, 7, 10]
    assert (
        decided_round.numbers(decided_round.ben, decided="me")
        == [3, 4]
        == decided_round.numbers(decided_round.ann, decided="others")
    )
    assert decided_round.numbers(decided_round.curator, decided="others") == [1, 3, 4, 7, 10]
    assert decided_round.numbers(decided_round.curator, decided="me") == []
    by_score = Sort(SortKey.score, descending=True)
    assert decided_round.numbers(decided_round.ann, decided="me", sort=by_score, limit=2) == [10, 3, 7, 1], (
        "scores 4, 3, 1, 1"
    )
    assert decided_round.numbers(decided_round.curator, decided="others", min_score=3.0, sort=by_score) == [10, 4, 3]
    assert decided_round.numbers(decided_round.ann, decided="me", text="blue") == [1, 7, 10]
    assert decided_round.numbers(decided_round.ann, decided="me", text="/^b/", limit=1) == [1, 7, 10]
    assert decided_round.numbers(decided_round.ann, decided="me", text="fish", prompt='"question 0"') == [1]


def test_what_nobody_or_not_oneself_decided_and_what_a_person_says_is_found(decided_round: Decided) -> None:
    ann, ben = decided_round.ann, decided_round.ben
    for number in (0, 1, 2, 3):
        decided_round.say(ann, number)
    decided_round.say(ann, 1, "reject")  # her last word
    decided_round.say(ben, 2, "reject")
    decided_round.say(ben, 4, "edit")
    decided_round.say(ben, 5, "score", score=0.9)
    decided_round.say(ben, 6, "score", score=0.1)
    decided_round.say(ben, 7, "skip")
    decided_round.say(decided_round.curator, 8, batch_id="bulk")
    taken_back = decided_round.say(ann, 9)
    decided_round.say(ann, 9, "retract", retracts_id=taken_back)
    decided_round.say(ben, 10, "prefer", mode="group", value={"best": decided_round.samples[11].id})
    numbers = decided_round.numbers
    assert numbers(decided_round.curator, decided="nobody") == [7, 9], "8 is a bulk action's, 10 and 11 one group's"
    assert numbers(ann, decided="nobody", text="blue") == [7]
    assert numbers(ann, decided="not_me") == [4, 5, 6, 7, 8, 9, 10, 11]
    assert numbers(ann, decided="not_me", human_verdict=("reject",)) == [4, 6]
    assert numbers(ann, human_verdict=("accept",)) == [0, 2, 3, 5], "the cut is 0.5"
    assert numbers(ann, human_verdict=("reject",)) == [1, 2, 4, 6]
    assert numbers(ann, human_verdict=("accept",), reviewer=ann.user_id) == [0, 2, 3]
    assert numbers(ann, reviewer=ben.user_id) == [2, 4, 5, 6, 10, 11]
    assert numbers(ben, reviewer=ben.user_id, decided="me", sort=Sort(SortKey.id, descending=True)) == [
        11,
        10,
        6,
        5,
        4,
        2,
    ]


def test_what_was_decided_by_hand_is_found_whether_it_counts_or_not() -> None:
    """A reviewer whose late decisions were left out would see which items others had completed."""
    decided_round = Decided()
    decided_round.say(decided_round.ann, 1, is_late=True)
    decided_round.say(decided_round.ann, 2, is_gold=True)
    decided_round.say(decided_round.curator, 4, is_adjudication=True)
    assert decided_round.numbers(decided_round.ann, decided="me") == [1, 2]
    assert (
        decided_round.numbers(decided_round.curator, decided="me")
        == [4]
        == decided_round.numbers(decided_round.ann, decided="others")
    )


@pytest.mark.on_sqlite
@pytest.mark.parametrize("decided_", ["me", "others", "disputed", "not_me", "nobody"])
def test_decisions_are_read_by_samples_or_by_round_without_statistics(decided_: str) -> None:
    """Most decisions are of no batch: by the index of batches all of them, of all projects, would be read."""
    decided_round = Decided()
    with reading() as db:
        set_ = decided.among(decided_round.ann, decided_round.round, Filters(decided=decided_))
        assert set_ is not None
        # What nobody decided is asked of each sample, and of its group.
        by_sample = ("ix_decisions_sample_id_id (sample_id=?", "ix_decisions_group_id (group_id=?")
        by_round = ("ix_decisions_round_id_user_id_id (round_id=?",)
        for queries, indexes in (
            (set_.those([sample.id for sample in decided_round.samples]), by_sample),
            ([*set_.every, set_.read], by_sample if decided_ in ("not_me", "nobody") else by_round),
        ):
            for query in queries:
                written = query.compile(db.get_bind(), compile_kwargs={"literal_binds": True})
                plan = [row[3] for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {written}")]
                reads = [line for line in plan if " decisions " in line]
                assert reads or query is set_.read, plan
                assert all(any(index in line for index in indexes) for line in reads), plan


@pytest.mark.parametrize("decided_", ["not_me", "nobody"])
def test_what_is_undecided_is_one_pass_over_the_decisions(database: str, decided_: str) -> None:
    """A list that no sample may be in is gone through for each sample, once it is too large to be hashed."""
    decided_round = Decided()
    with reading() as db:
        if db.get_bind().dialect.name == "sqlite":
            pytest.skip("SQLite asks each sample's index")
        set_ = decided.among(decided_round.ann, decided_round.round, Filters(decided=decided_))
        assert set_ is not None
        (query,) = set_.every
        written = query.compile(db.get_bind(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in db.connection().exec_driver_sql(f"EXPLAIN {written}"))
    assert (plan.count("Anti Join"), "SubPlan" in plan) == (2, False), plan


def test_a_decision_on_a_group_is_on_all_its_samples(decided_round: Decided) -> None:
    decided_round.say(decided_round.ann, 2, "prefer", mode="group", value={"best": decided_round.samples[3].id})
    decided_round.say(decided_round.ben, 4, "rank", mode="group", value={"order": [decided_round.samples[4].id]})
    assert decided_round.numbers(decided_round.ann, decided="me") == [2, 3]
    assert decided_round.numbers(decided_round.ann, decided="others") == [4, 5]


def test_what_reviewers_disagree_on_is_found_until_somebody_settles_it(decided_round: Decided) -> None:
    for number, other in ((0, "reject"), (1, "accept"), (2, "reject"), (9, "reject")):
        decided_round.say(decided_round.ann, number)
        decided_round.say(decided_round.ben, number, other)
    decided_round.say(decided_round.curator, 2, is_adjudication=True)
    assert decided_round.numbers(decided_round.curator, decided="disputed") == [0, 9]
    assert decided_round.numbers(
        decided_round.curator, decided="disputed", sort=Sort(SortKey.id, descending=True), limit=1
    ) == [9, 0]
    assert decided_round.numbers(decided_round.curator, decided="disputed", text="red") == [0, 9]


def test_an_export_holds_the_same_as_the_list(decided_round: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 3, 7):
        decided_round.say(decided_round.ann, number)
    asked = [(Filters(decided="me"), 3), (Filters(decided="me", text="blue"), 2), (Filters(text="blue"), 4)]
    for filters, number in asked:
        assert (
            exports.count(
                decided_round.ann, decided_round.project.id, ExportRequest((decided_round.round.id,), filters)
            )
            == number
        )
    monkeypatch.setattr(exports, "AT_ONCE", 1)
    assert (
        exports.count(
            decided_round.ann, decided_round.project.id, ExportRequest((decided_round.round.id,), asked[0][0])
        )
        == 2
    ), "counted so far"


def test_what_others_decided_is_no_filter_while_it_is_hidden_and_never_of_a_bulk_action() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked], status=RoundStatus.review, is_reviewed=True, is_blind=True)
    completions = rows.make_samples(round_, asked)
    reviewer, curator = (rows.make_actor(project, role) for role in (Role.reviewer, Role.curator))
    rows.make_decision(completions[1], reviewer)
    hidden = {"others": "decisions of others", "nobody": "decisions of others", "disputed": "disagreements"}
    for asked_for, reply in hidden.items():
        with pytest.raises(PermissionDenied, match=reply):
            samples.page(reviewer, round_.id, Filters(decided=asked_for))
        assert samples.page(curator, round_.id, Filters(decided=asked_for)).count.is_exact
    assert [row.id for row in samples.page(reviewer, round_.id, Filters(decided="me")).rows] == [completions[1].id]
    own = Filters(reviewer=reviewer.user_id, human_verdict=("accept",))
    assert [row.id for row in samples.page(reviewer, round_.id, own).rows] == [completions[1].id]
    for filters in (Filters(human_verdict=("accept",)), Filters(reviewer=curator.user_id)):
        with pytest.raises(PermissionDenied, match="decisions of others"):
            samples.page(reviewer, round_.id, filters)
    with pytest.raises(InvalidInput, match="lists and of their exports"):
        bulk.preview(curator, round_.id, Filters(decided="me"), DecisionKind.accept)
    with pytest.raises(InvalidInput, match="decided"):
        Filters(decided="somebody")


def test_where_reviewers_disagree_is_no_filter_for_who_reviews_even_if_they_see_others() -> None:
    """Nobody disagrees on a gold item: it would be told from the others."""
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    settings = {"others_visible": True}
    round_ = rows.make_round(
        project, sets=[asked], status=RoundStatus.review, is_reviewed=True, is_blind=False, review=settings
    )
    rows.make_samples(round_, asked)
    reviewer = rows.make_actor(project, Role.reviewer)
    assert samples.page(reviewer, round_.id, Filters(decided="others")).count.is_exact
    with pytest.raises(PermissionDenied, match="disagreements"):
        samples.page(reviewer, round_.id, Filters(decided="disputed"))
