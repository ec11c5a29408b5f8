import pytest
from pydantic import ValidationError

from backend.errors import InvalidInput
from backend.trainers import Trainer
from backend.trainers._weights_of_rows import with_mean_one, with_offset
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.sft import SFT
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
        ({"normalise_weights": True}, "no weights to normalise"),
        ({"loss_type": ()}, "at least 1"),
        ({"loss_type": ("exo_pair",)}, "needs a label_smoothing above 0"),
        ({"label_smoothing": 0.5}, "less than 0.5"),
        ({"loss_type": ("nonsense",)}, "sigmoid"),
        ({"beta": 0}, "greater than 0"),
    ],
)
def test_refuses_terms_that_do_not_fit(knobs: dict[str, object], message: str):
    with pytest.raises(ValidationError, match=message):
        DPO(**knobs)


def test_normalised_weights_have_the_mean_one():
    from datasets import Dataset

    # Their mean is 1.5.
    rows = Dataset.from_list([{"prompt": n, "weight": weight} for n, weight in enumerate([1.0, 1.5, 2.0, 1.5])])
    dataset = with_mean_one(rows)
    assert list(dataset["weight"]) == pytest.approx([2 / 3, 1.0, 4 / 3, 1.0])
    assert list(dataset["prompt"]) == [0, 1, 2, 3]
    with pytest.raises(InvalidInput, match="All 1 examples have the weight 0"):
        with_mean_one(Dataset.from_list([{"weight": 0.0}]))
    with pytest.raises(InvalidInput, match=r"has the weight -1.0, but weights are not negative"):
        with_mean_one(Dataset.from_list([{"weight": 2.0}, {"weight": -1.0}]))
    raised = with_offset(Dataset.from_list([{"n": 1, "weight": 0.0}, {"n": 2, "weight": 0.5}]), 0.1)
    assert list(raised["weight"]) == pytest.approx([0.1, 0.6])


@pytest.mark.parametrize(
    ("trainer", "changed"),
    [
        (DPO(), DPO(label_smoothing=0.1)),
        (SFT(), SFT(reduction="sum")),
        (KTO(), KTO(loss_type="apo_zero_unpaired")),
    ],
)
def test_a_training_of_before_a_knob_was_there_goes_on(trainer: Trainer, changed: Trainer):
    """Its folder and its identity follow from its knobs."""
    assert {
        name: value for name, value in trainer.dump().items() if name not in trainer.later_knobs()
    } == trainer.known()
    assert changed.known() == trainer.known() | {
        name: value for name, value in changed.dump().items() if trainer.dump()[name] != value
    }
    assert changed.known() != trainer.known()
