"""TRL's DPOTrainer with a weight for each example, which TRL 1.16 has no hook for."""

from typing import TYPE_CHECKING, Any

from backend.values import FLIP

if TYPE_CHECKING:
    import torch
    from trl.trainer.dpo_trainer import DPOTrainer


def weighted_dpo() -> "type[DPOTrainer]":
    """Return the subclass; it is made here because torch and TRL are imported only when training."""
    import torch
    from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer

    class WithWeights(DataCollatorForPreference):
        def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
            batch = super().torch_call(examples)
            for name in (name for name in ("weight", FLIP) if name in examples[0]):
                batch[name] = torch.tensor([float(example[name]) for example in examples])
            return batch

    class WeightedDPOTrainer(DPOTrainer):
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
            columns += [name for name in ("weight", FLIP) if name not in columns]

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> "torch.Tensor":
            weight, flip = inputs.pop("weight"), inputs.pop(FLIP, None)
            labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
            by_token = model(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                labels=labels,
                use_cache=False,
                fused_lm_head=True,
            ).log_probs
            chosen, rejected = by_token.sum(dim=1).chunk(2)
            lengths, _ = inputs["completion_mask"][:, 1:].sum(dim=1).clamp(min=1).chunk(2)
            reference = self.compute_ref_log_probs(self.ref_model or self.model, inputs)  # type: ignore[no-untyped-call]
            chosen_reward = self.beta * (chosen - reference[0])
            rejected_reward = self.beta * (rejected - reference[1])
            terms = {"sigmoid": either_way(chosen_reward - rejected_reward, flip), "sft": -chosen / lengths}
            summed = sum(factor * terms[name] for name, factor in zip(self.loss_types, self.loss_weights, strict=True))
            self._note(inputs, weight, chosen, chosen_reward.detach(), rejected_reward.detach())
            return (weight * summed).mean()

        def _note(
            self,
            inputs: dict[str, Any],
            weight: "torch.Tensor",
            chosen: "torch.Tensor",
            chosen_reward: "torch.Tensor",
            rejected_reward: "torch.Tensor",
        ) -> None:
            """Log under TRL's names."""
            self._total_train_tokens += int(inputs["attention_mask"].sum())
            values = {
                "rewards/chosen": chosen_reward.mean(),
                "rewards/rejected": rejected_reward.mean(),
                "rewards/accuracies": (chosen_reward > rejected_reward).float().mean(),
                "rewards/margins": (chosen_reward - rejected_reward).mean(),
                "logps/chosen": chosen.detach().mean(),
                "weight": weight.mean(),
            }
            for name, value in values.items():
                self._metrics["train"][name].append(value.item())
            self._metrics["train"]["num_tokens"] = [self._total_train_tokens]

    return WeightedDPOTrainer


def either_way(margin: "torch.Tensor", flip: "torch.Tensor | None") -> "torch.Tensor":
    """Return -(1 - e) log sigmoid(margin) - e log sigmoid(-margin), e being the probability that a pair is wrong."""
    from torch.nn.functional import logsigmoid

    right = -logsigmoid(margin)
    return right if flip is None else (1 - flip) * right - flip * logsigmoid(-margin)
