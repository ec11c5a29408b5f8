from backend.selectors import random_for, with_twins
from backend.values import Group, LabelSource, Verdict
from tests.groups import by_person, prompt, sample, scored


def test_a_decision_holds_for_undecided_samples_with_the_same_text():
    group = Group(
        prompt(), (by_person(1, Verdict.reject, "a"), sample(2, " a\n", score=1.0), sample(3, "b", score=1.0))
    )
    decided = [(s.id, s.source, s.verdict) for s in with_twins(group)]
    assert decided == [
        (1, LabelSource.person, Verdict.reject),
        (2, LabelSource.person, Verdict.reject),
        (3, LabelSource.none, None),
    ]


def test_contradicting_decisions_stay_with_their_samples():
    group = Group(
        prompt(), (by_person(1, Verdict.reject, "a"), by_person(2, Verdict.accept, "a"), sample(3, "a", score=1.0))
    )
    assert with_twins(group) == list(group.samples)


def test_chance_depends_on_seed_and_prompt_alone():
    assert random_for(scored([1], id=4), 7).random() == random_for(scored([2, 3], id=4), 7).random()
    assert random_for(scored([1], id=4), 7).random() != random_for(scored([1], id=5), 7).random()
    assert random_for(scored([1], id=4), 7).random() != random_for(scored([1], id=4), 8).random()
