from hypothesis import given
from hypothesis import strategies as st

from backend.selectors.above_threshold import AboveThreshold
from backend.values import DatasetType, Example, Group, Verdict
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
    assert (selection.examples, selection.dropped) == ([], {"rejected by a person": 2})


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
