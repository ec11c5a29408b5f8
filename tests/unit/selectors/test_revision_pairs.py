from backend.selectors.revision_pairs import RevisionPairs
from backend.values import Group, Verdict
from tests.groups import by_person, prompt, sample


def chain(draft, *revisions) -> Group:
    return Group(prompt(), revisions, parent=draft)


def pairs(part: RevisionPairs, *groups: Group) -> list[tuple[int | None, int | None]]:
    return [(example.sample_id, example.rejected_id) for example in part.select(groups, seed=0).examples]


def dropped(part: RevisionPairs, *groups: Group) -> dict[str, int]:
    return part.select(groups, seed=0).dropped


FIXED = chain(sample(1, score=0.0), sample(2, score=1.0))
BROKEN = chain(sample(3, score=1.0), sample(4, score=0.0))
KEPT = chain(sample(5, score=1.0), sample(6, score=1.0))


def test_the_right_turn_is_chosen_whichever_came_first():
    assert pairs(RevisionPairs(), FIXED, BROKEN, KEPT) == [(2, 1), (3, 4)]
    assert dropped(RevisionPairs(), FIXED, BROKEN, KEPT) == {"draft and revision are equally good": 1}


def test_one_way_alone():
    assert pairs(RevisionPairs(both_ways=False), FIXED, BROKEN) == [(2, 1)]
    assert dropped(RevisionPairs(both_ways=False), BROKEN) == {"the draft is better": 1}


def test_the_draft_is_the_first_text_of_the_chain():
    critique = sample(9, "a critique", score=0.0)
    group = Group(prompt(), (sample(2, score=1.0),), parent=critique, ancestors=(sample(1, score=0.0),))
    assert pairs(RevisionPairs(), group) == [(2, 1)]


def test_what_cannot_be_compared_makes_no_pair():
    groups = (
        chain(sample(1, "", score=0.0), sample(2, score=1.0)),
        chain(sample(3, score=0.0, finish_reason="length"), sample(4, score=1.0)),
        chain(sample(5, score=0.0), sample(6)),
        chain(sample(7, "x", score=0.0), sample(8, " x", score=1.0)),
        chain(sample(9, score=0.0), sample(10, "y", score=1.0), sample(11, "y", score=1.0)),
    )
    assert pairs(RevisionPairs(), *groups) == [(10, 9)]
    assert dropped(RevisionPairs(), *groups) == {
        "empty text": 1,
        "truncated": 1,
        "no score": 1,
        "same text on both sides": 1,
        "duplicate text": 1,
    }


def test_people_stand_above_scores():
    accepted = chain(sample(1, score=1.0), by_person(2, Verdict.accept, score=0.0))
    rejected = chain(by_person(3, Verdict.reject, score=0.0), by_person(4, Verdict.reject, score=1.0))
    assert pairs(RevisionPairs(), accepted, rejected) == [(2, 1)]
    assert dropped(RevisionPairs(), rejected) == {"turned round by a person": 1}
