"""Agreement of a round's people: which decisions count, which do not, and for what."""

import pytest

from backend.errors import NotFound, PermissionDenied
from backend.metrics._agreement import UNKNOWN
from backend.services.team import agreement
from backend.services.team.agreement import Criterion
from backend.values import Role, RoundStatus, Stage
from tests import rows


class Place:
    """Ten samples, judged accept and reject in turn; two reviewers and a curator."""

    def __init__(self, *, n: int = 2) -> None:
        self.project = rows.make_project()
        prompts = rows.make_prompt_set(self.project, prompts=10 // n)
        self.round = rows.make_round(self.project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
        self.samples = rows.make_samples(self.round, prompts, n=n, scores=[1.0, 0.0])
        self.curator = rows.make_actor(self.project, Role.curator, name="Cleo")
        self.ada = rows.make_actor(self.project, Role.reviewer, name="Ada")
        self.ben = rows.make_actor(self.project, Role.reviewer, name="Ben")

    def say(self, actor, words: str, **columns) -> None:
        """Decisions on the samples in order: a accepts, x rejects, a dot is none."""
        for sample, word in zip(self.samples, words, strict=False):
            if word != ".":
                rows.make_decision(sample, actor, {"a": "accept", "x": "reject"}[word], **columns)

    def measure(self) -> agreement.Agreement:
        return agreement.measure(self.curator, self.round.id)


@pytest.fixture
def place(database: str) -> Place:
    return Place()


def test_two_people_on_the_items_they_share(place: Place) -> None:
    """Both accept 2, both reject 2, one differs: po = 4/5; Ada says accept 3/5, Ben 2/5: pe = 6/25 + 6/25 = 0.48."""
    place.say(place.ada, "aaaxx.a")
    place.say(place.ben, "aaxxxa.")
    (pair,) = place.measure().pairs
    assert (pair.first, pair.second, pair.criterion) == ("Ada", "Ben", Criterion.verdict)
    assert pair.percent.n == 5
    assert pair.percent.value == pytest.approx(0.8)
    assert pair.cohen.value == pytest.approx((0.8 - 0.48) / 0.52)
    (among,) = place.measure().among
    assert (among.people, among.percent.value, among.fleiss.n, among.alpha.n) == (2, pytest.approx(0.8), 5, 5)


def test_a_person_against_the_judge(place: Place) -> None:
    """The judge says a x a x a x a x a x."""
    place.say(place.ada, "axaxxaaxax")
    (pair,) = place.measure().judge
    assert (pair.first, pair.second, pair.second_id) == ("Ada", "the judge", None)
    assert pair.percent.value == pytest.approx(0.8)
    assert pair.cohen.value == pytest.approx(0.6)


def test_only_decisions_made_before_the_judge_was_seen_count_against_it(place: Place) -> None:
    place.say(place.ada, "axax")
    place.say(place.ada, "....aaaa", is_blind=False)
    place.say(place.ada, "........xx", mode="judgment")
    measures = place.measure()
    (pair,) = measures.judge
    assert (pair.percent.n, pair.percent.value) == (4, 1.0)
    assert measures.left_out_of_judge == {agreement.SHOWN: 6}
    assert measures.left_out == {}


def test_what_was_drawn_at_random_has_a_figure_of_its_own(place: Place) -> None:
    place.say(place.ada, "xa")
    place.say(place.ada, "..ax", is_random=True)
    measures = place.measure()
    assert [entry.percent.value for entry in measures.judge] == [0.5]
    assert [(entry.percent.n, entry.percent.value) for entry in measures.judge_random] == [(2, 1.0)]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"is_gold": True}, "on gold items"),
        ({"is_adjudication": True}, "adjudications"),
        ({"is_late": True}, "late: the item's reviewers were complete"),
        ({"batch_id": "b"}, "bulk actions"),
    ],
)
def test_what_is_no_vote_is_left_out_and_counted(place: Place, columns: dict, why: str) -> None:
    place.say(place.ada, "aaaa")
    place.say(place.ben, "aa")
    place.say(place.ben, "..xx", **columns)
    measures = place.measure()
    assert [pair.percent.n for pair in measures.pairs] == [2]
    assert measures.left_out == measures.left_out_of_judge == {why: 2}


def test_an_adjudication_does_not_replace_the_same_persons_vote(place: Place) -> None:
    place.say(place.ada, "a")
    place.say(place.curator, "x")
    place.say(place.curator, "a", is_adjudication=True)
    (pair,) = place.measure().pairs
    assert pair.percent.value == 0.0


def test_the_last_word_that_stands_counts(place: Place) -> None:
    place.say(place.ada, "a")
    place.say(place.ben, "x")
    place.say(place.ben, "a")
    gone = rows.make_decision(place.samples[0], place.ben, "reject")
    rows.make_decision(place.samples[0], place.ben, "retract", retracts_id=gone.id)
    measures = place.measure()
    assert [pair.percent.value for pair in measures.pairs] == [1.0]
    assert measures.left_out == {"replaced by the same person's later word": 1}


def test_scores_are_compared_as_numbers(place: Place) -> None:
    for sample, number, other in zip(place.samples, [1.0, 2.0, 3.0, 5.0], [1.0, 2.4, 3.0, 4.0], strict=False):
        rows.make_decision(sample, place.ada, "score", score=number)
        rows.make_decision(sample, place.ben, "score", score=other)
    results = {entry.criterion: entry for entry in place.measure().among}
    assert results[Criterion.score].percent.value == 0.75  # a difference of up to half a point is none
    assert results[Criterion.score].alpha.value == pytest.approx(0.92, abs=0.02)
    assert results[Criterion.score].fleiss == UNKNOWN
    assert results[Criterion.verdict].percent.value == 1.0  # all are above the cut


def test_the_best_of_a_group_is_compared_by_its_place(database: str) -> None:
    """Groups of five; the judge scored 1 0 1 0 1 and 0 1 0 1 0: no best one, a tie."""
    place = Place(n=5)
    heads = [place.samples[0], place.samples[5]]
    for head, picks in zip(heads, [(0, 0), (6, 7)], strict=True):
        for actor, pick in zip((place.ada, place.ben), picks, strict=True):
            best = {"best": place.samples[pick].id, "worst": None}
            rows.make_decision(head, actor, "prefer", mode="group", value=best)
    (pair,) = place.measure().pairs
    assert (pair.criterion, pair.percent.value, pair.percent.n) == (Criterion.best, 0.5, 2)
    assert {entry.percent.value for entry in place.measure().judge} == {0.0}


@pytest.mark.parametrize(
    ("kind", "value", "means"),
    [("prefer", {"all_bad": True}, "all bad"), ("prefer", {"tie": [1, 2]}, "tie"), ("rank", {"order": ["first"]}, 0)],
)
def test_what_a_group_decision_put_first(database: str, kind: str, value: dict, means: object) -> None:
    place = Place(n=5)
    value = {"order": [sample.id for sample in place.samples[:5]]} if "order" in value else value
    for actor in (place.ada, place.ben):
        rows.make_decision(place.samples[0], actor, kind, mode="group", value=value)
    (pair,) = place.measure().pairs
    assert pair.percent.value == 1.0


def test_a_round_without_decisions_has_no_figures(place: Place) -> None:
    measures = place.measure()
    assert (measures.among, measures.pairs, measures.judge, measures.left_out) == ((), (), (), {})


def test_it_names_people_so_it_needs_a_curator(place: Place) -> None:
    with pytest.raises(PermissionDenied):
        agreement.measure(place.ada, place.round.id)
    with pytest.raises(NotFound):
        agreement.measure(rows.make_actor(), place.round.id)
