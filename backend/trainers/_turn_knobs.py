"""Knobs of chats of several turns, and which of them fit together."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.judges import Judge
from backend.judges.read_critique import ReadCritique
from backend.trainers.grpo import GRPO

ANSWER, VERDICT, THOUGHT = "answer", "verdict", "thought"
KINDS = (ANSWER, VERDICT, THOUGHT)
MEANS = ("grpo", "bnpo", "dr_grpo", "dapo")
"""Loss types whose mean over tokens is known here, for terms beside TRL's loss."""
AGAIN = (
    "Look at your answer again: there may be a mistake in it. If you find one, put it right. Then write the whole "
    "answer once more."
)


class TurnKnobs(GRPO, abstract=True):
    """What each turn is, and what it is credited with."""

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
        for problem in (self._wrong_turns(), self._trains_nothing(), self._held()):
            if problem:
                raise ValueError(problem)
        return self

    def _wrong_turns(self) -> str:
        kinds, turns = self.turn_kinds, len(self.turn_kinds)
        if strange := [kind for kind in kinds if kind not in KINDS]:
            return f"{strange[0]!r} is no kind of turn. Kinds are: {', '.join(KINDS)}."
        if len(self.follow_ups) != turns - 1:
            return (
                f"{turns} turns need {turns - 1} follow_ups, not {len(self.follow_ups)}: one before each but the first."
            )
        if len(self.turn_weights) not in (0, turns):
            return f"There are {turns} turns, but {len(self.turn_weights)} turn_weights. Give one for each, or none."
        if ANSWER not in kinds:
            return "No turn is an answer, so that nothing can be rewarded. Make one of them an answer."
        if VERDICT in kinds[: kinds.index(ANSWER)]:
            return "A verdict stands before the first answer, so that it is about nothing. Put an answer before it."
        if self.progress_bonus and (kinds.count(ANSWER) < 2 or self.credit == "outcome"):
            return (
                "progress_bonus compares one answer with the next, so it needs two of them and the credit turn or "
                "return. Set it to 0, or change these."
            )
        return ""

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
        if self.loss_type not in MEANS:
            return (
                f"first_turn_beta works with the loss types {', '.join(MEANS)}, not with {self.loss_type}. "
                "Choose one of them, or leave it unset."
            )
        if self.trained_turns and 1 not in self.trained_turns:
            return "first_turn_beta holds the first turn, but trained_turns leaves it out. Leave one of them unset."
        return ""
