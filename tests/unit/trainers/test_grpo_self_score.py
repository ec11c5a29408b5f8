"""LaSeR (arXiv 2510.14943): weights of the classes and mixed advantages, by hand."""

import json
import math

import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.trainers import Trainer
from backend.trainers._self_score import class_weights, known_verdicts, mixed, with_token
from backend.trainers.grpo_self_score import GRPOSelfScore
from backend.values import Verdict


def make_trainer(**knobs) -> GRPOSelfScore:
    return GRPOSelfScore(**{"reward": Brevity()} | knobs)


def test_is_written_and_read():
    trainer = make_trainer(score_token="<|pad|>", reference_log_prob=-5.0)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer
    with pytest.raises(ValidationError, match="num_generations"):
        make_trainer(num_generations=3)


def test_both_classes_weigh_the_same():
    # Three of four are right: 4 / (2 * 3) each, and 4 / (2 * 1) for the wrong one.
    values = class_weights([True, True, None, False, True])
    assert values == pytest.approx([2 / 3, 2 / 3, 0.0, 2.0, 2 / 3])
    assert sum(values[n] for n in (0, 1, 4)) == pytest.approx(values[3])
    assert class_weights([True, True]) == [0.5, 0.5]
    assert class_weights([None]) == [0.0]


def test_a_text_that_was_cut_off_has_no_end_to_be_scored_at():
    verdicts = [Verdict.accept, Verdict.reject, Verdict.accept, None]
    assert known_verdicts(verdicts, [True, True, False, True]) == [True, False, None, None]


def test_a_tenth_of_the_advantage_is_by_the_policy_s_own_scores():
    # Kept in [0, 1] the scores are 1, 0: mean 0.5, deviation of a sample sqrt(0.5).
    own = 0.5 / (math.sqrt(0.5) + 1e-4)
    values = mixed([-1.0, 1.0, 0.3, -0.3], [1.7, -0.2, 0.50, 0.55], 2, make_trainer())
    assert values[:2] == pytest.approx([0.9 * -1.0 + 0.1 * own, 0.9 * 1.0 - 0.1 * own])
    assert values[2:] == [0.3, -0.3], "scores of one group that are nearly the same say nothing"
    assert mixed([0.5, -0.5], [0.9, None], 2, make_trainer()) == [0.5, -0.5]


def test_what_is_left_out_of_the_loss_stays_so_beside_the_token():
    """Two texts of 3 and 2 tokens, of which `mask_pattern` leaves out one each; z stands behind the first one."""
    import torch

    inputs = {
        "completion_ids": torch.tensor([[4, 5, 6], [4, 5, 0]]),
        "completion_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
        "tool_mask": torch.tensor([[1, 0, 1], [0, 1, 1]]),
        "score_weights": torch.tensor([1.0, 0.0]),
    }
    longer, at = with_token(inputs, 9, 0)
    assert at.tolist() == [[3], [2]]
    assert longer["completion_ids"].tolist() == [[4, 5, 6, 9], [4, 5, 0, 0]]
    assert longer["completion_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert (longer["completion_mask"] * longer["tool_mask"]).tolist() == [[1, 0, 1, 0], [0, 1, 0, 0]]
    del inputs["tool_mask"]
    longer, _ = with_token(inputs, 9, 0)
    assert (longer["completion_mask"] * longer["tool_mask"]).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0]]
