"""The reference of TRL's online trainers: they load one themselves, from the folder that the policy names."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.engines import _weights
from backend.errors import InvalidInput
from backend.trainers import TrainSpec, _folders
from backend.trainers._rl_knobs import RLKnobs

if TYPE_CHECKING:
    from transformers import Trainer as HFTrainer
    from transformers import TrainerCallback

    from backend.trainers._inputs import TrainerInputs

FILE = "reference.safetensors"
"""What a training checkpoint holds of a reference that moves."""


def check(trainer: RLKnobs, spec: TrainSpec) -> None:
    """Refuse a reference of its own beside an adapter: TRL compares with the weights that the adapter started from."""
    if not (trainer.needs_reference and trainer.lora):
        return
    if _weights.locate(spec.reference or spec.policy) != _weights.locate(spec.policy):
        raise InvalidInput(
            f"With lora, {trainer.name} compares with the weights that training starts from, but the round's reference "
            "is another checkpoint. Choose the policy as the reference, beta 0, or lora off."
        )


def put(trainer: RLKnobs, fitted: "HFTrainer", weights: "TrainerInputs", spec: TrainSpec) -> None:
    """Give TRL's reference the weights it should have: the reference's, or those of the checkpoint that is resumed."""
    model: Any = getattr(fitted, "ref_model", None)
    if model is None or weights.reference is None:
        return
    try:
        model.load_state_dict(weights.reference.state_dict())
    except RuntimeError as error:
        raise InvalidInput(
            f"The reference {spec.reference} has other layers than the policy {spec.policy}. Choose one made from the "
            "same base."
        ) from error
    if not trainer.sync_ref_model:
        return
    fitted.add_callback(_keeping(model))
    checkpoint = _folders.newest_checkpoint(Path(spec.output_dir), trainer.resumes_with)
    if checkpoint is not None:
        from safetensors.torch import load_model

        load_model(model, checkpoint / FILE)


def _keeping(model: Any) -> "TrainerCallback":
    """A callback that writes the reference into each training checkpoint, as it was moved so far."""
    from safetensors.torch import save_model
    from transformers import TrainerCallback

    class Keeping(TrainerCallback):
        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            save_model(model, str(folder / f"{FILE}.part"))
            (folder / f"{FILE}.part").replace(folder / FILE)

    return Keeping()
