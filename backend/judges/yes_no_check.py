"""Ask whether an answer is right: by the share of replies that say yes, or by the probability of saying it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.engines import Ability, Engine
from backend.judges._template import with_way_out
from backend.judges.written_verdict import WrittenVerdict
from backend.values import Group, Judgment, Sample, Verdict
from backend.values.replies import ReplyForm, Weights

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
VERDICT = r"(?mi)^(?:[^\S\n]|[*_`\"'(])*+(?:(?P<accept>yes)|(?P<reject>no))(?=[\s.!*_`)\"']*$)"


class YesNoCheck(WrittenVerdict):
    """Score from 0 to 1: the model's own probability that the answer is right, without a known answer.

    `votes`: the share of replies that say yes; a reply that says neither has no score, and does not count. A verdict is
    a line that holds it alone; where several lines differ, the last counts if nothing follows it.
    `probability`: p(yes) / (p(yes) + p(no)) of the two words at the start of a reply (Kadavath et al. 2022, arXiv
    2207.05221, P(True)); a word's probability is that of all its tokens. An endpoint that gives the likeliest first
    tokens alone weighs words that are one token; others are left out with the reason.
    """

    by: Literal["votes", "probability"] = Field(
        "votes", description="votes: the share of replies that say yes; probability: p(yes) / (p(yes) + p(no))"
    )
    votes: int = Field(5, ge=1, le=64, description="replies sampled for each sample; of no use by probability")
    temperature: float = Field(1.0, ge=0, le=5, description="0 is greedy; votes differ only above 0")
    template: str = Field(TEMPLATE, description="what the judge is asked; {prompt} and {response} are filled in")
    verdict_pattern: str = Field(
        VERDICT,
        description="of votes: regular expression with the groups `accept` and `reject`; its last match counts, the "
        "first where the verdict comes first",
    )
    yes: str = Field("Yes", description="by probability: the reply that says yes")
    no: str = Field("No", description="by probability: the reply that says no")

    reply_pattern: str = Field(
        "",
        description="of forced votes: regular expression of a whole reply, in which verdict_pattern finds a verdict; "
        "empty: one of the two words alone",
    )

    @field_validator("yes", "no")
    @classmethod
    def _is_a_word(cls, word: str) -> str:
        if not word.strip():
            raise ValueError("The word is empty, so it has no probability. Write what the judge would reply.")
        return word

    def bare(self, verdict: Verdict) -> str | None:
        if self.by == "votes":
            return super().bare(verdict)
        return self.yes if verdict is Verdict.accept else self.no

    @model_validator(mode="after")
    def _reads_what_it_forces(self) -> Self:
        if self.forced and self.by == "votes" and not self.reply_pattern:
            scores = [self.parse(word, is_complete=True).score for word in (self.yes, self.no)]
            if scores != [1.0, 0.0]:
                raise ValueError(
                    f"Replies are forced to be {self.yes!r} or {self.no!r}, but verdict_pattern does not read these as "
                    "accept and reject. Change the words or the pattern."
                )
        return self

    def _bare(self, verdict: Verdict) -> tuple[str, ...]:
        forced = (self.yes if verdict is Verdict.accept else self.no,) if self.forced else ()
        return (*forced, *super()._bare(verdict))

    @property
    def form(self) -> ReplyForm:
        return ReplyForm(pattern=self.reply_pattern) if self.reply_pattern else ReplyForm(choices=(self.yes, self.no))

    @property
    def asks_for(self) -> Ability:
        return Ability.weigh if self.by == "probability" else Ability.complete

    @property
    def calls_per_sample(self) -> int:
        return 2 if self.by == "probability" else self.votes

    @property
    def max_tokens_per_call(self) -> int:
        return 0 if self.by == "probability" else self.max_tokens

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        if self.by == "votes":
            return super().judge(engine, groups, seed=seed)
        engine = self.bound(engine)
        samples = [sample for group in groups for sample in group.samples]
        chats = [self.render(group.prompt.messages, sample.text) for group in groups for sample in group.samples]
        weights = engine.weigh(chats, (self.yes, self.no))
        return [self._weighed(sample, weighed) for sample, weighed in zip(samples, weights, strict=True)]

    def _weighed(self, sample: Sample, weights: Weights) -> Judgment:
        failure, score, reason = with_way_out(weights.failure), None, ""
        if failure is None:
            yes, no = weights.logprobs
            score = share(yes, no)
            reason = "; ".join(
                f"p({word}) = {math.exp(logprob):.3g}" for word, logprob in ((self.yes, yes), (self.no, no))
            )
        return Judgment(
            sample.id, str(self.name), 0, score, self._verdict(score), reason, "", self.template_hash, failure=failure
        )


def share(yes: float, no: float) -> float:
    """Return p(yes) / (p(yes) + p(no)) of two log-probabilities, also where both are tiny."""
    most = max(yes, no)
    first, second = math.exp(yes - most), math.exp(no - most)
    return first / (first + second)
