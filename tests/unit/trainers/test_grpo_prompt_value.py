"""PCL (Gao et al. 2025, arXiv 2510.01135): which prompts are chosen, and what the value model learns."""

import json

from backend.judges.brevity import Brevity
from backend.trainers import Trainer
from backend.trainers._prompt_value import MODEL, OPTIMIZER, nearest, success
from backend.trainers.grpo_prompt_value import GRPOPromptValue


def test_is_written_and_read() -> None:
    trainer = GRPOPromptValue(reward=Brevity(), candidates=8, target=0.4)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer
    assert {MODEL, OPTIMIZER} <= set(trainer.resumes_with)


def test_the_predicted_rates_nearest_to_one_half_are_taken() -> None:
    predicted = {3: 0.9, 5: 0.45, 1: 0.0, 8: 0.6, 2: 1.4, 7: 0.55}
    assert nearest(predicted, 0.5, 3) == [5, 7, 8]
    assert nearest(predicted, 1.0, 2) == [3, 2]
    assert nearest({4: 0.4, 6: 0.6}, 0.5, 1) == [4], "of equal ones the first that was drawn"


def test_a_prompt_s_rate_is_the_mean_reward_of_its_completions() -> None:
    rewards = {1: (1.0, 0.0, 1.0, 1.0), 2: (None, 0.0), 3: (None, None)}
    lines = [{"row": row, "reward": entry} for row, some in rewards.items() for entry in some]
    assert success(lines) == {1: 0.75, 2: 0.0}
