"""Zhang and Parkes 2023, arXiv 2309.08589: the answer of the slow mode is the target of the fast one."""

import pytest

from backend.selectors.direct_answers import DirectAnswers
from backend.values import Group, Verdict
from tests.groups import by_person, prompt, sample


def kept(*samples, **knobs):
    selection = DirectAnswers(**knobs).select([Group(prompt(), samples)], seed=0)
    return [(example.sample_id, example.completion) for example in selection.examples] or selection.dropped


def accepted(id, text, **changes):
    return sample(id, text, verdict=Verdict.accept, **changes)


def test_one_row_with_the_answer_and_without_the_reasoning():
    rejected = sample(1, "no idea\n#### 3", verdict=Verdict.reject)
    assert kept(rejected, accepted(2, "2 and 2\n#### 4"), accepted(3, "so\n#### 4.0")) == [(2, "#### 4")]
    assert kept(accepted(1, "so 4"), pattern=r"so (\d)", answer_template="{answer}!") == [(1, "4!")]


def test_a_prompt_is_dropped_with_the_reason():
    assert kept(sample(1, "#### 3", verdict=Verdict.reject)) == {"no accepted sample": 1}
    assert kept(accepted(1, "#### 3", finish_reason="length")) == {"no accepted sample": 1}
    assert kept(accepted(1, "hm"), pattern=r"####(\d)") == {"no answer in an accepted sample": 1}
    two = accepted(1, "#### 3"), accepted(2, "#### 4")
    assert kept(*two) == {"accepted samples give several answers": 1}


def test_what_a_person_accepted_stands_above_the_judge():
    assert kept(accepted(1, "#### 3"), by_person(2, Verdict.accept, "#### 4")) == [(2, "#### 4")]
    assert kept(by_person(1, Verdict.reject, "#### 3"), accepted(2, "#### 3")) == {"no accepted sample": 1}


def test_the_template_holds_the_answer():
    with pytest.raises(ValueError, match="does not hold"):
        DirectAnswers(answer_template="the answer")
