import pytest
from pydantic import ValidationError

from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.countdown import Countdown
from backend.metrics import Evidence
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.values import Group
from tests.groups import prompt, sample, texts


def measured(*groups, **knobs):
    (value,) = HeldOutAccuracy(**knobs).compute(Evidence(held_out=groups))
    return value


def test_counts_the_greedy_answer_alone():
    # Greedy answers 4 (right), 5 (wrong); the right one at position 1 does not count.
    value = measured(texts("4", "4", answer="4"), texts("5", "4", answer="4"))
    assert (value.name, value.value, value.n) == ("held_out_accuracy", 0.5, 2)
    # 1 of 2: middle 0.5, half = 1.96/(1 + 3.8415/2) * sqrt(0.125 + 3.8415/16) = 0.67100 * 0.60416 = 0.4054.
    assert (value.low, value.high) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))
    assert value.details["correct"] == 1


def test_works_before_samples_have_ids():
    unsaved = [Group(prompt(answer="4"), (sample(0, text, position=0),)) for text in ("4", "5", "4", "4")]
    assert measured(*unsaved).value == 0.75


def test_prompt_without_an_answer_counts_as_wrong():
    value = measured(texts("4", answer="4"), Group(prompt(answer="4"), ()))
    assert (value.value, value.n, value.details["unanswered"]) == (0.5, 2, 1)


def test_prompts_the_verifier_cannot_tell_of_are_left_out():
    value = measured(texts("4", answer="4"), texts("4"))
    assert (value.value, value.n, value.details["unverifiable"]) == (1.0, 1, 1)
    assert measured(texts("4")).value is None
    assert measured().value is None


def test_counts_what_was_cut_off():
    assert measured(texts("4", answer="4", finish_reason="length")).details["truncated"] == 1


def test_takes_another_verifier():
    solved = Group(prompt("3 5 7 = 26"), (sample(1, "3*7+5"),))
    assert measured(solved, verifier=Countdown()).value == 1.0
    assert measured(solved, verifier={"name": "countdown"}).value == 1.0


def test_refuses_a_verifier_that_asks_a_model():
    with pytest.raises(ValidationError, match="asks a model"):
        HeldOutAccuracy(verifier=AdditiveRubric())


def test_is_of_a_checkpoint_and_needs_no_samples():
    assert (HeldOutAccuracy().scope, HeldOutAccuracy().held_out_samples) == ("checkpoint", 0)


def test_an_answer_that_cannot_be_read_is_wrong_and_counted():
    value = measured(
        texts("4", answer="4"), texts("I cannot say.", answer="4"), texts("<think>4", answer="4"), texts("4")
    )
    assert (value.value, value.n) == (pytest.approx(1 / 3), 3)
    assert (value.details["unreadable"], value.details["unverifiable"]) == (2, 1)


def test_names_each_prompt_it_counts_as_right_or_wrong():
    """Over the prompts of the accuracy: an answer that is missing, unreadable or cut off is a wrong one there too."""
    fields = {1: "4", 2: "5", 3: "", 4: "I cannot say.", 5: "so 2 plus 2 is"}
    groups = [
        Group(prompt(id=n, answer="4"), (sample(1, text, prompt_id=n, finish_reason="length" if n == 5 else "stop"),))
        for n, text in fields.items()
    ]
    value = measured(*groups, Group(prompt(id=6, answer="4"), ()), Group(prompt(id=7), (sample(1, "4", prompt_id=7),)))
    assert (value.details["right"], value.details["wrong"]) == ([1], [2, 3, 4, 5, 6])
    assert (value.n, value.details["unverifiable"]) == (6, 1)
