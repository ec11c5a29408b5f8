"""Carries the optimizer's state from one training to the next, which starts from what the first one made."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import InvalidInput

if TYPE_CHECKING:
    from transformers import TrainerCallback

FILE = "optimizer.pt"
"""Beside the weights: AdamW's two moments and the number of steps, for each weight that is trained."""


def save(optimizer: Any, folder: Path) -> None:
    """Write the state, without the settings: learning rate and decay are those of the training that goes on."""
    import torch

    torch.save(optimizer.state_dict()["state"], folder / FILE)


def callback(folder: Path) -> "TrainerCallback":
    """Return the callback that takes over the state which lies in the folder of the weights that are trained.

    Where none does, the training begins with a new one; one that is resumed goes on with its own. Raises `InvalidInput`
    where the state is of other weights.
    """
    import torch
    from transformers import TrainerCallback

    class Continued(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            file = folder / FILE
            if state.global_step or not file.is_file():
                return
            optimizer = kwargs["optimizer"]
            moments = torch.load(file, map_location="cpu", weights_only=True)
            trained = [weight for group in optimizer.param_groups for weight in group["params"]]
            shapes = {number: tuple(moment["exp_avg"].shape) for number, moment in moments.items()}
            if shapes != {number: tuple(weight.shape) for number, weight in enumerate(trained)}:
                raise InvalidInput(
                    f"The optimizer's state in {folder} is of other weights than those that are trained. Switch "
                    "continue_optimizer off, or leave lora as it was in the round before."
                )
            optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})

    return Continued()
