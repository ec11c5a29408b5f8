import pytest

from backend.selectors.improved_revisions import ImprovedRevisions
from backend.values import Group, Verdict
from tests.groups import by_person, prompt, sample


def chain(draft, *revisions, critique=None) -> Group:
    if critique is None:
        return Group(prompt(), revisions, parent=draft)
    return Group(prompt(), revisions, parent=critique, ancestors=(draft,))


def kept(part: ImprovedRevisions, *groups: Group) -> list[int | None]:
    return [example.sample_id for example in part.select(groups, seed=0).examples]


def dropped(part: ImprovedRevisions, *groups: Group) -> dict[str, int]:
    return part.select(groups, seed=0).dropped


def right(n: int, text: str | None = None, **more):
    return sample(n, text, **{"score": 1.0, "verdict": Verdict.accept} | more)


def wrong(n: int, text: str | None = None, **more):
    return sample(n, text, **{"score": 0.0, "verdict": Verdict.reject} | more)


def test_what_scores_higher_than_the_draft_is_kept():
    group = chain(sample(1, score=2.0), sample(2, score=3.0), sample(3, score=2.0), sample(4, score=1.0))
    assert kept(ImprovedRevisions(), group) == [2]
    assert dropped(ImprovedRevisions(), group) == {"no better than the draft": 2}


def test_the_draft_is_the_first_text_of_the_chain_not_the_critique_between():
    group = chain(sample(1, score=2.0), sample(3, score=3.0), critique=sample(2, "a critique", score=5.0))
    assert kept(ImprovedRevisions(), group) == [3]


@pytest.mark.parametrize(("require", "expected"), [("better", [2]), ("right_after_wrong", [2]), ("approved", [2, 12])])
def test_what_is_required(require, expected):
    groups = chain(wrong(1), right(2), wrong(3)), chain(right(11), right(12), wrong(13))
    assert kept(ImprovedRevisions(require=require), *groups) == expected


def test_the_best_of_a_question_are_kept():
    group = chain(sample(1, score=0.0), sample(2, score=1.0), sample(3, score=3.0), sample(4, score=2.0))
    assert kept(ImprovedRevisions(max_per_question=2), group) == [3, 4]
    assert dropped(ImprovedRevisions(max_per_question=2), group) == {"over max_per_question": 1}


def test_no_edit_blank_cut_off_and_repeated_texts_are_dropped():
    group = chain(
        wrong(1, "draft"),
        right(2, " draft "),
        right(3, ""),
        right(4, finish_reason="length"),
        right(5, "x"),
        right(6, "x"),
        sample(7),
    )
    assert kept(ImprovedRevisions(), group) == [5]
    assert dropped(ImprovedRevisions(), group) == {
        "same text as the draft": 1,
        "empty text": 1,
        "truncated": 1,
        "duplicate text": 1,
        "no score": 1,
    }


def test_people_stand_above_scores():
    group = chain(wrong(1), by_person(2, Verdict.reject, score=1.0), by_person(3, Verdict.accept, score=0.0))
    assert kept(ImprovedRevisions(), group) == [3]
    # A draft that a person accepted is no worse than what follows it.
    assert kept(ImprovedRevisions(), chain(by_person(1, Verdict.accept, score=0.0), right(2))) == []


def test_without_a_draft_there_is_no_revision():
    assert dropped(ImprovedRevisions(), Group(prompt(), (right(1),))) == {"no draft": 1}
