"""TRL's SFTTrainer with a loss of its own for each token, made of numbers that stand on the row."""

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling, SFTTrainer

OLD = "old_log_probs"
"""Column of the log-probabilities that the weights before training gave to each next token."""
Reduction = Literal["mean", "sum"]
"""mean: over all completion tokens of an optimizer step, as TRL's. sum: over the tokens of a row, then the mean of
the rows of an optimizer step."""


def collator(columns: tuple[str, ...]) -> "type[DataCollatorForLanguageModeling]":
    """Return TRL's collator with these columns, numbers, and `old_log_probs` where rows have them."""
    import torch
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    class WithColumns(DataCollatorForLanguageModeling):
        def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
            batch = super().torch_call(examples)
            batch |= {name: torch.tensor([float(row[name]) for row in examples]) for name in columns}
            if OLD in examples[0]:
                batch[OLD] = torch.zeros(len(examples), batch["labels"].shape[1] - 1)
                for place, row in zip(batch[OLD], examples, strict=True):
                    place[: len(row[OLD])] = torch.tensor(row[OLD])
            return batch

    return WithColumns


def row_sft(*columns: str, reduction: Reduction = "mean") -> "type[SFTTrainer]":
    """Return the subclass that hands these columns of each row, numbers, to its loss.

    Made here because torch and TRL are imported only when training. A subclass says in `token_losses` what each
    token of a batch loses; how losses are added up, and what is logged, stays TRL's.
    """
    import torch
    from trl.trainer.sft_trainer import SFTTrainer

    class RowSFTTrainer(SFTTrainer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            collate: Any = self.data_collator
            self.data_collator = collator(columns)(collate.pad_token_id, pad_to_multiple_of=collate.pad_to_multiple_of)

        def _set_signature_columns_if_needed(self) -> None:
            super()._set_signature_columns_if_needed()  # type: ignore[no-untyped-call]
            known: Any = self._signature_columns
            known += [name for name in (*columns, OLD) if name not in known]

        def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
            """What the summed loss of an optimizer step is divided by."""
            tokens = super()._get_num_items_in_batch(batch_samples, device)
            if reduction == "mean" or tokens is None:
                return tokens
            return torch.tensor(sum(len(batch["labels"]) for batch in batch_samples), device=device)

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            row = {name: inputs.pop(name) for name in (*columns, OLD) if name in inputs}
            if reduction == "sum" and num_items_in_batch is None:
                num_items_in_batch = len(inputs["labels"])

            def scored(**named: Any) -> Any:
                return self.scored(model, named, row)

            own: Any = super().compute_loss
            return own(scored, inputs, return_outputs, num_items_in_batch)

        def scored(self, model: Any, named: dict[str, Any], row: dict[str, "torch.Tensor"]) -> Any:
            """Return the model's outputs with minus the losses for log-probabilities: TRL adds up what is there."""
            outputs = model(**named)
            outputs.log_probs = -self.token_losses(outputs.log_probs, outputs.label_mask, row)
            return outputs

        def token_losses(
            self, log_probs: "torch.Tensor", mask: "torch.Tensor", row: dict[str, "torch.Tensor"]
        ) -> "torch.Tensor":
            """Return what each next token loses, in the shape of `log_probs` (rows, tokens - 1), 0 outside the mask."""
            raise NotImplementedError

    return RowSFTTrainer


def unfused(named: dict[str, Any]) -> "tuple[dict[str, Any], torch.Tensor, torch.Tensor]":
    """Return what a model is called with for its whole outputs, the next tokens, (rows, tokens - 1), and their mask."""
    labels = named["labels"][:, 1:]
    return (
        {name: value for name, value in named.items() if name not in ("labels", "fused_lm_head")},
        labels,
        labels != -100,
    )


def summed(
    outputs: Any,
    losses: "torch.Tensor",
    logits: "torch.Tensor",
    labels: "torch.Tensor",
    row: dict[str, "torch.Tensor"],
    mask: "torch.Tensor",
) -> Any:
    """Return what `scored` has to, of the losses, logits and labels of the tokens inside the mask, row by row."""
    import torch
    from trl.trainer.utils import FusedCausalLMOutput

    lost = torch.zeros(mask.shape, device=mask.device)
    entropy, is_top1 = lost.clone(), torch.zeros_like(mask)
    lost[mask] = losses
    log_p = logits.detach().log_softmax(-1)
    entropy[mask], is_top1[mask] = -(log_p.exp() * log_p).sum(-1), log_p.argmax(-1) == labels
    return FusedCausalLMOutput(
        log_probs=-row["weight"][:, None] * lost,
        entropy=entropy,
        is_top1=is_top1,
        label_mask=mask,
        aux_loss=getattr(outputs, "aux_loss", None),
    )


def weighted_sft(reduction: Reduction) -> "type[SFTTrainer]":
    """Return the subclass whose rows lose `weight` times their negative log-likelihood."""
    base: Any = row_sft("weight", reduction=reduction)

    class WeightedSFTTrainer(base):
        def token_losses(
            self, log_probs: "torch.Tensor", mask: "torch.Tensor", row: dict[str, "torch.Tensor"]
        ) -> "torch.Tensor":
            self._metrics["train"]["weight"].append(row["weight"].mean().item())
            return -row["weight"][:, None] * log_probs

    return WeightedSFTTrainer
