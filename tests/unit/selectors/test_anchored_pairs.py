import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.selectors.anchored_pairs import AnchoredPairs
from backend.values import DatasetType, Example, Group, Verdict
from tests.groups import by_person, prompt, sample

TEMPORAL = {"chosen_from": ("future",), "rejected_from": ("base",), "fallback": ("policy",)}
SPIN = {"chosen_from": ("data",), "rejected_from": ("policy",), "require_higher": False}


def by(role, *scores, first=1):
    """Samples of a role with these scores, numbered from `first`."""
    return [sample(first + n, score=score, role=role) for n, score in enumerate(scores)]


def pair(*samples, seed=1, **knobs):
    selection = AnchoredPairs(**knobs).select([Group(prompt(), tuple(samples))], seed=seed)
    if selection.examples:
        return selection.examples[0].sample_id, selection.examples[0].rejected_id
    return next(iter(selection.dropped))


def test_pairs_the_best_of_the_one_with_the_worst_of_the_other():
    group = Group(prompt(), (*by("policy", 2.0, 5.0), *by("base", 3.0, 1.0, None, first=3)))
    selection = AnchoredPairs().select([group], seed=1)
    assert selection.examples == [Example(prompt_id=1, sample_id=2, rejected_id=4)]
    assert (selection.dropped, selection.unit) == ({}, "prompts")
    assert AnchoredPairs.makes is DatasetType.preference


def test_other_roles_stand_on_no_side():
    # The author's 9 is higher and its 0 lower than what the named roles wrote.
    assert pair(*by("author", 9.0, 0.0), *by("policy", 4.0, first=3), *by("base", 3.0, first=4)) == (3, 4)


@pytest.mark.parametrize(
    ("future", "policy", "base", "expected"),
    [
        ([4.0], [3.0, 2.0], [1.0], (1, 4)),  # 4 > 3: chosen by future; 1 < 2: rejected by base
        ([3.0], [3.0, 2.0], [1.0], (2, 4)),  # 3 does not beat 3: chosen by policy
        ([2.5], [3.0, 2.0], [1.0], (2, 4)),
        ([4.0], [3.0, 2.0], [2.0], (1, 3)),  # 2 is not below 2: rejected by policy
        ([4.0], [3.0, 2.0], [2.5], (1, 3)),
        ([1.0], [3.0, 2.0], [5.0], (2, 3)),  # both sides by policy
        ([None], [3.0, 2.0], [None], (2, 3)),  # what has no score beats nothing
    ],
)
def test_the_fallback_stands_unless_the_named_roles_are_better_or_worse(future, policy, base, expected):
    samples = (*by("future", *future), *by("policy", *policy, first=2), *by("base", *base, first=4))
    assert pair(*samples, **TEMPORAL) == expected


def test_the_rejected_side_is_the_same_before_and_after_a_further_role_wrote():
    present = (*by("policy", 3.0, 1.0, 1.0), *by("base", 1.0, 1.0, first=4))
    before = pair(*present, chosen_from=("policy",), rejected_from=("base",), fallback=("policy",), seed=1)
    after = pair(*present, *by("future", 5.0, 1.0, first=6), **TEMPORAL, seed=2)
    # Four texts score 1: of equals the fallback's, and of these the first.
    assert (before, after) == ((1, 2), (6, 2))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (by("base", 1.0), "chosen side: no text by policy"),
        (by("policy", 1.0), "rejected side: no text by base"),
        ([], "chosen side: no text by policy"),
        ([*by("policy", None), *by("base", 1.0, first=2)], "chosen side: no score"),
        ([*by("policy", 1.0), *by("base", None, first=2)], "rejected side: no score"),
        ([*by("policy", 3.0), *by("base", 3.0, first=2)], "equal scores"),
        ([*by("policy", 3.0), *by("base", 4.0, first=2)], "chosen scores lower than rejected"),
        (
            [sample(1, "a", score=4.0, role="policy"), sample(2, " a\n", score=1.0, role="base")],
            "same text on both sides",
        ),
        ([sample(1, " \u200b", score=4.0, role="policy"), *by("base", 1.0, first=2)], "chosen side: empty text"),
        (
            [*by("policy", 4.0), sample(2, score=1.0, role="base", finish_reason="length")],
            "rejected side: truncated",
        ),
    ],
)
def test_drops_the_prompt_with_a_reason(samples, reason):
    selection = AnchoredPairs().select([Group(prompt(), tuple(samples))], seed=1)
    assert (selection.examples, selection.dropped) == ([], {reason: 1})


def test_names_all_roles_of_a_side_that_is_missing():
    assert pair(*by("base", 1.0), **TEMPORAL) == "chosen side: no text by future or policy"


def test_rounding_makes_no_pair():
    noise = (3.1 + 3.2 + 3.3) / 3, (3.3 + 3.2 + 3.1) / 3
    assert noise[0] != noise[1]
    assert pair(*by("policy", max(noise)), *by("base", min(noise), first=2)) == "equal scores"


def test_without_a_judge_the_origin_decides():
    data, own = sample(1, "4", role="data"), sample(2, "5", role="policy")
    assert pair(data, own, **SPIN) == (1, 2)
    assert pair(own, **SPIN) == "chosen side: no text by data"
    assert pair(data, sample(2, "4 ", role="policy"), **SPIN) == "same text on both sides"
    # Scores play no part, even where there are some.
    assert pair(sample(1, score=0.0, role="data"), sample(2, score=5.0, role="policy"), **SPIN) == (1, 2)


def test_what_was_cut_off_is_left_out_unless_told():
    data, cut = sample(1, role="data"), sample(2, role="policy", finish_reason="length")
    assert pair(data, cut, **SPIN) == "rejected side: truncated"
    assert pair(data, cut, **SPIN, drop_truncated=False) == (1, 2)


def test_people_stand_above_scores():
    accepted = by_person(1, Verdict.accept, score=0.0, role="policy")
    assert pair(accepted, *by("policy", 5.0, first=2), *by("base", 4.0, first=3)) == (1, 3)
    assert pair(by_person(1, Verdict.accept, role="policy"), *by("base", 4.0, first=2)) == (1, 2)  # needs no score
    rejected = by_person(3, Verdict.reject, score=5.0, role="base")
    assert pair(*by("policy", 1.0), *by("base", 0.0, first=2), rejected) == (1, 3)


def test_what_people_rejected_is_never_chosen_and_what_they_accepted_never_rejected():
    assert pair(by_person(1, Verdict.reject, score=5.0, role="policy"), *by("base", 1.0, first=2)) == (
        "chosen side: rejected by people"
    )
    assert pair(*by("policy", 5.0), by_person(2, Verdict.accept, score=1.0, role="base")) == (
        "rejected side: accepted by people"
    )
    data, own = sample(1, role="data"), by_person(2, Verdict.accept, role="policy")
    assert pair(data, own, **SPIN) == "rejected side: accepted by people"


def test_a_decision_holds_for_the_same_text_by_another_role():
    samples = (
        by_person(1, Verdict.reject, "a", score=4.0, role="base"),
        sample(2, "a", score=5.0, role="policy"),
        sample(3, "b", score=2.0, role="policy"),
    )
    assert pair(*samples) == (3, 1)


@pytest.mark.parametrize(
    "knobs",
    [
        {"chosen_from": ()},
        {"rejected_from": ()},
        {"chosen_from": ("",)},
        {"fallback": ("policy",), "require_higher": False},
        {"typo": 1},
    ],
)
def test_knobs_that_mean_nothing_are_refused(knobs):
    with pytest.raises(ValidationError):
        AnchoredPairs(**knobs)


def test_says_whose_texts_it_looks_for():
    assert AnchoredPairs(**TEMPORAL).roles == ("future", "base", "policy")


@given(
    st.lists(st.tuples(st.sampled_from(("future", "policy", "base")), st.none() | st.integers(0, 5)), max_size=9),
    st.integers(),
)
def test_every_prompt_gives_a_pair_with_a_higher_score_or_a_reason(written, seed):
    samples = tuple(sample(n, role=role, score=score) for n, (role, score) in enumerate(written, start=1))
    selection = AnchoredPairs(**TEMPORAL).select([Group(prompt(), samples)], seed=seed)
    assert len(selection.examples) + sum(selection.dropped.values()) == 1
    for example in selection.examples:
        chosen, rejected = written[example.sample_id - 1], written[example.rejected_id - 1]
        assert chosen[1] == max(score for role, score in written if role != "base" and score is not None)
        assert rejected[1] == min(score for role, score in written if role != "future" and score is not None)
        assert chosen[1] > rejected[1]


def test_both_sides_may_have_to_differ_in_their_answers():
    knobs = {"chosen_from": ("policy",), "rejected_from": ("base",), "require_higher": False}
    same = sample(1, "It is #### 4"), sample(2, "so #### 4.0", role="base")
    other = sample(1, "It is #### 4"), sample(2, "so #### 5", role="base")
    assert pair(*same, **knobs) == (1, 2)
    assert pair(*same, **knobs, differ_in="answer") == "same answer on both sides"
    assert pair(*other, **knobs, differ_in="answer") == (1, 2)
    # Of several bad texts those with the answer of the good one are passed over.
    both = same[0], same[1], sample(3, "so #### 5", role="base")
    assert (pair(*both, **knobs), pair(*both, **knobs, differ_in="answer")) == ((1, 2), (1, 3))
