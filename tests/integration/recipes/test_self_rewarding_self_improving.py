"""Self Rewarding Self Improving: a short round."""

import pytest

from backend import demo, recipes
from backend.values import RoundStatus
from tests.integration.test_rounds_rl import ONE_DATABASE, loop, rollouts_of, short
from tests.rows import make_prompt_set


@pytest.mark.slow
@ONE_DATABASE
def test_the_policy_in_training_judges_its_own_texts(database: str) -> None:
    """The demo's model really judges: a written calculation, then Y or N."""
    reward = recipes.get("self_rewarding_self_improving").trainer.reward.dump()
    reward |= {"template": demo.JUDGE_TEMPLATE, "max_tokens": demo.MAX_TOKENS}
    recipe = short("self_rewarding_self_improving", reward=reward, max_completion_length=demo.MAX_TOKENS, max_steps=2)
    here = loop(recipe, demo.MODEL_FOLDER)
    texts = ["3 2 1 = 0", "9 1 9 = 1", "2 1 6 = 4", "2 1 4 = 3"]
    here.prompts = make_prompt_set(here.project, prompts=texts)
    ended = here.run(here.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    completions = rollouts_of(ended.id)
    assert len(completions) == 16
    assert {completion.extra["optimizer_step"] for completion in completions} == {1, 2}
    rewards = [completion.extra.get("reward") for completion in completions]
    assert set(rewards) <= {0.0, 1.0, None}
    assert rewards.count(None) < 8, "the model's verdicts can be read"
