import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.selectors.above_threshold import AboveThreshold
from backend.values import DatasetType, Example, Group, LabelSource, Verdict
from tests.groups import by_person, prompt, sample, scored


def kept(selection):
    return [example.sample_id for example in selection.examples]


def test_keeps_what_reaches_the_threshold_best_first():
    selection = AboveThreshold(threshold=0.5).select([scored([0.5, 0.49, 1.0, None])], seed=1)
    assert selection.examples == [Example(prompt_id=1, sample_id=3), Example(prompt_id=1, sample_id=1)]
    assert selection.dropped == {"below threshold": 1, "no score": 1}
    assert (selection.unit, AboveThreshold.makes) == ("samples", DatasetType.prompt_completion)


def test_best_of_n_with_a_cap_of_one():
    selection = AboveThreshold(max_per_prompt=1).select([scored([0.6, 0.9, 0.7]), scored([0.1], id=2)], seed=1)
    assert kept(selection) == [2]
    assert selection.dropped == {"over max_per_prompt": 2, "below threshold": 1}


def test_chance_decides_among_equals_by_the_seed():
    group = scored([1.0] * 6)
    choices = [tuple(kept(AboveThreshold(max_per_prompt=2).select([group], seed=seed))) for seed in range(20)]
    assert kept(AboveThreshold(max_per_prompt=2).select([group], seed=3)) == list(choices[3])
    assert len(set(choices)) > 1


def test_same_text_is_kept_once_with_its_best_score():
    group = Group(prompt(), (sample(1, "a", score=0.6), sample(2, "a ", score=0.9), sample(3, "b", score=0.7)))
    selection = AboveThreshold().select([group], seed=1)
    assert kept(selection) == [2, 3]
    assert selection.dropped == {"duplicate text": 1}
    assert sorted(kept(AboveThreshold(drop_duplicates=False).select([group], seed=1))) == [1, 2, 3]


def test_drops_what_was_cut_off_unless_told():
    group = Group(prompt(), (sample(1, score=1.0, finish_reason="length"), sample(2, score=1.0)))
    selection = AboveThreshold().select([group], seed=1)
    assert (kept(selection), selection.dropped) == ([2], {"truncated": 1})
    assert sorted(kept(AboveThreshold(drop_truncated=False).select([group], seed=1))) == [1, 2]


def test_people_stand_above_scores():
    group = Group(
        prompt(),
        (
            sample(1, score=1.0),
            by_person(2, Verdict.reject, score=1.0),
            by_person(3, Verdict.accept, score=0.0, finish_reason="length"),
            by_person(4, Verdict.accept),  # no score at all
        ),
    )
    selection = AboveThreshold().select([group], seed=1)
    assert kept(selection) == [3, 4, 1]
    assert selection.dropped == {"rejected by a person": 1}


def test_text_a_person_rejected_is_not_kept_from_another_sample():
    group = Group(prompt(), (by_person(1, Verdict.reject, "a", score=1.0), sample(2, "a", score=1.0)))
    selection = AboveThreshold().select([group], seed=1)
    assert selection.examples == []
    assert selection.dropped == {"rejected by a person": 1, "same text as one rejected by a person": 1}


@given(st.lists(st.lists(st.none() | st.floats(0, 1), max_size=6), max_size=5), st.integers(0, 3))
def test_every_sample_is_kept_or_counted(groups, cap):
    judged = [scored(scores, id=n) for n, scores in enumerate(groups)]
    selection = AboveThreshold(max_per_prompt=cap).select(judged, seed=1)
    assert len(selection.examples) + sum(selection.dropped.values()) == sum(len(scores) for scores in groups)


def test_a_choice_does_not_depend_on_other_groups():
    groups = [scored([1.0] * 5, id=n) for n in (1, 2)]
    together = AboveThreshold(max_per_prompt=2).select(groups, seed=1).examples
    alone = [e for g in groups for e in AboveThreshold(max_per_prompt=2).select([g], seed=1).examples]
    assert together == alone


def written(*samples):
    """Samples 1, 2, ... by text and score."""
    return Group(prompt(), tuple(sample(n, text, score=score) for n, (text, score) in enumerate(samples, start=1)))


def test_the_shortest_of_what_passes_is_kept_whatever_its_score():
    group = written(("a", 0.1), ("long and right", 1.0), ("right ", 0.6), ("right too", 0.9))
    selection = AboveThreshold(max_per_prompt=1, order="shortest").select([group], seed=1)
    assert (kept(selection), selection.dropped) == ([3], {"below threshold": 1, "over max_per_prompt": 2})
    assert kept(AboveThreshold(order="shortest").select([group], seed=1)) == [3, 4, 2]  # 5, 9, 14 characters
    assert kept(AboveThreshold(max_per_prompt=1).select([group], seed=1)) == [2]


def test_a_random_order_looks_at_no_score():
    group = scored([0.6, 0.7, 0.8, 0.9])
    firsts = {kept(AboveThreshold(max_per_prompt=1, order="random").select([group], seed=n))[0] for n in range(40)}
    assert firsts == {1, 2, 3, 4}


@pytest.mark.parametrize("order", ["score", "shortest", "random"])
def test_what_a_person_accepted_comes_first_in_every_order(order):
    group = Group(prompt(), (by_person(1, Verdict.accept, "a long text", score=0.5), sample(2, "b", score=1.0)))
    for seed in range(5):
        assert kept(AboveThreshold(order=order).select([group], seed=seed)) == [1, 2]


def test_the_judges_verdict_can_decide_instead_of_a_threshold():
    # Shares of votes: 2/5 is the top, and reaches no threshold of 0.5.
    cases = [(0.4, Verdict.accept), (0.4, Verdict.accept), (0.2, Verdict.reject), (0.6, Verdict.reject), (None, None)]
    samples = tuple(
        sample(n, score=score, verdict=verdict, source=LabelSource.judge)
        for n, (score, verdict) in enumerate(cases, start=1)
    )
    selection = AboveThreshold(keep="accepted").select([Group(prompt(), samples)], seed=1)
    assert sorted(kept(selection)) == [1, 2]
    assert selection.dropped == {"rejected by the judge": 2, "no verdict": 1}


def answered(*answers, answer="4"):
    """Samples with these answers, scored by whether they are right."""
    samples = (
        sample(n, f"way {n}\n#### {entry}", score=float(entry == answer)) for n, entry in enumerate(answers, start=1)
    )
    return Group(prompt(answer=answer), tuple(samples))


def test_entropy_weighs_what_is_kept_of_a_prompt():
    # Shares 1/2, 1/4, 1/4 of the answers: H = 1.5 bits, squared 2.25. All agree: H = 0, nothing to learn.
    groups = [answered("4", "4", "5", "6"), answered("4", "4")]
    selection = AboveThreshold(entropy_power=2).select(groups, seed=1)
    assert [(e.sample_id, e.weight) for e in selection.examples] in ([(1, 2.25), (2, 2.25)], [(2, 2.25), (1, 2.25)])
    assert selection.dropped == {"below threshold": 2, "no entropy": 2}
    assert {e.weight for e in AboveThreshold().select(groups, seed=1).examples} == {1.0}
