import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.trainers import Trainer
from backend.trainers.rloo import RLOO
from backend.values import DatasetType


def test_is_found_by_name_with_its_dataset_type_and_reference():
    trainer = Trainer.load({"name": "rloo", "reward": {"name": "brevity"}})
    assert trainer == RLOO(reward=Brevity())
    assert trainer.trains_on is DatasetType.prompt_only
    assert trainer.needs_reference
    assert not RLOO(reward=Brevity(), beta=0.0).needs_reference


def test_rewards_are_clipped_between_two_numbers():
    assert RLOO(reward=Brevity(), reward_clip_range=(-1.0, 1.0)).reward_clip_range == (-1.0, 1.0)
    with pytest.raises(ValidationError):
        RLOO(reward=Brevity(), reward_clip_range=(1.0,))
