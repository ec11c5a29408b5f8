import pytest
from pydantic import ValidationError

from backend.trainers import Trainer
from backend.trainers.dpo import DPO
from backend.values import DatasetType


def test_survives_its_json():
    trainer = DPO(loss_type=("sigmoid", "sft"), loss_weights=(1.0, 0.5), weigh_examples=True, beta=0.5)
    assert Trainer.load(trainer.dump()) == trainer
    assert trainer.trains_on is DatasetType.preference


def test_weights_are_a_column_only_when_used():
    assert DPO().columns == ("prompt", "chosen", "rejected")
    assert DPO(weigh_examples=True).columns[-1] == "weight"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"loss_type": ("sigmoid", "sft"), "loss_weights": (1.0,)}, "1 loss_weights for 2 terms"),
        ({"loss_type": ("ipo",), "weigh_examples": True}, "sigmoid and sft only"),
        ({"loss_type": ()}, "at least 1"),
        ({"loss_type": ("nonsense",)}, "sigmoid"),
        ({"beta": 0}, "greater than 0"),
    ],
)
def test_refuses_terms_that_do_not_fit(knobs: dict[str, object], message: str):
    with pytest.raises(ValidationError, match=message):
        DPO(**knobs)
