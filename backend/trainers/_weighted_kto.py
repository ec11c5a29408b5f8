"""TRL's KTOTrainer with a weight for each example, which TRL 1.16 has no hook for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trl.trainer.kto_trainer import KTOTrainer


def weighted_kto() -> "type[KTOTrainer]":
    """Return the subclass; it is made here because torch and TRL are imported only when training."""
    import torch
    from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference, KTOTrainer

    class WithWeights(DataCollatorForUnpairedPreference):
        def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
            weights = torch.tensor([float(example["weight"]) for example in examples])
            return {**super().torch_call(examples), "weight": weights}

    class WeightedKTOTrainer(KTOTrainer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            collate: Any = self.data_collator
            self.data_collator = WithWeights(
                pad_token_id=collate.pad_token_id,
                max_length=collate.max_length,
                pad_to_multiple_of=collate.pad_to_multiple_of,
            )

        def _set_signature_columns_if_needed(self) -> None:
            super()._set_signature_columns_if_needed()  # type: ignore[no-untyped-call]
            columns: Any = self._signature_columns
            if "weight" not in columns:
                columns.append("weight")

        def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
            weight, label = inputs.pop("weight"), inputs["label"]
            plain: Any = (self.desirable_weight, self.undesirable_weight)
            # TRL multiplies the losses of each label by these: one number, or one for each of its examples in order.
            self.desirable_weight, self.undesirable_weight = plain[0] * weight[label], plain[1] * weight[~label]
            self._metrics["train"]["weight"].append(weight.mean().item())
            try:
                return super()._compute_loss(model, inputs, return_outputs)  # type: ignore[no-untyped-call]
            finally:
                self.desirable_weight, self.undesirable_weight = plain

    return WeightedKTOTrainer
