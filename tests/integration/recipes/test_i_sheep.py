"""Liang et al. 2024 (I-SHEEP), arXiv 2408.08072: what makes it that method."""

from backend import recipes
from backend.values import Verdict
from tests.groups import scored, texts

RECIPE = recipes.get("i_sheep")
PLACES = RECIPE.places()


def test_the_policy_writes_instructions_and_the_responses_to_them():
    assert [PLACES[n].step.by for n in (1, 4)] == ["policy", "policy"]
    assert (PLACES[0].step.part.name, PLACES[3].step.part.name) == ("few_shot_prompts", "adopt")
    assert PLACES[4].source == 3


def test_new_instructions_keep_the_rules_and_are_unlike_the_pool():
    judge = PLACES[2].step.part.with_pool(["Name three animals that live in the sea"])
    group = texts("Name three animals that live in the wood", "Explain why the sky is blue", "Draw a blue sky now")
    judgments = judge.judge(None, [group], seed=0)
    # 7 of 8 words in the same order: ROUGE-L 0.875.
    results = [judge.label([judgment for judgment in judgments if judgment.sample_id == n])[1] for n in (1, 2, 3)]
    assert results == [Verdict.reject, Verdict.accept, Verdict.reject]


def test_it_assesses_both_itself_and_a_threshold_filters():
    assessment = PLACES[5]
    assert (assessment.step.part.name, assessment.step.by) == ("additive_rubric", "judge")
    assert "{prompt}" in assessment.step.part.template
    assert [
        example.sample_id for example in PLACES[6].step.part.select([scored([3.9, 4.0, 5.0])], seed=0).examples
    ] == [3, 2]


def test_each_round_trains_the_base_on_its_own_rows():
    assert (RECIPE.trainer.name, RECIPE.trainer.start) == ("sft", "base")
    assert PLACES[8].rows == (6, 7)
    assert not RECIPE.earlier_rounds


def test_people_decide_on_proposed_instructions_before_they_are_adopted():
    assert RECIPE.gate() == 3
