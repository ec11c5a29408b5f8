"""Zhao et al. 2024 (SELF-GUIDE), arXiv 2407.12874: what makes it that method."""

from backend import recipes
from backend.values import Verdict
from tests.groups import texts

RECIPE = recipes.get("self_guide")
PLACES = RECIPE.places()


def test_the_student_writes_inputs_first_then_outputs():
    assert [PLACES[n].step.name for n in (1, 4)] == ["inputs", "outputs"]
    assert [PLACES[n].step.by for n in (1, 4)] == ["policy", "policy"]
    assert (PLACES[1].source, PLACES[4].source) == (0, 3)


def test_no_judge_asks_a_model_and_no_answer_is_known():
    judges = RECIPE.of_kind("judge")
    assert not any(judge.needs_engine or judge.needs_answer for judge in judges)


def test_noise_and_length_are_filtered():
    rules = PLACES[5].step.part
    written = ("positive", "As an AI I have no view", "word " * 301, "")
    assert [judgment.verdict for judgment in rules.judge(None, [texts(*written)], seed=0)] == [
        Verdict.accept,
        Verdict.reject,
        Verdict.reject,
        Verdict.reject,
    ]


def test_the_student_itself_is_fine_tuned():
    assert (RECIPE.trainer.name, RECIPE.trainer.start) == ("sft", "policy")
