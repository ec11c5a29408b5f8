"""The weights of a dataset's rows: each knob that changes them, and what cannot be trained on."""

import math
from typing import TYPE_CHECKING

from backend.errors import InvalidInput

if TYPE_CHECKING:
    from datasets import Dataset


def with_mean_one(dataset: "Dataset") -> "Dataset":
    """Return the rows with weights divided by their mean; raises `InvalidInput` where all of them are 0."""
    weights = checked(dataset)
    mean = math.fsum(weights) / len(weights)
    return _replaced(dataset, [weight / mean for weight in weights])


def with_offset(dataset: "Dataset", offset: float) -> "Dataset":
    """Return the rows with a number added to each weight; raises `InvalidInput` where all of them are 0 then."""
    raised = _replaced(dataset, [float(weight) + offset for weight in dataset["weight"]])
    checked(raised)
    return raised


def checked(dataset: "Dataset") -> list[float]:
    """Return the weights; raises `InvalidInput` where all of them are 0, or one is negative."""
    weights = [float(weight) for weight in dataset["weight"]]
    if min(weights) < 0:
        raise InvalidInput(
            f"An example has the weight {min(weights)}, but weights are not negative. Correct the selector."
        )
    if math.fsum(weights) <= 0:
        raise InvalidInput(
            f"All {len(weights)} examples have the weight 0, so there is nothing to train on. Loosen the selector."
        )
    return weights


def _replaced(dataset: "Dataset", weights: list[float]) -> "Dataset":
    return dataset.remove_columns("weight").add_column("weight", weights)
