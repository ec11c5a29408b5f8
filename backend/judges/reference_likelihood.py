"""Score reasoning by how likely it makes the known answer."""

import math
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import Field, field_validator

from backend.engines import Ability, Engine, answered, is_continued
from backend.judges import Judge
from backend.values import Failure, Group, Judgment, Messages, Reading, Sample, Verdict


class _Case(NamedTuple):
    """A sample, with what the model says of the known answer after its reasoning and without any."""

    sample: Sample
    given: Reading
    alone: Reading


class ReferenceLikelihood(Judge):
    """The log-probability of the prompt's known answer y* after the sample's reasoning c, in nats.

    The sample's own final answer is cut off, and `lead` and y* stand in its place. With l_j = log p(y*_j | x, c, y*_<j)
    and m_j the same without reasoning, summed over the tokens of y*:
    `plain`: sum l_j. `information_gain`: sum (l_j - m_j), the reward of reinforced pretraining (RLP), except that the
    model without a thought is the same one. `r3`: sum w_j (l_j - m_j), w_j = s_j / mean(s), s_j the standard deviation
    of l_j over the prompt's samples, so that the tokens which the reasonings decide count: direct reasoning
    optimization (DRO), whose weights rise with s_j, too; this form of them is ours.
    Where all s_j are 0 all weights are 1. A prompt with one sample, or whose samples split y* into other tokens, has no
    s_j: its samples get `plain`.
    """

    form: Literal["plain", "information_gain", "r3"] = Field(
        "information_gain",
        description="plain: the answer's log-probability; information_gain: less that without the reasoning; r3: its "
        "tokens weighed by how much the prompt's samples differ there",
    )
    answer_pattern: str = Field(
        r"(?i)####|\\boxed|\banswer\s*[:=]",
        description="regular expression; the reasoning ends before its last match, or with the text where none is",
    )
    lead: str = Field(
        "\n#### ",
        description="what stands between the reasoning and the known answer; spaces at its end are read with the "
        "answer, since tokenizers join them",
    )
    accept_at: float = Field(0.0, description="lowest score that is labelled accept; scores of `plain` are below 0")

    @field_validator("answer_pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"The pattern {pattern!r} is no regular expression: {error}. Correct it.") from error
        return pattern

    @property
    def asks_for(self) -> Ability:
        return Ability.read

    @property
    def needs_answer(self) -> bool:
        return True

    @property
    def needs_whole_groups(self) -> bool:
        return self.form == "r3"

    @property
    def calls_per_sample(self) -> int:
        return 1

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        answerable = [group for group in groups if group.prompt.answer]
        wanted: list[tuple[Messages, str]] = []
        for group in answerable:
            chats = [self._after(group.prompt.messages, self.reasoning(sample.text)) for sample in group.samples]
            read = self._gap + (group.prompt.answer or "")
            wanted += [(chat, read) for chat in [self._after(group.prompt.messages, ""), *chats]]
        readings = engine.read([chat for chat, _ in wanted], [answer for _, answer in wanted])
        judgments: list[Judgment] = []
        for group in groups:
            if not group.prompt.answer:
                judgments += [self._judgment(s, None, "The prompt has no known answer.") for s in group.samples]
                continue
            alone, *given = readings[: 1 + len(group.samples)]
            readings = readings[1 + len(group.samples) :]
            judgments += self._scored(
                [_Case(s, reading, alone) for s, reading in zip(group.samples, given, strict=True)]
            )
        return judgments

    def reasoning(self, text: str) -> str:
        """The text before its own final answer."""
        starts = [match.start() for match in re.finditer(self.answer_pattern, text)]
        return text[: starts[-1] if starts else len(text)].rstrip()

    @property
    def _gap(self) -> str:
        """The spaces at the end of `lead`."""
        return self.lead[len(self.lead.rstrip()) :]

    def _after(self, messages: Messages, reasoning: str) -> Messages:
        """The chat with the reasoning begun as its answer, up to where the known answer stands."""
        lead = self.lead.rstrip()
        return answered(messages, reasoning + lead if reasoning or is_continued(messages) else lead.lstrip())

    def _scored(self, cases: Sequence[_Case]) -> list[Judgment]:
        read = [case.given.logprobs for case in cases if not self._failure(case)]
        is_weighed = self.form == "r3" and len(read) > 1 and len({len(row) for row in read}) == 1
        weights = token_weights(read) if is_weighed else None
        return [self._case(case, weights) for case in cases]

    def _case(self, case: _Case, weights: Sequence[float] | None) -> Judgment:
        if failure := self._failure(case):
            return self._judgment(case.sample, None, "", failure)
        if not case.given.logprobs:
            return self._judgment(case.sample, None, "The known answer has no tokens.")
        given, alone = math.fsum(case.given.logprobs), math.fsum(case.alone.logprobs)
        if self.form == "plain" or (self.form == "r3" and weights is None):
            return self._judgment(case.sample, given, f"log p(known answer) = {given:.4g}.")
        reason = f"log p(known answer) = {given:.4g}, without the reasoning {alone:.4g}."
        if weights is None or len(case.alone.logprobs) != len(weights):
            return self._judgment(case.sample, given - alone, reason)
        gains = (
            first_logprob - other for first_logprob, other in zip(case.given.logprobs, case.alone.logprobs, strict=True)
        )
        return self._judgment(case.sample, math.fsum(w * gain for w, gain in zip(weights, gains, strict=True)), reason)

    def _failure(self, case: _Case) -> Failure | None:
        return case.given.failure or (case.alone.failure if self.form != "plain" else None)

    def _judgment(self, sample: Sample, score: float | None, reason: str, failure: Failure | None = None) -> Judgment:
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        return Judgment(sample.id, str(self.name), 0, score, verdict, reason, "", failure=failure)


def token_weights(rows: Sequence[Sequence[float]]) -> list[float]:
    """Return s_j / mean(s), s_j the standard deviation of column j over the rows; 1 for each where all s_j are 0."""
    deviations = []
    for column in zip(*rows, strict=True):
        mean = math.fsum(column) / len(column)
        deviations.append(math.sqrt(math.fsum((value - mean) ** 2 for value in column) / len(column)))
    total = math.fsum(deviations)
    return [deviation * len(deviations) / total for deviation in deviations] if total else [1.0] * len(deviations)
