"""The recipes that train on texts as they are written: what makes each that method."""

from dataclasses import replace

import pytest

from backend import recipes
from backend.engines import Ability
from backend.recipes import Recipe
from backend.values import DatasetType, Stage
from tests.groups import texts

NAMES = (
    "ssr_zero",
    "majority_self_training",
    "inherent_efficiency",
    "self_rewarding_self_improving",
    "decentralized_rl",
    "intuitor",
)


def rewards(name: str, *written: str, answer: str | None = None, lengths: tuple[int, ...] = ()) -> list[float | None]:
    """What the recipe's reward gives texts of one group; it asks no model."""
    trainer = recipes.get(name).trainer
    group = texts(*written, answer=answer)
    if lengths:
        group = replace(
            group, samples=tuple(replace(s, num_tokens=n) for s, n in zip(group.samples, lengths, strict=True))
        )
    judgments = trainer.reward.judge(None, [group], seed=0)
    labels = [trainer.reward.label([j for j in judgments if j.sample_id == sample.id]) for sample in group.samples]
    if trainer.reward_from == "score":
        return [score for score, _ in labels]
    return [None if verdict is None else float(verdict == "accept") for _, verdict in labels]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_sampled_judged_or_decided_before_the_training(name: str) -> None:
    recipe = recipes.get(name)
    assert [step.part.name for step in recipe.phases[0].steps][:2] == ["prompt_set", "all_prompts"]
    assert recipe.trainer.trains_on is DatasetType.prompt_only
    assert recipe.gate() is None
    assert recipes.first_job(recipe.model_dump(mode="json")) == (Stage.select, 1)
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
    assert "rewarded by: " in recipe.lines()[2]


@pytest.mark.parametrize("name", ["ssr_zero", "self_rewarding_self_improving"])
def test_the_policy_in_training_judges_itself_without_a_reference(name: str) -> None:
    """arXiv 2505.16637 and 2505.08827."""
    trainer = recipes.get(name).trainer
    assert trainer.judge_by == "live"
    assert trainer.asked_roles == ("live",)
    assert not trainer.reward.needs_answer
    assert "{answer}" not in trainer.reward.template
    assert recipes.get(name).judges == [trainer.reward]


def test_intuitor_is_rewarded_for_its_own_certainty_as_it_is_at_that_step() -> None:
    """arXiv 2505.19590: mean KL(uniform || policy) over the tokens, full vocabulary, by the live policy; 7 samples."""
    trainer = recipes.get("intuitor").trainer
    assert (trainer.reward.name, trainer.reward.measure) == ("self_certainty", "kl_from_uniform")
    assert (trainer.judge_by, trainer.reward.asks_for) == ("live", Ability.read_all)
    assert (trainer.num_generations, trainer.beta, trainer.scale_rewards) == (7, 0.005, "group")
    assert not trainer.reward.needs_answer


def test_ssr_zero_scores_on_a_scale_of_100() -> None:
    judge = recipes.get("ssr_zero").trainer.reward
    assert judge.parse("Nearly all is said.\nScore: 85", is_complete=True).score == 85
    assert judge.parse("fine", is_complete=True).score is None


def test_majority_self_training_rewards_the_majority_of_the_group_by_rloo() -> None:
    """arXiv 2505.21444: 1 for the group's majority, else 0; our tie gives 0 to all."""
    assert recipes.get("majority_self_training").trainer.name == "rloo"
    assert rewards("majority_self_training", "#### 4", "#### 5", "#### 4", "#### 6", "#### 4") == [1, 0, 1, 0, 1]
    assert rewards("majority_self_training", "#### 4", "#### 5") == [0, 0]
    # Below half of the votes, but more than anybody else.
    assert rewards("majority_self_training", "#### 1", "#### 2", "#### 3", "#### 1") == [1, 0, 0, 1]


def test_inherent_efficiency_never_ranks_a_short_wrong_answer_above_a_long_right_one() -> None:
    values = rewards(
        "inherent_efficiency",
        "#### 4",
        "well, #### 4",
        "#### 5",
        "long, long, #### 5",
        answer="4",
        lengths=(2, 10, 1, 9),
    )
    # 1 + 0.5 (10 - 2) / (10 - 1), 1 + 0.5 * 0 for the longest, 0 for what is wrong however short.
    assert values == pytest.approx([1 + 0.5 * 8 / 9, 1.0, 0.0, 0.0])


def test_decentralized_rl_has_the_paper_s_clipping() -> None:
    """arXiv 2505.07291."""
    trainer = recipes.get("decentralized_rl").trainer
    assert (trainer.delta, trainer.epsilon, trainer.beta, trainer.num_generations) == (4.0, 0.2, 0.001, 16)
    assert rewards("decentralized_rl", "#### 4", "#### 5", answer="4") == [1, 0]
