"""Knobs of the trainers that write texts themselves and learn from a judge's reward, and what is refused of them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from backend.engines import Ability
from backend.judges import Judge
from backend.trainers import LIVE
from backend.trainers._trl import TRLTrainer


class RLKnobs(TRLTrainer, abstract=True):
    """Knobs under TRL's names, and the judge that is the reward."""

    reward: Judge = Field(
        description="the judge whose score is the reward; a completion without a score takes no part in training"
    )
    judge_by: str = Field(
        LIVE,
        max_length=40,
        description="who answers as a judge that asks a model: live (the policy as it is trained), judge, policy, "
        "reference, base, or a role that is bound at launch or made by an earlier step",
    )
    reward_from: Literal["score", "verdict"] = Field(
        "score", description="the judge's score; or its verdict, 1 for accept and 0 for reject"
    )
    learning_rate: float = Field(1e-6, gt=0, description="peak learning rate of AdamW")
    per_device_train_batch_size: int = Field(8, ge=1, description="completions in one forward pass")
    max_length: int = Field(
        1024, ge=2, description="tokens of prompt and completion; prompts that leave less room are left out"
    )
    logging_steps: int | None = Field(1, ge=1, description="steps between two points of the curves")
    num_generations: int = Field(8, ge=2, description="completions of each prompt, which are compared with each other")
    max_completion_length: int = Field(256, ge=1, description="longest completion in tokens")
    temperature: float = Field(1.0, gt=0, le=5, description="of sampling; higher is more varied")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    top_k: int = Field(0, ge=0, description="sample from this many likeliest tokens; 0 means all")
    repetition_penalty: float = Field(1.0, gt=0, description="above 1 tokens that occurred become less likely")
    beta: float = Field(0.0, ge=0, description="how strongly the policy is held to the reference; 0 loads none")
    steps_per_generation: int | None = Field(
        None, ge=1, description="forward passes for one generation; unset: gradient_accumulation_steps"
    )
    num_iterations: int = Field(1, ge=1, description="times that each generation is trained on")
    epsilon: float = Field(0.2, gt=0, description="clip range of the probability ratio")
    epsilon_high: float | None = Field(None, gt=0, description="upper clip range; unset: epsilon")
    mask_truncated_completions: bool = Field(False, description="leave completions that were cut off out of the loss")
    sync_ref_model: bool = Field(False, description="move the reference towards the policy while training")
    ref_model_mixup_alpha: float = Field(0.6, ge=0, le=1, description="share of the policy in such a move")
    ref_model_sync_steps: int = Field(512, ge=1, description="steps between two such moves")

    @model_validator(mode="after")
    def _works(self) -> Self:
        for problem in (self._groups(), self._periods(), self._reference(), self._judge()):
            if problem:
                raise ValueError(problem)
        return self

    def _groups(self) -> str:
        if self.completions % self.num_generations == 0:
            return ""
        return (
            f"One generation is per_device_train_batch_size times steps_per_generation = {self.completions} "
            f"completions, which are no whole groups of num_generations = {self.num_generations}. Choose a multiple "
            "of it."
        )

    def _periods(self) -> str:
        passes, step = self._passes * self.num_iterations, self.gradient_accumulation_steps
        if passes % step and step % passes:
            return (
                f"A generation is trained on for {passes} forward passes, and an optimizer step takes {step}. Choose "
                "steps_per_generation, num_iterations and gradient_accumulation_steps so that one is a multiple of the "
                "other."
            )
        if self.save_steps >= 1 and self.save_steps % self.period:
            return (
                f"save_steps is {self.save_steps:g}, but a generation is trained on for {self.period} optimizer steps, "
                f"and a training resumes between two generations. Choose a multiple of {self.period}."
            )
        return ""

    def _reference(self) -> str:
        if self.sync_ref_model and (not self.needs_reference or self.lora):
            return "sync_ref_model moves a reference, and there is one only with beta above 0 and without lora."
        return ""

    def _judge(self) -> str:
        judge = self.reward
        if judge.needs_engine and judge.asks_for is Ability.rate and self.judge_by == LIVE:
            return (
                f"The judge {judge.name} asks a scorer, and the policy in training is none. Set judge_by to a role "
                "that a scorer is bound to, or that a step before makes."
            )
        if judge.looks_elsewhere:
            return (
                f"The judge {judge.name} judges by other texts than the group that is written, or by where a text "
                "comes from, so it cannot be a reward. Choose one that judges the texts themselves."
            )
        return ""

    @property
    def _passes(self) -> int:
        """Forward passes that the completions of one generation take."""
        return self.steps_per_generation or self.gradient_accumulation_steps

    @property
    def completions(self) -> int:
        """Completions of one generation."""
        return self.per_device_train_batch_size * self._passes

    @property
    def period(self) -> int:
        """Optimizer steps between two generations, at least 1; between them no training is resumed from."""
        return max(1, self._passes * self.num_iterations // self.gradient_accumulation_steps)

    @property
    def needs_reference(self) -> bool:
        return self.beta > 0
