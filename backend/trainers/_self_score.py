"""Scores that a policy gives its own texts by the log-probability of one token: their error, and their advantages."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from backend.errors import InvalidInput
from backend.trainers._verdict_reward import VerdictReward
from backend.trainers.grpo import GRPO
from backend.values import Verdict

if TYPE_CHECKING:
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer

SMALL = 1e-4
"""Added to deviations before dividing by them, as in TRL."""


class SelfScoreKnobs(GRPO, abstract=True):
    """How a policy scores its own texts, and how much that counts."""

    score_token: str = Field("", max_length=80, description="the token z; empty: the padding token")
    score_beta: float = Field(0.1, gt=0, description="factor of the log-probability in a score")
    reference_log_prob: float = Field(
        -23.0,
        le=0,
        description="log-probability of z that is a score of 0, in nats; that of the policy before training, which the "
        "curve self_score/log_prob begins with",
    )
    score_weight: float = Field(0.1, ge=0, description="factor of the term; 0: GRPO alone")
    advantage_share: float = Field(
        0.1, ge=0, le=1, description="share of the advantage that is by the policy's own scores; 0 means none"
    )
    least_deviation: float = Field(0.1, ge=0, description="deviation of a group's scores above which they have a share")

    def token(self, tokenizer: Any) -> int:
        """The number of z; raises `InvalidInput` where the tokenizer has no such token."""
        name = self.score_token or tokenizer.pad_token
        vocabulary = tokenizer.get_vocab()
        if name not in vocabulary:
            raise InvalidInput(
                f"The tokenizer has no token {name!r}. Name in score_token a token of the model that no text holds, "
                "such as one that is reserved."
            )
        return int(vocabulary[name])


def class_weights(right: Sequence[bool | None]) -> list[float]:
    """n / (2 n_class) for each text of n whose verdict is known, so that both classes weigh the same; else 0."""
    known = [answer for answer in right if answer is not None]
    return [0.0 if answer is None else len(known) / (2 * known.count(answer)) for answer in right]


def mixed(advantages: Sequence[float], scores: Sequence[float | None], size: int, knobs: SelfScoreKnobs) -> list[float]:
    """The advantages of texts in groups of `size`, with the share of the policy's own scores; None: no score."""
    values = list(advantages)
    for start in range(0, len(values), size):
        own = {n: min(max(score, 0.0), 1.0) for n in range(start, start + size) if (score := scores[n]) is not None}
        if len(own) < 2:
            continue
        mean = math.fsum(own.values()) / len(own)
        deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in own.values()) / (len(own) - 1))
        if deviation > knobs.least_deviation:
            for n, score in own.items():
                learned = (score - mean) / (deviation + SMALL)
                values[n] = (1 - knobs.advantage_share) * values[n] + knobs.advantage_share * learned
    return values


def known_verdicts(verdicts: Sequence[Verdict | None], ended: Sequence[bool]) -> list[bool | None]:
    """Whether each text is right; None where nothing is known, and of texts that were cut off, which have no end."""
    pairs = zip(verdicts, ended, strict=True)
    return [verdict is Verdict.accept if verdict is not None and is_whole else None for verdict, is_whole in pairs]


def with_token(inputs: dict[str, Any], token: int, padding: int) -> tuple[dict[str, Any], "torch.Tensor"]:
    """TRL's inputs with a token behind each text that is scored, and its place in each row, of shape (rows, 1).

    The policy's loss does not see the token, and nothing before it does: all else stays as it is, and one forward pass
    serves both losses.
    """
    import torch

    def wider(name: str, fill: float) -> "torch.Tensor":
        return torch.nn.functional.pad(inputs[name], (0, 1), value=fill)

    at = inputs["completion_mask"].sum(dim=1, keepdim=True)
    is_scored = (inputs["score_weights"] > 0)[:, None]
    ids, seen = wider("completion_ids", padding), wider("completion_mask", 0)
    longer = {
        "completion_ids": ids.scatter(1, at, torch.where(is_scored, token, ids.gather(1, at))),
        "completion_mask": seen.scatter(1, at, is_scored.to(seen.dtype)),
        # What is left out of GRPO's loss (`mask_pattern`) stays so; the token is not in it anyway.
        "tool_mask": seen * wider("tool_mask", 0) if "tool_mask" in inputs else seen,
    }
    for name in ("old_per_token_logps", "ref_per_token_logps"):
        if inputs.get(name) is not None:
            longer[name] = wider(name, 0.0)
    return inputs | longer, at


def noted(
    scores: "torch.Tensor", targets: "torch.Tensor", known: "torch.Tensor", knobs: SelfScoreKnobs
) -> dict[str, float]:
    """What the curves show of scores; empty where none of the texts is scored."""
    if not known.any():
        return {}
    right, scores = targets[known] > 0, scores[known]
    mean = scores.mean().item()
    return {
        "self_score/mean": mean,
        "self_score/log_prob": mean / knobs.score_beta + knobs.reference_log_prob,
        "self_score/accuracy": ((scores > 0.5) == right).float().mean().item(),
    }


def self_scoring(knobs: SelfScoreKnobs, reward: VerdictReward) -> "type[GRPOTrainer]":
    """Return the trainer; it is made here because torch and TRL are imported only when training."""
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer

    base: Any = GRPOTrainer

    class SelfScoringTrainer(base):
        _log_probs: "torch.Tensor"

        def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
            outputs = super()._get_per_token_logps_and_entropies(*args, **kwargs)
            self._log_probs = outputs[0]
            return outputs

        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            if not knobs.score_weight:
                return output
            device = self.accelerator.device
            ends = torch.tensor(self.eos_token_ids, device=device)
            ended = (torch.isin(output["completion_ids"], ends) & output["completion_mask"].bool()).any(dim=1)
            right = known_verdicts(reward.verdicts, ended.tolist())
            output["score_weights"] = torch.tensor(class_weights(right), device=device)
            output["score_targets"] = torch.tensor([float(answer is True) for answer in right], device=device)
            output["num_scored"] = torch.tensor(len(right) - right.count(None), device=device)
            if knobs.advantage_share:
                self._mix_advantages(output, right)
            return output

        def _mix_advantages(self, output: dict[str, Any], right: list[bool | None]) -> None:
            longer, at = self._with_token(output)
            ids = torch.cat([longer["prompt_ids"], longer["completion_ids"]], dim=1)
            mask = torch.cat([longer["prompt_mask"], longer["completion_mask"]], dim=1)
            size = self.args.per_device_train_batch_size
            with torch.no_grad():
                self._get_per_token_logps_and_entropies(
                    self.model, ids, mask, longer["completion_ids"].size(1), batch_size=size
                )
            pairs = zip(self._score(at).tolist(), right, strict=True)
            scores = [score if answer is not None else None for score, answer in pairs]
            learned = mixed(output["advantages"].tolist(), scores, self.num_generations, knobs)
            output["advantages"] = torch.tensor(learned, device=self.accelerator.device)
            for _ in learned:
                self._logs["advantages"].pop()
            self._logs["advantages"].extend(learned)

        def _with_token(self, inputs: dict[str, Any]) -> tuple[dict[str, Any], "torch.Tensor"]:
            return with_token(inputs, knobs.token(self.processing_class), self._tokenizer.pad_token_id)

        def _score(self, at: "torch.Tensor") -> "torch.Tensor":
            """r_s of each text, by the forward pass that was newest."""
            log_prob = self._log_probs.gather(1, at)[:, 0]
            scores: torch.Tensor = knobs.score_beta * (log_prob - knobs.reference_log_prob)
            return scores

        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> "torch.Tensor":
            if not knobs.score_weight:
                plain: torch.Tensor = super()._compute_loss(model, inputs)
                return plain
            longer, at = self._with_token(inputs)
            loss: torch.Tensor = super()._compute_loss(model, longer)
            weights, targets, scores = inputs["score_weights"], inputs["score_targets"], self._score(at)
            passes = self.current_gradient_accumulation_steps / self.args.steps_per_generation
            error = (weights * (scores - targets) ** 2).sum() / inputs["num_scored"].clamp(min=1) / passes
            for name, value in noted(scores.detach(), targets, weights > 0, knobs).items():
                self._metrics["train"][name].append(value)
            return loss + knobs.score_weight * error

    return SelfScoringTrainer
