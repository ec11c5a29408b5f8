"""What makes these recipes their papers' methods: levels that rise, targets without reasoning, steady and unsure pairs."""

import json

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.recipes import Recipe
from backend.recipes._parts import DPO, SFT, BestVersusWorst, ExactMatch, PromptSet, RewardModel, Sample
from backend.values import Group, Prompt
from tests.groups import prompt
from tests.integration.recipes.loop import Lines, run

EASY = Prompt(1, [{"role": "user", "content": "1 + 3 ="}], metadata={"difficulty": 1})


def steps(name):
    return [str(step.part.name) for step in recipes.get(name).phases[0].steps]


@pytest.mark.parametrize("name", ["easy_to_hard", "reasoning_as_policy_improvement"])
def test_the_level_rises_where_the_checkpoint_answers_it_and_old_rows_stay(name):
    recipe = recipes.get(name)
    after = recipe.with_changes(recipe.schedule.changes([{"accuracy_at_1": 0.95}]))
    assert [(entry.prompt_source.lowest, entry.prompt_source.highest) for entry in (recipe, after)] == [(1, 1), (2, 2)]
    assert recipe.with_changes(recipe.schedule.changes([{"accuracy_at_1": 0.5}])) == recipe
    assert "earlier_rounds" in steps(name)
    assert recipe.trainer.start == "policy"
    assert not any(judge.needs_answer for judge in recipe.judges), "labels are the model's own"


def test_easy_to_hard_filters_by_length_and_by_vote():
    long, short = "so it is 4 and no other\n#### 4", "#### 4"
    engine = Lines(lines=(long, long, short, long, "it is another one\n#### 5", long, short, short))
    result = run(recipes.get("easy_to_hard"), engine, EASY)
    by_id = {sample.id: sample.text for sample in result.group.samples}
    assert [by_id[example.sample_id] for example in result.selection.examples] == [long]
    assert result.selection.dropped["rejected by the judge"] == 4


def test_reasoning_trains_on_the_answer_of_the_slow_mode_for_the_prompt_as_it_is():
    recipe = recipes.get("reasoning_as_policy_improvement")
    result = run(recipe, Lines(lines=("1 and 3\n#### 4",) * 6 + ("#### 5",) * 2), EASY)
    (example,) = result.selection.examples
    assert (example.completion, example.messages) == ("#### 4", None)
    assert recipe.generator.origins == ("slow",)
    assert "step by step" in recipe.generator.conditions["slow"]


def test_spin_diffusion_is_spin_with_a_stop():
    spin, text = recipes.get("spin"), recipes.get("spin_diffusion")
    assert text.phases == spin.phases
    assert (text.earlier_rounds, text.earlier_rounds_limit) == (spin.earlier_rounds, spin.earlier_rounds_limit)
    assert text.schedule.stops([{"two_sample_accuracy": 0.9}]) is None
    assert "cannot_be_told_apart" in text.schedule.stops([{"two_sample_accuracy": 0.9}, {"two_sample_accuracy": 0.5}])


def test_corrective_self_distillation_weighs_mistakes_and_is_its_own_teacher():
    trainer = recipes.get("corrective_self_distillation").trainer
    assert (trainer.start, trainer.reference) == ("policy", "policy")
    assert 0 < trainer.alpha < 1
    assert (trainer.weigh_examples, trainer.normalise_weights) == (True, True)
    assert steps("corrective_self_distillation").index("boosting_weights") < 6


def test_self_steering_pairs_a_principle_kept_with_the_same_broken():
    recipe = recipes.get("self_steering")
    assert recipe.generator.origins == ("broken", "kept")
    assert (recipe.judge.accepted, recipe.judge.rejected) == (("kept",), ("broken",))
    assert steps("self_steering").count("steady_gap") == 2, "policy and scorer learn from the same pairs"
    assert {trainer.makes for trainer in recipe.of_kind("trainer")} == {"policy", "scorer"}


def test_multimodal_self_evolving_keeps_the_right_texts_that_the_scorer_prefers():
    recipe = recipes.get("multimodal_self_evolving")
    judge = recipe.judge
    values = [
        judge._sum({"exact_match": right, "reward_model": z}) for right, z in ((1.0, -3.0), (1.0, 2.0), (0.0, 3.0))
    ]
    assert values == pytest.approx([0.7, 1.2, 0.0])
    assert min(values[:2]) >= recipe.selector.threshold > values[2]
    assert (recipe.trainer.continue_optimizer, recipe.trainer.lr_scheduler_type) == (True, "constant")
    with pytest.raises(ValidationError, match="learning rate would begin anew"):
        SFT(continue_optimizer=True)
    assert "continue_optimizer" not in SFT().known()


def test_uncertainty_enhanced_po_smooths_by_the_row():
    trainer = recipes.get("uncertainty_enhanced_po").trainer
    assert (trainer.reads, trainer.wants, trainer.loss_type) == ((), ("flip",), ("sigmoid", "sft"))
    assert trainer.columns == ("prompt", "chosen", "rejected", "weight", "flip")
    assert "smooth_examples" not in DPO().known()
    with pytest.raises(ValidationError, match="Switch weigh_examples on"):
        DPO(smooth_examples=True)
    smooth = DPO(weigh_examples=True, smooth_examples=True)
    with pytest.raises(ValidationError, match=r"Step 5 .* reads the column flip, which no step since .* writes"):
        Recipe(name="x", title="X", steps=(PromptSet(), Sample(), ExactMatch(), BestVersusWorst(), smooth))
    with pytest.raises(ValidationError, match="does not keep the dropout"):
        RewardModel(dropout=0.1, lora=True)


def test_co_evolving_data_alternates_on_problems_that_are_half_known():
    recipe = recipes.get("co_evolving_data")
    assert recipe.of_kind("prompt_source")[0].direction == "harder"
    assert recipe.of_kind("prompt_source")[0].reads_own, "what was made last is the seed of what is harder"
    assert [trainer.name for trainer in recipe.of_kind("trainer")] == ["sft", "grpo"]
    assert recipe.of_kind("trainer")[1].start == "taught"
    for band in recipe.of_kind("mixer"):
        assert 0 < band.low < band.high < 1
    assert json.loads(recipe.model_dump_json())["steps"][0]["part"]["take_own"]
    assert isinstance(recipe.of_kind("judge")[0].judge(None, [Group(prompt())], seed=0), list)
