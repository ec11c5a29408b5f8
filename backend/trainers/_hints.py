"""Generations in which prompts that no text solves are answered again, with part of the solution in view."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from backend.engines import _chat
from backend.judges import fill, with_slots
from backend.trainers._guided import MarkedReward
from backend.trainers._verdict_reward import VerdictReward
from backend.trainers.grpo import GRPO
from backend.values import JSON, Group, Judgment, Message, Messages, Sample, Verdict

if TYPE_CHECKING:
    from backend.trainers._inputs import TrainerInputs

HINT = "{prompt}\n\nThis is how a right answer begins. You may go on from it:\n\n{hint}"


class HintKnobs(GRPO, abstract=True):
    """Which hints a group without a right completion gets."""

    hint_shares: tuple[float, ...] = Field(
        (0.25, 0.5, 0.75), min_length=1, description="shares of the solution that are shown, one after the other"
    )
    hint_key: str = Field(
        "solution",
        description="column of the prompts' metadata that holds a solution; where a prompt has none, the known answer",
    )
    hint_template: str = Field(
        HINT, description="what is asked with a hint; {prompt} is the prompt's last question, {hint} what is shown"
    )
    strip_hints: bool = Field(True, description="leave hints out of what the loss sees")
    first_hint_step: int = Field(0, ge=0, description="optimizer steps before the first hint")

    @field_validator("hint_shares")
    @classmethod
    def _rise(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not 0 < shares[0] <= shares[-1] <= 1 or sorted(set(shares)) != list(shares):
            raise ValueError(f"The hint_shares {shares} do not rise from above 0 to at most 1. Give the lowest first.")
        return shares

    @field_validator("hint_template")
    @classmethod
    def _shows(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{hint}", so="the policy would not see it")


class GuidedReward(MarkedReward):
    """The reward of texts that were judged as they were written. `guided` is the share of the solution in view."""

    judgments: Mapping[int, list[Judgment]] = MappingProxyType({})

    def _judge(self, groups: Sequence[Group], step: int) -> Mapping[int, list[Judgment]]:
        return self.judgments

    def judge_texts(self, texts: Sequence[Sample], step: int) -> Mapping[int, list[Judgment]]:
        """The judgments of some groups, by the number of the text: of what it says, with no hint in view."""
        return super()._judge(self._groups(texts), step)


class HintedRollout:
    """TRL's rollout function: a generation, of which the groups without a solution are written again with hints."""

    def __init__(self, knobs: HintKnobs, reward: GuidedReward, weights: "TrainerInputs") -> None:
        self.knobs, self.reward = knobs, reward
        self.most = min(knobs.max_length, weights.context or knobs.max_length) - knobs.max_completion_length

    def __call__(self, prompts: list[Any], fitted: Any) -> dict[str, Any]:
        rows: Sequence[int] = fitted.asked
        plain, _, _ = fitted._tokenize_prompts(prompts)
        heads, step = list(plain), fitted.state.global_step
        written: list[list[int]] = [[] for _ in prompts]
        judgments: dict[int, list[Judgment]] = {}
        shares = [0.0] * len(prompts)
        due = list(range(len(prompts)))
        for share in (0.0, *(self.knobs.hint_shares if step >= self.knobs.first_hint_step else ())):
            if share:
                hinted = {n: self.hinted(rows[n], share, fitted) for n in due}
                due = [n for n in due if hinted[n]]
                for n in due:
                    heads[n], shares[n] = hinted[n], share
            if not due:
                break
            completions, _ = fitted._generate_single_turn([heads[n] for n in due], None, {}, fitted.num_generations)
            for n, ids in zip(due, completions, strict=True):
                written[n] = ids
            judgments |= self.reward.judge_texts(self.texts(due, rows, written, fitted), step)
            due = unsolved(due, judgments, self.reward, self.knobs.num_generations)
        self.reward.judgments, self.reward.shares = judgments, shares
        return {
            "prompt_ids": plain if self.knobs.strip_hints else heads,
            "completion_ids": written,
            "logprobs": None,
        }

    def texts(
        self, places: Sequence[int], rows: Sequence[int], written: Sequence[Sequence[int]], fitted: Any
    ) -> list[Sample]:
        """Texts of whole groups as judges see them."""
        decoded = fitted.processing_class.batch_decode([written[n] for n in places], skip_special_tokens=True)
        ends = set(fitted.eos_token_ids)
        return [
            Sample(
                id=n,
                prompt_id=rows[n],
                text=text,
                num_tokens=len(written[n]),
                position=n % self.knobs.num_generations,
                finish_reason="stop" if written[n] and written[n][-1] in ends else "length",
            )
            for n, text in zip(places, decoded, strict=True)
        ]

    def hinted(self, row: int, share: float, fitted: Any) -> list[int]:
        """The tokens of a prompt with a hint; none where no solution is known, or where it leaves too little room."""
        row_ = self.reward.rows[row]
        hint = beginning(solution(row_.notes, self.knobs.hint_key), share)
        if not hint:
            return []
        tokenizer = fitted.processing_class
        try:
            chat = with_hint(row_.columns["prompt"], self.knobs.hint_template, hint)
            (ids,) = _chat.encode(tokenizer, _chat.special_texts(tokenizer), [chat])
        except _chat.REFUSALS:
            return []
        return ids if len(ids) <= self.most else []


def solution(notes: JSON, key: str) -> str:
    """What is shown of: the column of the prompt's metadata, where there is one of that name, else the known answer."""
    value = (notes.get("metadata") or {}).get(key) if key else None
    return str(value if value is not None else notes.get("answer") or "")


def beginning(text: str, share: float) -> str:
    """The first characters of a text, that share of them, rounded to the nearest number."""
    return text[: math.floor(share * len(text) + 0.5)].strip()


def with_hint(chat: Messages, template: str, hint: str) -> Messages:
    """The chat with the hint beside its last question, which it has to have."""
    last = max(place for place, message in enumerate(chat) if message["role"] == "user")
    asked: Message = {"role": "user", "content": fill(template, prompt=chat[last]["content"], hint=hint)}
    return [*chat[:last], asked, *chat[last + 1 :]]


def unsolved(
    places: Sequence[int], judgments: Mapping[int, Sequence[Judgment]], reward: VerdictReward, size: int
) -> list[int]:
    """The texts of those groups of which the judge rejects some text and accepts none."""
    ids: list[int] = []
    for start in range(0, len(places), size):
        members = places[start : start + size]
        verdicts = {reward.judge.label(judgments.get(n, ()))[1] for n in members}
        if Verdict.accept not in verdicts and Verdict.reject in verdicts:
            ids += members
    return ids
