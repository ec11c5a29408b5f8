"""Draft a text, and revise it until it stops changing."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import Field, field_validator

from backend.engines import Engine
from backend.generators import Generator
from backend.judges import fill, prompt_text, with_slots
from backend.likeness import rouge_l, words
from backend.values import Completion, Failure, Messages, Prompt, Sample, Sampling

REVISE = (
    "Below stand a task and a draft of its solution.\n\nTask: {prompt}\n\nDraft: {response}\n\nWrite the solution "
    "anew, with all that is wrong in the draft put right. If nothing is, write the draft once more."
)


PUNCTUATION = frozenset(".,;:!?\"'")
"""Signs that do not make two texts different."""


@dataclass
class _Revisions:
    """A text and those that it was revised from, the draft first."""

    prompt: Prompt
    now: Completion
    before: list[str] = field(default_factory=list)
    is_settled: bool = False
    failure: Failure | None = None

    @property
    def goes_on(self) -> bool:
        return not self.is_settled and self.failure is None and bool(self.now.text.strip())


class FixedPoint(Generator):
    """Each sample is the text at which a chain of revisions came to rest: revised once more it would say the same.

    The inner loop of equilibrium sequence modeling, x = f(x, context) (Li et al. 2024, arXiv 2410.01440): a draft
    answers the prompt, and each further text revises the one before, which is all of the chain that it sees. A chain
    stops where a text is as good as equal to the one before it, after `max_revisions`, and where a text is empty or
    could not be made. All chains of a batch go on together. A sample notes in `extra` how many `revisions` there were,
    whether it is `unchanged` by the last one, which the judge `noted` reads, the texts `before` it, and why it was
    `stopped`. It has no log-probability: it answers another question than the prompt.
    """

    n: int = Field(1, ge=1, le=1024, description="chains, and so samples, of each prompt")
    max_revisions: int = Field(5, ge=1, le=100, description="most revisions of a draft")
    alike: float = Field(
        1.0,
        gt=0,
        le=1,
        description="ROUGE-L with the text before from which on it counts as unchanged; 1: equal but for punctuation",
    )
    template: str = Field(
        REVISE, description="what asks for a revision; filled in are {prompt} and {response}, the text before"
    )
    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy; higher is more varied, and seldom settles")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    max_tokens: int = Field(
        512, ge=1, description="longest text in tokens; longer ones are cut off and marked truncated"
    )

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{response}", so="a revision would not see it")

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        drafts = engine.complete([prompt.messages for prompt in prompts], self._sampling(self.n, seed))
        chains = [
            [_Revisions(prompt, completion, failure=completion.failure) for completion in several]
            for prompt, several in zip(prompts, drafts, strict=True)
        ]
        for number in range(1, self.max_revisions + 1):
            due = [chain for several in chains for chain in several if chain.goes_on]
            if not due:
                break
            chance = random.Random(f"{seed} revision {number}").getrandbits(31)
            revised = engine.complete([self._chat(chain) for chain in due], self._sampling(1, chance))
            for chain, (text,) in zip(due, revised, strict=True):
                self._take(chain, text)
        return [[_sample(chain, position) for position, chain in enumerate(several)] for several in chains]

    def _chat(self, chain: _Revisions) -> Messages:
        text = fill(self.template, prompt=prompt_text(chain.prompt.messages), response=chain.now.text)
        return [{"role": "user", "content": text}]

    def _take(self, chain: _Revisions, text: Completion) -> None:
        """Go on with a revision; of one that could not be made the text before it stays."""
        if text.failure is not None:
            chain.failure = text.failure
            return
        old, new = chain.now.text, text.text
        is_same = old.strip() == new.strip() or rouge_l(_said(old), _said(new)) >= self.alike
        chain.is_settled = is_same and bool(new.strip())
        chain.before.append(old)
        chain.now = text

    @property
    def samples_per_prompt(self) -> int:
        return self.n

    @property
    def texts_per_sample(self) -> int:
        return 1 + self.max_revisions

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens

    @property
    def max_tokens_per_chat(self) -> int:
        return 2 * self.max_tokens  # a draft that is revised, and its revision

    @property
    def asked_beside(self) -> tuple[str, ...]:
        return (self.template,)

    def _sampling(self, n: int, seed: int) -> Sampling:
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, n=n, seed=seed)


def _said(text: str) -> list[str]:
    """Its words, and its signs but those of punctuation: 3 + 5 is no 3 - 5."""
    return [word for word in words(text, signs=True) if word not in PUNCTUATION]


def _sample(chain: _Revisions, position: int) -> Sample:
    """A chain's last text. Only a draft that could not be made is a failure of the sample."""
    text, noted = chain.now, {"revisions": len(chain.before), "unchanged": chain.is_settled, "before": chain.before}
    if chain.failure is not None:
        noted["stopped"] = chain.failure.reason
    return Sample(
        id=0,
        prompt_id=chain.prompt.id,
        text=text.text,
        finish_reason=text.finish_reason,
        num_tokens=text.num_tokens,
        position=position,
        reasoning=text.reasoning,
        failure=text.failure,
        extra=noted,
    )
