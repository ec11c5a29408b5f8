import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.selectors._entropy import entropy
from backend.selectors.right_and_wrong import RightAndWrong, walk
from backend.values import DatasetType, Group, LabelSource, Verdict
from tests.groups import by_person, prompt, sample

RIGHT, WRONG = Verdict.accept, Verdict.reject


def judged(*reply, answer="4"):
    """A group whose samples 1, 2, ... have these (text, verdict) by a judge, who scores 1 and 0."""
    score = {RIGHT: 1.0, WRONG: 0.0, None: None}
    samples = (
        sample(n, text, verdict=verdict, score=score[verdict], source=LabelSource.judge)
        for n, (text, verdict) in enumerate(reply, start=1)
    )
    return Group(prompt(answer=answer), tuple(samples))


def sides(right, wrong):
    """A group of so many right and so many wrong texts: 1, 2, ... are right, the others wrong."""
    return judged(*((f"r{n} #### 4", RIGHT) for n in range(right)), *((f"w{n} #### 5", WRONG) for n in range(wrong)))


def pairs(group, *, seed=1, **knobs):
    return [(e.sample_id, e.rejected_id) for e in RightAndWrong(**knobs).select([group], seed=seed).examples]


def reason(group, **knobs):
    selection = RightAndWrong(**knobs).select([group], seed=1)
    assert (selection.examples, selection.unit) == ([], "prompts")
    return next(iter(selection.dropped))


def test_one_right_above_one_wrong_sample_by_chance():
    result = {pairs(sides(2, 3), seed=seed)[0] for seed in range(60)}
    assert result == {(right, wrong) for right in (1, 2) for wrong in (3, 4, 5)}
    assert RightAndWrong.makes is DatasetType.preference
    assert RightAndWrong().select([sides(2, 3)], seed=1).examples[0].weight == 1.0


def test_several_pairs_use_as_many_texts_as_there_are():
    result = pairs(sides(6, 4), pairs_per_prompt=4)
    assert len(result) == 4
    assert len({right for right, _ in result}) == len({wrong for _, wrong in result}) == 4


def test_no_pair_comes_twice_and_none_is_made_up():
    # 2 right and 2 wrong texts: 4 pairs, however many are asked for.
    assert sorted(pairs(sides(2, 2), pairs_per_prompt=10)) == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert len(pairs(sides(1, 3), pairs_per_prompt=10)) == 3


def test_both_sides_are_gone_through_at_once():
    # 2 right, 4 wrong: after 4 pairs both begin again, the wrong side one on.
    assert walk("ab", "wxyz", 6) == [("a", "w"), ("b", "x"), ("a", "y"), ("b", "z"), ("a", "x"), ("b", "y")]


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 40))
def test_every_pair_comes_once_before_one_would_twice(right, wrong, most):
    result = walk(range(right), range(wrong), most)
    assert len(set(result)) == len(result) == min(most, right * wrong)
    if most >= math.lcm(right, wrong):
        assert {entry for entry, _ in result} == set(range(right))
        assert {two for _, two in result} == set(range(wrong))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ([("#### 5", WRONG), ("#### 6", WRONG)], "no right sample"),
        ([("#### 4", RIGHT), ("so #### 4", RIGHT)], "no wrong sample"),
        ([("what?", None)], "no verdict"),  # a sample without a verdict is on neither side
        ([("what?", None), ("#### 4", RIGHT)], "no wrong sample"),
        ([], "no verdict"),
        ([(" ", RIGHT), ("", WRONG)], "empty text"),
        ([("#### 4", RIGHT), ("", WRONG)], "no wrong sample"),
        ([("same", RIGHT), (" same\n", WRONG)], "same text on both sides"),
    ],
)
def test_a_prompt_without_both_sides_is_dropped_with_a_reason(reply, expected):
    assert reason(judged(*reply)) == expected


def test_a_text_counts_once():
    group = judged(("#### 4", RIGHT), ("#### 4 ", RIGHT), ("#### 5", WRONG), ("#### 6", WRONG))
    assert len(pairs(group, pairs_per_prompt=10)) == 2


def test_what_was_cut_off_is_no_side_unless_told():
    cut = sample(2, "#### 5", verdict=WRONG, finish_reason="length")
    group = Group(prompt(), (sample(1, "#### 4", verdict=RIGHT), cut))
    assert reason(group) == "no wrong sample"
    assert pairs(group, drop_truncated=False) == [(1, 2)]


def test_extreme_begins_with_best_and_worst():
    scores = [(0.9, RIGHT), (0.6, RIGHT), (0.4, WRONG), (0.1, WRONG)]
    group = Group(prompt(), tuple(sample(n, score=s, verdict=v) for n, (s, v) in enumerate(scores, start=1)))
    for seed in range(5):
        assert pairs(group, pick="extreme", pairs_per_prompt=2, seed=seed) == [(1, 4), (2, 3)]


def test_the_most_common_wrong_answer_is_rejected():
    # Wrong: 7 three times, 5 once, 6 twice.
    wrong = ["#### 7", "#### 5", "x #### 7.0", "#### 6", "y #### 6", "z #### 7"]
    group = judged(("#### 4", RIGHT), *((text, WRONG) for text in wrong))
    assert {pairs(group, pick="most_common_wrong", seed=seed)[0] for seed in range(60)} == {(1, 2), (1, 4), (1, 7)}
    assert len(pairs(group, pick="most_common_wrong", pairs_per_prompt=10)) == 3


def test_wrong_answers_given_equally_often_are_chosen_by_the_seed():
    group = judged(("#### 4", RIGHT), ("#### 5", WRONG), ("#### 6", WRONG))
    assert {pairs(group, pick="most_common_wrong", seed=seed)[0] for seed in range(40)} == {(1, 2), (1, 3)}


def test_a_wrong_sample_without_an_answer_is_not_the_most_common():
    group = judged(("#### 4", RIGHT), ("nothing", WRONG))
    assert reason(group, pick="most_common_wrong", pattern=r"#### (\d+)") == "no answer in a wrong sample"


def test_entropy_in_bits():
    assert entropy([1, 1]) == 1.0
    assert entropy([2, 1, 1]) == 1.5  # 1/2 * 1 + 1/4 * 2 + 1/4 * 2
    assert entropy([4]) == entropy([]) == 0.0


def test_a_pair_weighs_the_entropy_of_the_answers_to_a_power():
    # Answers 4 4 5 6: shares 1/2, 1/4, 1/4, so H = 1.5 bits; what cannot be read is no answer.
    group = judged(
        ("#### 4", RIGHT), ("so #### 4", RIGHT), ("#### 5", WRONG), ("#### 6", WRONG), ("well", None), answer=None
    )
    pattern = r"#### (\d+)"
    for power, weight in [(0, 1.0), (1, 1.5), (2, 2.25), (0.5, 1.5**0.5)]:
        (example,) = RightAndWrong(entropy_power=power, pattern=pattern).select([group], seed=1).examples
        assert example.weight == pytest.approx(weight)


def test_edits_imports_and_what_was_cut_off_have_no_share():
    samples = judged(("#### 4", RIGHT), ("#### 5", WRONG)).samples
    more = (
        by_person(3, RIGHT, "#### 4", kind="edit"),
        sample(4, "#### 4", kind="import"),
        sample(5, "#### 4", finish_reason="length"),
    )
    (example,) = RightAndWrong(entropy_power=1).select([Group(prompt(answer="4"), samples + more)], seed=1).examples
    assert example.weight == 1.0
    of_a_file = tuple(replace(completion, kind="import") for completion in samples)
    (example,) = RightAndWrong(entropy_power=1).select([Group(prompt(answer="4"), of_a_file)], seed=1).examples
    assert example.weight == 1.0


def test_one_answer_has_no_entropy_and_makes_no_pair():
    group = judged(("well #### 4", RIGHT), ("#### 4", WRONG))  # only people say such a thing
    assert reason(group, entropy_power=1) == "no entropy"
    assert pairs(group) == [(1, 2)]


def test_people_stand_above_the_judge():
    group = Group(
        prompt(),
        (
            by_person(1, WRONG, "a", score=1.0),
            sample(2, "a", verdict=RIGHT, score=1.0),  # the same text as what a person rejected
            by_person(3, RIGHT, "b", score=0.0, finish_reason="length"),
            sample(4, "c", verdict=RIGHT, score=1.0),
        ),
    )
    assert set(pairs(group, pairs_per_prompt=10)) <= {(right, wrong) for right in (3, 4) for wrong in (1, 2)}
    assert pairs(group, pick="extreme")[0][0] == 3


@pytest.mark.parametrize("knobs", [{"pairs_per_prompt": 0}, {"entropy_power": -1}, {"pick": "best"}, {"pattern": "("}])
def test_refuses_knobs_out_of_bounds(knobs):
    with pytest.raises(ValidationError):
        RightAndWrong(**knobs)


def test_a_choice_does_not_depend_on_other_groups():
    entry = sides(3, 3)
    two = Group(prompt(id=2, answer="4"), entry.samples)
    together = RightAndWrong(pairs_per_prompt=4).select([entry, two], seed=1).examples
    assert together == [e for g in (entry, two) for e in RightAndWrong(pairs_per_prompt=4).select([g], seed=1).examples]
