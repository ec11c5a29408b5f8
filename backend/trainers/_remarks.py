"""Generations in which a teacher adds a remark to some of the texts, and how much is learned of these."""

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, field_validator, model_validator

from backend.engines._live import same_randomness
from backend.errors import TrainerError
from backend.judges import fill, prompt_text, with_slots
from backend.trainers._guided import MarkedReward
from backend.trainers.grpo import GRPO
from backend.values import Message, Sampling

if TYPE_CHECKING:
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer

RARE = 0.01
"""Probability of a token below which a text that is worse than its group's mean is learned from as GRPO does."""
SPREAD = 4.0
"""The advantages from -SPREAD to SPREAD are those that the shaping tells apart."""
NOTHING = "no remark"
REMARK = f"""A student answers a task. Write what the student should think next, in the student's own voice and in at
most three sentences: doubt a step that is wrong and put it right, or check the answer another way. If there is nothing
to add, reply with {NOTHING} alone.

Task: {{prompt}}

Answer of the student: {{response}}"""


class RemarkKnobs(GRPO, abstract=True):
    """Who writes remarks, behind how many completions, and how much is learned of them."""

    remarks_by: str = Field(
        "reference",
        max_length=40,
        description="who writes the remarks: live (the policy as it is trained), policy, reference, base, or a role "
        "that is bound at launch or made by an earlier step",
    )
    template: str = Field(REMARK, description="what the teacher is asked; {prompt} and {response} are filled in")
    no_remark: str = Field(NOTHING, min_length=1, description="what the teacher says where it has nothing to add")
    remark_tokens: int = Field(256, ge=1, description="longest remark in tokens; one that was cut off is not used")
    remark_share: float = Field(0.1, ge=0, le=1, description="share of completions that get a remark at first")
    last_share: float = Field(0.01, ge=0, le=1, description="share that this falls to")
    fall_steps: int = Field(0, ge=0, description="optimizer steps over which it falls; 0: a third of all")
    least_share: float = Field(0.06, ge=0, le=1, description="share from which on there are no remarks any more")
    shaping: float = Field(
        0.001,
        ge=0,
        le=0.005,
        description="how much less is learned of words that the policy would hardly write; 0: none",
    )

    @field_validator("template")
    @classmethod
    def _shows(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{response}", so="the teacher would not see it")

    @model_validator(mode="after")
    def _is_on_policy(self) -> Self:
        if self.gradient_accumulation_steps % (self._passes * self.num_iterations):
            raise ValueError(
                "The weights of a remark's words are those of the policy that wrote the text, so that each generation "
                "has to be trained on in one optimizer step. Leave steps_per_generation unset and num_iterations 1."
            )
        if self.last_share > self.remark_share:
            raise ValueError("last_share is above remark_share, but the share falls. Swap them.")
        return self


def share_at(step: int, steps: int, knobs: RemarkKnobs) -> float:
    """The share of texts that get a remark at an optimizer step, from 0, of so many; 0 from `least_share` down."""
    fall = knobs.fall_steps or max(1, steps // 3)
    share = knobs.remark_share - (knobs.remark_share - knobs.last_share) * min(step, fall) / fall
    return share if share > knobs.least_share else 0.0


def shaped(probability: float, advantage: float, width: float) -> float:
    """What the advantage of a token of a guided text is multiplied by: p / (p + gamma), gamma = width A / SPREAD.

    A is bounded by -SPREAD and SPREAD. Where p + gamma is below 0 it is p / 1.0001, and above 1 p / 0.9999, as in the
    released code. The factor is 1 for a token that is rare in a text which is worse than its group's mean.
    """
    if advantage < 0 and probability < RARE:
        return 1.0
    gamma = width * max(-SPREAD, min(SPREAD, advantage)) / SPREAD
    divisor = probability + gamma
    if divisor < 0:
        return 1.0001
    if divisor > 1:
        return 0.9999
    return probability / divisor if divisor else 1.0001


class RemarkedRollout:
    """TRL's rollout function: a generation, of which some texts that ended by themselves go on with a remark."""

    def __init__(self, knobs: RemarkKnobs, reward: MarkedReward) -> None:
        self.knobs, self.reward = knobs, reward

    def __call__(self, prompts: list[Any], fitted: Any) -> dict[str, Any]:
        heads, _, _ = fitted._tokenize_prompts(prompts)
        written, _ = fitted._generate_single_turn(heads, None, {}, fitted.num_generations)
        shares = [0.0] * len(prompts)
        texts = fitted.processing_class.batch_decode(written, skip_special_tokens=True)
        for n, remark in self.remarks(prompts, texts, written, fitted).items():
            text = "\n\n" + remark
            ids = fitted.processing_class(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            ids = ids[: self.knobs.remark_tokens]
            written[n] = [*written[n][:-1], *ids, written[n][-1]]
            shares[n] = len(ids) / len(written[n])
        self.reward.shares = shares
        return {
            "prompt_ids": heads,
            "completion_ids": written,
            "logprobs": None,
            "guided": [share > 0 for share in shares],
        }

    def remarks(
        self, prompts: Sequence[Any], texts: Sequence[str], written: Sequence[Sequence[int]], fitted: Any
    ) -> dict[int, str]:
        """What the teacher says of the texts that chance chose, by their places; nothing of those that it lets pass."""
        state, knobs = fitted.state, self.knobs
        ends = set(fitted.eos_token_ids)
        ended = [n for n, ids in enumerate(written) if ids and ids[-1] in ends]
        count = math.floor(share_at(state.global_step, state.max_steps, knobs) * len(texts) + 0.5)
        chance = random.Random(f"{self.reward.spec.seed} {state.global_step} remarks")
        chosen = sorted(chance.sample(ended, min(count, len(ended))))
        if not chosen:
            return {}
        asked: list[list[Message]] = [
            [{"role": "user", "content": fill(knobs.template, prompt=prompt_text(prompts[n]), response=texts[n])}]
            for n in chosen
        ]
        sampling = Sampling(temperature=0.0, max_tokens=knobs.remark_tokens)
        with same_randomness(), self.reward.asked(knobs.remarks_by) as teacher:
            replies = [answers[0] for answers in teacher.complete(asked, sampling)]
        failed = [reply.failure for reply in replies if reply.failure is not None]
        if failed and len(failed) == len(replies):
            raise TrainerError(
                f"The teacher gave none of the {len(replies)} remarks of step {state.global_step + 1}: "
                f"{failed[0].reason} Resume the training once it can be asked."
            )
        remark_of = {
            n: reply.text.strip() for n, reply in zip(chosen, replies, strict=True) if reply.finish_reason == "stop"
        }
        return {n: text for n, text in remark_of.items() if text and knobs.no_remark.lower() not in text.lower()}


def remarking(knobs: RemarkKnobs) -> "type[GRPOTrainer]":
    """Return the trainer; it is made here because torch and TRL are imported only when training."""
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer

    base: Any = GRPOTrainer

    class RemarkingTrainer(base):
        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            guided = [bool(example["guided"]) for example in inputs]
            if any(guided):
                output["advantages"] = self._shaped(output, guided)
            return output

        def _shaped(self, output: dict[str, Any], guided: Sequence[bool]) -> "torch.Tensor":
            """The advantage of each token: (texts, tokens)."""
            ids = torch.cat([output["prompt_ids"], output["completion_ids"]], dim=1)
            mask = torch.cat([output["prompt_mask"], output["completion_mask"]], dim=1)
            width, size = output["completion_ids"].size(1), self.args.per_device_train_batch_size
            with torch.no_grad():
                scores = self._get_per_token_logps_and_entropies(self.model, ids, mask, width, batch_size=size)
            rows = []
            for advantage, is_guided, log_probs in zip(
                output["advantages"].tolist(), guided, scores[0].tolist(), strict=True
            ):
                factors = (shaped(math.exp(prob), advantage, knobs.shaping) if is_guided else 1.0 for prob in log_probs)
                rows.append([advantage * factor for factor in factors])
            return torch.tensor(rows, device=self.accelerator.device)

    return RemarkingTrainer
