"""TRL's GRPOTrainer with an advantage for each turn, and a divergence of its own for the first one."""

from typing import TYPE_CHECKING, Any

from backend.trainers._turn_knobs import TurnKnobs
from backend.trainers._turn_reward import TurnReward

if TYPE_CHECKING:
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer


def turn_grpo(knobs: TurnKnobs, reward: TurnReward) -> "type[GRPOTrainer]":
    """Return the trainer; it is made here because torch and TRL are imported only when training."""
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer
    from trl.trainer.utils import pad

    base: Any = GRPOTrainer

    class TurnGRPOTrainer(base):
        beta: float
        _log_probs: "torch.Tensor"

        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            if len(knobs.turn_kinds) > 1:
                turn_of = [torch.tensor(example["episode"].turn_of) for example in inputs]
                output["turn_of"] = pad(turn_of, padding_value=0, padding_side="right").to(self.accelerator.device)
                learned = torch.tensor(
                    [[0.0, *advantage] for advantage in reward.advantages], device=self.accelerator.device
                )
                output["advantages"] = learned.gather(1, output["turn_of"])
            return output

        def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
            outputs = super()._get_per_token_logps_and_entropies(*args, **kwargs)
            self._log_probs = outputs[0]
            return outputs

        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> "torch.Tensor":
            if knobs.first_turn_beta is None or len(knobs.turn_kinds) == 1 or not self.beta:
                plain: torch.Tensor = super()._compute_loss(model, inputs)
                return plain
            whole, self.beta = self.beta, 0.0
            try:
                loss: torch.Tensor = super()._compute_loss(model, inputs)
            finally:
                self.beta = whole
            return loss + self._divergence(inputs)

        def _divergence(self, inputs: dict[str, Any]) -> "torch.Tensor":
            """What the divergence from the reference adds to the loss, with one factor for the first turn.

            As in TRL it is multiplied by the ratio to the policy that wrote the texts, which makes its gradient that of
            the divergence.
            """
            old = inputs.get("old_per_token_logps")
            ratio = (self._log_probs - (self._log_probs.detach() if old is None else old)).exp()
            log_ratio = inputs["ref_per_token_logps"] - self._log_probs
            kl = (log_ratio.exp() - log_ratio - 1) * ratio
            is_first = inputs["turn_of"] == 1
            mask = inputs["completion_mask"] * inputs["tool_mask"]
            for name, some in (("kl", mask), ("kl/first_turn", mask * is_first)):
                self._metrics["train"][name].append(((kl * some).sum() / some.sum().clamp(min=1)).item())
            assert knobs.first_turn_beta is not None
            factor = torch.where(is_first, knobs.first_turn_beta, knobs.beta)
            return mean(self, factor * kl, mask, inputs["num_items_in_batch"])

    return TurnGRPOTrainer


def mean(fitted: Any, per_token: "torch.Tensor", mask: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
    """The mean over tokens as TRL's loss of the type takes it, divided for gradient accumulation.

    per_token, mask: (rows, tokens). items: trained tokens of the generation.
    """
    passes = fitted.current_gradient_accumulation_steps
    total = (per_token * mask).sum()
    if fitted.loss_type == "grpo":
        loss = ((per_token * mask).sum(-1) / mask.sum(-1).clamp(min=1.0)).mean() / passes
    elif fitted.loss_type == "bnpo":
        loss = total / mask.sum().clamp(min=1.0) / passes
    elif fitted.loss_type == "dr_grpo":
        loss = total / (per_token.size(0) * fitted.max_completion_length) / passes
    else:
        share = passes / fitted.args.steps_per_generation
        loss = total / (items.clamp(min=1.0) / fitted.accelerator.num_processes * share)
    result: torch.Tensor = loss
    return result
