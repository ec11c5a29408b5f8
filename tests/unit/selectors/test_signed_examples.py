"""Chen et al. 2025 (NFT), arXiv 2505.18116: right and wrong samples with the rate of their prompt."""

from hypothesis import given
from hypothesis import strategies as st

from backend.selectors.signed_examples import SignedExamples
from backend.values import DatasetType, Example, Group, Verdict
from tests.groups import by_person, prompt, sample

RIGHT, WRONG = Verdict.accept, Verdict.reject


def judged(*verdicts, **more):
    return Group(prompt(), tuple(sample(n, verdict=verdict, **more) for n, verdict in enumerate(verdicts, start=1)))


def test_every_sample_with_its_sign_and_the_rate_of_its_prompt():
    selection = SignedExamples().select([judged(RIGHT, WRONG, WRONG, WRONG)], seed=1)
    assert selection.examples[0] == Example(1, 1, label=True, extra={"rate": 0.25})
    assert [example.label for example in selection.examples] == [True, False, False, False]
    assert {example.extra["rate"] for example in selection.examples} == {0.25}
    assert (SignedExamples.makes, SignedExamples.writes) == (DatasetType.unpaired_preference, ("rate",))


def test_unjudged_samples_are_left_out_not_called_false():
    selection = SignedExamples().select([judged(RIGHT, None, WRONG)], seed=1)
    assert [(e.sample_id, e.extra["rate"]) for e in selection.examples] == [(1, 0.5), (3, 0.5)]
    assert selection.dropped == {"no verdict": 1}


def test_prompts_at_rate_0_or_1_are_left_out_unless_told():
    groups = [judged(RIGHT, RIGHT), judged(WRONG, WRONG, WRONG)]
    selection = SignedExamples().select(groups, seed=1)
    assert (selection.examples, selection.dropped) == ([], {"no wrong sample": 2, "no right sample": 3})
    kept = SignedExamples(mixed_only=False).select(groups, seed=1).examples
    assert [example.extra["rate"] for example in kept] == [1.0] * 2 + [0.0] * 3


def test_a_text_counts_as_often_as_it_was_drawn():
    group = Group(
        prompt(), (sample(1, "a", verdict=RIGHT), sample(2, "a", verdict=RIGHT), sample(3, "b", verdict=WRONG))
    )
    assert len(SignedExamples().select([group], seed=1).examples) == 3


def test_people_stand_above_the_judge_and_their_texts_are_no_draws():
    group = Group(
        prompt(),
        (
            sample(1, verdict=RIGHT),
            sample(2, verdict=WRONG),
            by_person(3, RIGHT, "mine", kind="edit"),
            by_person(4, WRONG, "text 1"),
        ),
    )
    selection = SignedExamples().select([group], seed=1)
    # Sample 1 has the text that a person rejected in sample 4.
    assert selection.examples == []
    more = SignedExamples(mixed_only=False).select([group], seed=1).examples
    assert [(e.sample_id, e.label, e.extra["rate"]) for e in more] == [
        (1, False, 0.0),
        (2, False, 0.0),
        (3, True, 0.0),
        (4, False, 0.0),
    ]


def test_what_was_cut_off_is_judged_as_it_is_unless_told():
    group = judged(RIGHT, WRONG, finish_reason="length")
    assert len(SignedExamples().select([group], seed=1).examples) == 2
    assert SignedExamples(drop_truncated=True).select([group], seed=1).dropped == {"truncated": 2}


@given(st.lists(st.sampled_from([RIGHT, WRONG, None]), max_size=8))
def test_every_sample_is_an_example_or_counted(verdicts):
    selection = SignedExamples().select([judged(*verdicts)], seed=1)
    assert len(selection.examples) + sum(selection.dropped.values()) == len(verdicts)
