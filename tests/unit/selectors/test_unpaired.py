import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.selectors.unpaired import Unpaired
from backend.values import DatasetType, Example, Group, Verdict
from tests.groups import by_person, prompt, sample, scored


def labels(selection):
    return {example.sample_id: example.label for example in selection.examples}


def test_labels_each_sample_by_itself():
    selection = Unpaired(accept_at=4.0, reject_below=2.0).select([scored([5.0, 4.0, 3.0, 2.0, 1.9, None])], seed=1)
    assert selection.examples[0] == Example(prompt_id=1, sample_id=1, label=True)
    assert labels(selection) == {1: True, 2: True, 5: False}
    assert selection.dropped == {"between the thresholds": 2, "no score": 1}
    assert (selection.unit, Unpaired.makes) == ("samples", DatasetType.unpaired_preference)


def test_a_prompt_may_give_only_bad_examples():
    assert labels(Unpaired().select([scored([0.0, 0.1])], seed=1)) == {1: False, 2: False}


def test_people_stand_above_scores():
    group = Group(
        prompt(),
        (
            by_person(1, Verdict.reject, score=1.0),
            by_person(2, Verdict.accept, score=0.0),
            by_person(3, Verdict.accept),
        ),
    )
    assert labels(Unpaired().select([group], seed=1)) == {1: False, 2: True, 3: True}


def test_leaves_out_what_was_cut_off_unless_told():
    group = Group(prompt(), (sample(1, score=1.0, finish_reason="length"),))
    assert Unpaired().select([group], seed=1).dropped == {"truncated": 1}
    assert labels(Unpaired(drop_truncated=False).select([group], seed=1)) == {1: True}


def test_takes_a_text_once_and_never_with_both_labels():
    samples = (
        sample(1, "a", score=1.0),
        sample(2, "a ", score=1.0),
        sample(3, "b", score=1.0),
        sample(4, "b", score=0.0),
    )
    selection = Unpaired().select([Group(prompt(), samples)], seed=1)
    assert labels(selection) == {1: True}
    assert selection.dropped == {"duplicate text": 1, "same text with both labels": 2}


def test_a_person_settles_a_text_with_both_labels():
    samples = (by_person(1, Verdict.reject, "b", score=1.0), sample(2, "b", score=1.0))
    assert labels(Unpaired().select([Group(prompt(), samples)], seed=1)) == {1: False}


def test_refuses_thresholds_that_overlap():
    with pytest.raises(ValidationError, match="could be both"):
        Unpaired(accept_at=2.0, reject_below=3.0)


@given(st.lists(st.none() | st.floats(0, 5), max_size=8))
def test_every_sample_is_labelled_or_counted(scores):
    selection = Unpaired(accept_at=4.0, reject_below=2.0).select([scored(scores)], seed=1)
    assert len(selection.examples) + sum(selection.dropped.values()) == len(scores)


def test_entropy_weighs_the_examples_of_a_prompt():
    # Shares 1/2, 1/4, 1/4 of the answers: H = 1.5 bits. All agree: H = 0.
    mixed = [sample(n, f"way {n}\n#### {entry}", score=float(entry == "4")) for n, entry in enumerate("4456", start=1)]
    agreed = [sample(n, f"way {n}\n#### 4", score=1.0) for n in (5, 6)]
    groups = [Group(prompt(answer="4"), tuple(mixed)), Group(prompt(id=2, answer="4"), tuple(agreed))]
    selection = Unpaired(entropy_power=1).select(groups, seed=1)
    assert [(e.label, e.weight) for e in selection.examples] == [(True, 1.5), (True, 1.5), (False, 1.5), (False, 1.5)]
    assert selection.dropped == {"no entropy": 2}
