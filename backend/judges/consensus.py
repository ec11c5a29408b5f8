"""Judge first answers by what a debate about them agreed on."""

from collections import Counter
from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers
from backend.engines import Engine
from backend.judges._of_parents import ParentVerifier
from backend.values import Group, Judgment, Sample, SampleKind


class Consensus(ParentVerifier):
    """Score 1 for each text that the debate's question shows and whose answer is that of the majority, else 0.

    The majority is that of the texts which answer the question of `debate`, the debate's last turn; the first answers
    do not vote again. Multiagent finetuning trains each generator on its first answers that agree with it (Subramaniam
    et al. 2025, arXiv 2501.05707). Where two answers share the top, or nobody gives one, there is no score; a text
    without an answer scores 0.
    """

    pattern: str = Field(
        "",
        description="regular expression whose last match holds the answer (group `answer` or the first); empty: "
        r"\boxed{}, `####`, `answer:` or the last line",
    )
    numbers: bool = Field(True, description="count 1,000 and 1000.0 as one answer")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    @property
    def judges_siblings(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups if group.about for judgment in self._judge(group)]

    def _judge(self, group: Group) -> list[Judgment]:
        votes = Counter(
            answer for sample in group.samples if sample.kind != SampleKind.edit and (answer := self._answer(sample))
        )
        tops = [answer for answer, count in votes.items() if count == max(votes.values())]
        if len(tops) != 1:
            reason = "The debate agreed on nothing: " + (", ".join(sorted(tops)) or "no answer was found") + "."
            return [self.judgment(sample, None, reason) for sample in group.about]
        reason = f"{votes[tops[0]]} of {len(group.samples)} texts of the debate answer {tops[0]}."
        return [self.judgment(sample, float(self._answer(sample) == tops[0]), reason) for sample in group.about]

    def _answer(self, sample: Sample) -> str | None:
        """A sample that was cut off has not given its answer yet."""
        answer = None if sample.finish_reason == "length" else answers.extract(sample.text, self.pattern)
        return None if answer is None else answers.normalise(answer, numbers=self.numbers)
