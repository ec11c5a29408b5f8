"""Upper bounds of what a round makes, by hand."""

from backend import recipes
from backend.services.plans.sizes import Sizes, sizes


def test_slots_make_prompts_times_samples_and_judge_each_by_its_votes():
    recipe = recipes.get("self_rewarding").with_changes({"generator": {"max_tokens": 10}, "judge": {"max_tokens": 20}})
    # 5 prompts, 4 answers of each, 3 votes; 2 completions of a file are judged, too.
    assert sizes(recipe, 0, prompts=5, taken=2) == Sizes(22, 66, 20 * 10 + 66 * 20)


def test_a_judge_that_computes_asks_nobody():
    assert sizes(recipes.get("rejection_sampling"), 0, prompts=3, taken=0).judge_calls == 0


def test_meta_rewarding_counts_judgments_as_texts_and_the_comparisons_of_one_answer_a_prompt():
    recipe = recipes.get("meta_rewarding")
    result = sizes(recipe, 0, prompts=2, taken=0)
    # 2 prompts, 7 answers of each, 11 judgments of each answer; 11 * 10 comparisons for one answer of each prompt.
    assert (result.samples, result.judge_calls) == (14 + 154, 220)
    # The later phases compare nothing.
    assert sizes(recipe, 3, prompts=2, taken=0).judge_calls == 0


def test_star_may_hint_every_prompt():
    assert sizes(recipes.get("star"), 0, prompts=9, taken=0) == Sizes(18, 0, 18 * 512)


def test_a_trainer_that_writes_texts_answers_each_question_not_each_prompt():
    # 4 tasks of each of 10 documents; 8 texts of each, and as many calls of the reward.
    result = sizes(recipes.get("reinforced_pretraining"), 0, prompts=10, taken=0)
    assert (result.samples, result.judge_calls) == (10 * 4 * 8, 10 * 4 * 8)
    # 2 completions that a file brought for each of 10 prompts are asked about, each by itself.
    result = sizes(recipes.get("implicit_self_improvement"), 1, prompts=10, taken=20)
    assert (result.samples, result.judge_calls) == (20 + 20 * 8, 20 * 8)
    # The answers are asked about again, but the trainer is given the prompts.
    result = sizes(recipes.get("score"), 0, prompts=10, taken=0)
    assert (result.samples, result.rollouts) == (10 + 10 + 10 * 8 * 2, 10 * 8 * 2)


def test_a_trainer_that_writes_nothing_makes_no_rollouts():
    assert sizes(recipes.get("star"), 0, prompts=9, taken=0).rollouts == 0
