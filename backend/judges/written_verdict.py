"""A yes-or-no verdict after a written check."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from backend.answers import check_pattern
from backend.answers.thinking import spoken
from backend.judges._asides import clause, is_aside, is_supposed, nearest
from backend.judges._template import Reply, TemplateJudge
from backend.values import Verdict
from backend.values.replies import ReplyForm

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
VERDICT = r"(?m);[\s*_`]*(?:(?P<accept>Y)|(?P<reject>N))(?=[\s.!*_`)\]\"']*$)"
REPLIES = r"(.|\n)*;[YN]"

_NEGATED = re.compile(
    r"(?:\b(?:not|never|hardly)|n['\u2019]t)\s+(?:(?:\w+ly|quite|at all|yet|a|the)\s+){0,2}$", re.IGNORECASE
)
_DOUBTED = re.compile(r"\b(?:not|cannot|never|nor|neither|hardly)\b|n['\u2019]t\b", re.IGNORECASE)


class WrittenVerdict(TemplateJudge):
    """Score 1 or 0 by the verdict a reply ends with; the label is the share of votes that accept.

    Writing the calculation first is what makes a small model's verdict worth more than its answers. With
    one vote at temperature 0 the verdict is the greedy one.
    """

    votes: int = Field(
        1, ge=1, le=64, description="replies sampled for each sample; the label is the share that accepts"
    )
    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy; votes differ only above 0")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    template: str = Field(TEMPLATE, description="what the judge is asked; {prompt} and {response} are filled in")
    verdict_pattern: str = Field(
        VERDICT,
        description="regular expression with the groups `accept` and `reject`; its last match counts, the "
        "first where the verdict comes first",
    )
    reply_pattern: str = Field(
        REPLIES,
        description="of forced replies: regular expression of a whole reply, in which verdict_pattern finds a verdict; "
        "without look-around and named groups, which servers do not take",
    )
    accept_at: float = Field(0.5, ge=0, le=1, description="lowest share of accepting votes that is labelled accept")

    @field_validator("verdict_pattern")
    @classmethod
    def _has_groups(cls, pattern: str) -> str:
        missing = {"accept", "reject"} - re.compile(check_pattern(pattern)).groupindex.keys()
        if missing:
            raise ValueError(
                f"The verdict pattern {pattern!r} lacks the groups {', '.join(sorted(missing))}. "
                "Write them as (?P<accept>...) and (?P<reject>...)."
            )
        return pattern

    @field_validator("reply_pattern")
    @classmethod
    def _can_be_held_to(cls, pattern: str) -> str:
        if odd := re.search(r"\(\?(?!:)|\\[1-9]", check_pattern(pattern)):
            raise ValueError(
                f"The reply pattern has {odd[0]!r}, and servers take no look-around, named group or back-reference. "
                "Write it with plain groups and classes."
            )
        return pattern

    @model_validator(mode="after")
    def _knows_its_form(self) -> Self:
        if self.forced and not self.reply_pattern and self.form is None:
            raise ValueError("Replies are to be forced, but reply_pattern is empty. Write one, or turn forced off.")
        if self.forced and self.reply_pattern == REPLIES:
            scores = [self.parse(reply, is_complete=True).score for reply in ("It is so;Y", "It is not so;N")]
            if scores != [1.0, 0.0]:
                raise ValueError(
                    "Replies are forced to end in ;Y or ;N, but verdict_pattern does not read these as accept and "
                    "reject. Write a reply_pattern of replies that it reads, or turn forced off."
                )
        return self

    @property
    def form(self) -> ReplyForm | None:
        return ReplyForm(pattern=self.reply_pattern) if self.reply_pattern else None

    @property
    def score_range(self) -> tuple[float, float]:
        return 0.0, 1.0

    def _bare(self, verdict: Verdict) -> tuple[str, ...]:
        return (";Y", "Yes", "Y") if verdict is Verdict.accept else (";N", "No", "N")

    def parse(self, reply: str, *, is_complete: bool) -> Reply:
        reply = spoken(reply)
        matches = nearest(re.finditer(self.verdict_pattern, reply), first=self.verdict_first)
        verdicts = [match for match in matches if not self._is_aside(reply, match)]
        match = self._deciding(reply, verdicts) if is_complete or self.verdict_first else None
        score = None if match is None else self._score(reply, match)
        if match is None or score is None:
            return Reply(None, reply.strip())
        return Reply(score, (reply[match.end() :] if self.verdict_first else reply[: match.start()]).strip())

    def _deciding(self, reply: str, verdicts: list[re.Match[str]]) -> re.Match[str] | None:
        """The match that counts: the first where the verdict comes first, else the last. Where they differ, the last
        counts only at the end of the reply.
        """
        if not verdicts:
            return None
        if self.verdict_first:
            return verdicts[0]
        is_at_end = re.search(r"\w", reply[verdicts[-1].end() :]) is None
        return verdicts[-1] if is_at_end or len({self._score(reply, match) for match in verdicts}) == 1 else None

    @staticmethod
    def _score(reply: str, match: re.Match[str]) -> float | None:
        """1 or 0; of a word, its opposite after "not", and None after another doubt."""
        accept, reject = match["accept"], match["reject"]
        if (accept is None) == (reject is None):
            return None
        score, word = (0.0, reject) if accept is None else (1.0, accept)
        before = clause(reply[: match.start()].rpartition("\n")[2])
        if not _is_word(match) or not word:
            return score
        if negated := _NEGATED.search(before):
            return None if _DOUBTED.search(before[: negated.start()]) else 1.0 - score
        return None if _DOUBTED.search(before) else score

    @staticmethod
    def _is_aside(reply: str, match: re.Match[str]) -> bool:
        if not _is_word(match):  # a check may speak of a format: only "the form is: check;Y" shows one
            return is_aside(reply, match.start(), match.end(), only_announced=True)
        return is_supposed(reply, match.start()) or is_aside(reply, match.start(), match.end())


def _is_word(match: re.Match[str]) -> bool:
    """Whether the verdict is a word of a sentence; after a sign such as `;` it stands for itself."""
    return match[0][:1].isalpha()
