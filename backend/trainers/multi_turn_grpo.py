"""GRPO on chats of several turns, all of them written by the policy as it is trained.

Self-correction by SCoRe (Kumar et al. 2024, arXiv 2409.12917): two answers, a bonus for getting better on the second
one, and in a first stage a divergence that holds the first answer to the base. Self-verification by S2R (Ma et al.
2025, arXiv 2502.12853): a verdict on the answer, then another answer. Reflections that are paid for by the retry after
them (Bensal et al. 2025, arXiv 2505.24726).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.judges import Judge
from backend.judges.read_critique import ReadCritique
from backend.trainers import TrainSpec, _turns
from backend.trainers.grpo import GRPO

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, Weights
    from backend.trainers._reward import Reward

AGAIN = (
    "Look at your answer again: there may be a mistake in it. If you find one, put it right. Then write the whole "
    "answer once more."
)


class MultiTurnGRPO(GRPO):
    """GRPO whose policy answers, is asked `follow_ups` in the same chat, and is credited turn by turn.

    A turn is an `answer`, which `reward` judges; a `verdict` on the answer before it, with reward 1 where it says what
    `reward` says of that answer, 0 where it says the opposite, and none where it says nothing that can be read; or a
    `thought`, which has no reward of its own. A verdict that accepts ends the chat. The advantage of a turn is what it
    is credited with less the mean of the same turn in its group, scaled as `scale_rewards` says. With one turn it is
    GRPO.
    """

    turn_kinds: tuple[str, ...] = Field(
        ("answer", "answer"), min_length=1, description="what each turn is: answer, verdict or thought"
    )
    follow_ups: tuple[str, ...] = Field((AGAIN,), description="what the user says before each turn but the first")
    turn_weights: tuple[float, ...] = Field((), description="factor of each turn's reward; empty: all 1")
    credit: Literal["turn", "return", "outcome"] = Field(
        "return",
        description="what a turn is credited with: its own reward; that and the rewards of all later turns; or the "
        "reward of the chat's last answer",
    )
    progress_bonus: float = Field(
        0.0,
        ge=0,
        description="factor of the difference to the answer before, which is added to an answer's own credit and to "
        "that of no earlier turn",
    )
    trained_turns: tuple[int, ...] = Field(
        (), description="turns, from 1, whose tokens the loss is of; empty: all that the policy writes"
    )
    first_turn_beta: float | None = Field(
        None, ge=0, description="how strongly the first turn is held to the reference; unset: beta"
    )
    verdict_reader: Judge = Field(
        default_factory=ReadCritique, description="judge that computes, and reads what a verdict turn says"
    )

    @field_validator("verdict_reader")
    @classmethod
    def _computes(cls, reader: Judge) -> Judge:
        if reader.needs_engine or reader.needs_answer or reader.looks_elsewhere:
            raise ValueError(f"The judge {reader.name} does not read texts. Choose read_critique.")
        return reader

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for problem in (_turns.problem(self), self._trains_nothing(), self._held()):
            if problem:
                raise ValueError(problem)
        return self

    def _trains_nothing(self) -> str:
        turns = range(1, len(self.turn_kinds) + 1)
        if strange := [turn for turn in self.trained_turns if turn not in turns]:
            return f"trained_turns names turn {strange[0]}, but there are {len(turns)}. Name turns from 1."
        thoughts = [turn for turn in self.trained_turns or turns if self.turn_kinds[turn - 1] == "thought"]
        if thoughts and self.credit == "turn":
            return (
                f"Turn {thoughts[0]} is a thought, which has no reward of its own, so that with the credit turn it "
                "learns nothing. Choose return or outcome, or leave it out of trained_turns."
            )
        return ""

    def _held(self) -> str:
        if self.first_turn_beta is None:
            return ""
        if self.loss_type not in _turns.MEANS:
            return (
                f"first_turn_beta works with the loss types {', '.join(_turns.MEANS)}, not with {self.loss_type}. "
                "Choose one of them, or leave it unset."
            )
        if self.trained_turns and 1 not in self.trained_turns:
            return "first_turn_beta holds the first turn, but trained_turns leaves it out. Leave one of them unset."
        return ""

    @property
    def needs_reference(self) -> bool:
        return self._largest_beta > 0

    @property
    def _largest_beta(self) -> float:
        """How strongly the turn that is held most is held; of one turn how strongly that one is."""
        first = self.beta if self.first_turn_beta is None else self.first_turn_beta
        return first if len(self.turn_kinds) == 1 else max(self.beta, first)

    @property
    def max_tokens_per_chat(self) -> int:
        return len(self.turn_kinds) * self.max_tokens_per_rollout

    @property
    def asked_beside(self) -> tuple[str, ...]:
        return ("\n".join(self.follow_ups),)

    def rollouts(self, prompts: int) -> int:
        return super().rollouts(prompts) * len(self.turn_kinds)

    def room(self, weights: "Weights") -> int:
        between = _turns.between(weights.tokenizer, weights.base, self.follow_ups, {weights.tokenizer.eos_token_id})
        return len(self.turn_kinds) * self.max_completion_length + sum(map(len, between))

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        from backend.trainers._turn_reward import TurnReward

        return TurnReward(self, rows, spec)

    def _arguments(self) -> dict[str, Any]:
        # TRL asks the reference where its beta is above 0.
        return super()._arguments() | {"beta": self._largest_beta}

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "Weights", dataset: "Dataset"
    ) -> "HFTrainer":
        from backend.trainers._turn_loss import turn_grpo
        from backend.trainers._turn_reward import TurnReward

        assert isinstance(reward, TurnReward)
        fitted = self.fit(turn_grpo(self, reward), reward, arguments, weights, dataset)
        between = _turns.between(weights.tokenizer, weights.base, self.follow_ups, set(fitted.eos_token_ids))
        # Set here, since its argument warns that it may change; the versions are pinned.
        fitted.rollout_func = _turns.Rollout(self, between)
        return fitted
