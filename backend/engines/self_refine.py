"""A draft, feedback on it, a revision, again until the feedback approves (Madaan et al. 2023, arXiv 2303.17651)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.answers import check_pattern
from backend.engines import answered, failed, is_continued
from backend.engines._wrapper import Wrapper
from backend.values import Completion, Messages, Sampling

FEEDBACK = (
    "Look at your answer again. Say in at most 100 words what is wrong with it, where that stands, and how to put it "
    "right. Do not write a new answer yet. If nothing about it should be changed, end with the line\n\nApproved: yes"
)
REVISE = "Now write your whole answer once more, with this feedback in mind."
APPROVED = r"(?im)^[^\w\n]*+approved\W+yes\b"


class RefineKnobs(BaseModel):
    """How an answer is refined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feedback: str = Field(FEEDBACK, min_length=1, description="what is asked after an answer: feedback on it")
    revise: str = Field(REVISE, min_length=1, description="what is asked after the feedback: the answer once more")
    approved: str = Field(
        APPROVED, min_length=1, description="regular expression that is found in feedback which asks for no change"
    )
    max_revisions: int = Field(4, ge=1, le=32, description="most revisions of an answer; each takes two calls")
    feedback_tokens: int = Field(256, ge=1, description="longest feedback in tokens; longer one is cut off")

    @field_validator("approved")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return check_pattern(pattern)


class SelfRefine(RefineKnobs, Wrapper):
    """One model drafts, gives feedback and revises; it stops where the feedback approves, at most after k revisions.

    Self-Refine (Madaan et al. 2023, arXiv 2303.17651, algorithm 1). Each revision sees all drafts and all feedback
    before it, as one chat. The text is the last answer, `reasoning` the chain that led to it. `num_tokens` counts all
    tokens that were written for it, and there is no log-probability. An answer stays as it is where its feedback or
    revision finds no room in the context or is empty. A chat that ends with a message by the assistant is gone on from
    without feedback.
    """

    @property
    def calls_per_answer(self) -> int:
        return super().calls_per_answer * (1 + 2 * self.max_revisions)

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        drafts = self.inner.complete(prompts, sampling)
        chains = [
            [
                _Chain(
                    answered(chat, completion.text), completion, completion.failure is None and not is_continued(chat)
                )
                for completion in some
            ]
            for chat, some in zip(prompts, drafts, strict=True)
        ]
        every = [chain for some in chains for chain in some]
        for turn in range(1, self.max_revisions + 1):
            asked = _turn(sampling, "feedback", turn)
            self._ask(every, self.feedback, replace(asked, max_tokens=self.feedback_tokens, stop=()))
            for chain in every:
                chain.read(turn, self.approved)
            self._ask(every, self.revise, _turn(sampling, "revision", turn))
            for chain in every:
                chain.take(turn)
        return [[chain.completion for chain in some] for some in chains]

    def _ask(self, chains: Sequence["_Chain"], question: str, sampling: Sampling) -> None:
        """Ask in each chain that is open, all together."""
        going = [chain for chain in chains if chain.is_open]
        if not going:
            return
        chats: list[Messages] = [[*chain.chat, {"role": "user", "content": question}] for chain in going]
        replies = self.inner.complete(chats, sampling)
        for chain, chat, (reply,) in zip(going, chats, replies, strict=True):
            chain.hear(chat, reply)


@dataclass
class _Chain:
    """An answer as far as it is. `chat` ends with the newest text, `reply` is what was said last."""

    chat: Messages
    answer: Completion
    is_open: bool
    transcript: list[str] = field(default_factory=list)
    reply: Completion | None = None

    def __post_init__(self) -> None:
        self.tokens, self.label = self.answer.num_tokens, "Draft"

    def hear(self, chat: Messages, reply: Completion) -> None:
        """Take a reply. One that lies in the text itself, such as one without room, ends the chain; others fail it."""
        if reply.failure is not None:
            self.is_open = False
            if not reply.failure.kind.is_own:
                self.answer = failed(reply.failure.kind, reply.failure.reason)[0]
            self.transcript.append(f"It ended here: {reply.failure.reason}")
            return
        self.tokens += reply.num_tokens
        self.chat, self.reply = answered(chat, reply.text), reply

    def read(self, turn: int, approved: str) -> None:
        """The reply is feedback: the chain ends with it where it approves, or says nothing."""
        if not self.is_open or self.reply is None:
            return
        is_end = re.search(approved, self.reply.text) is not None or not self.reply.text.strip()
        if not is_end:
            self.transcript.append(f"{self.label}:\n{self.answer.text}")
        self.transcript.append(f"Feedback {turn}:\n{self.reply.text}")
        self.is_open, self.reply = not is_end, None

    def take(self, turn: int) -> None:
        """The reply is a revision; an empty one, or one that is cut off where the answer is not, ends the chain."""
        if not self.is_open or self.reply is None:
            return
        is_cut = self.reply.finish_reason == "length" and self.answer.finish_reason != "length"
        if self.reply.text.strip() and not is_cut:
            self.answer, self.label = self.reply, f"Revision {turn}"
        else:
            self.is_open = False
        self.reply = None

    @property
    def completion(self) -> Completion:
        if self.answer.failure is not None:
            return self.answer
        transcript = [self.answer.reasoning, *self.transcript] if self.answer.reasoning else self.transcript
        return replace(self.answer, num_tokens=self.tokens, logprob=None, reasoning="\n\n".join(transcript))


def _turn(sampling: Sampling, what: str, turn: int) -> Sampling:
    """The same way to sample, one text, with random numbers of its own."""
    if sampling.seed is None:
        return replace(sampling, n=1)
    digest = hashlib.sha256(repr((sampling.seed, what, turn)).encode()).digest()
    return replace(sampling, n=1, seed=int.from_bytes(digest[:4], "big") & 0x7FFFFFFF)
