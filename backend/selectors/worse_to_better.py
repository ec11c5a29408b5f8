"""Rows that turn a worse text of a prompt into a better one of the same prompt."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text, with_slots
from backend.judges.text_similarity import rouge_l, words
from backend.selectors import Selector, by_person, is_blank, is_truncated, rank, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict

CORRECT = (
    "Below stand a task and an answer to it that may be wrong.\n\nTask: {prompt}\n\nAnswer: {response}\n\nWrite a "
    "better answer."
)


class WorseToBetter(Selector):
    """A row for each worse text of a prompt: the template about it asks, a better text of the same prompt answers.

    The value-improving pairs with which a corrector begins, before it has written anything (Welleck et al. 2022, arXiv
    2211.00053, equation 3). The paper draws them by exp(alpha * gain + beta * similarity), normalised (equation 4);
    here each worse text takes the most similar (ROUGE-L) of the texts that gain most, which is that draw at its limit.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    template: str = Field(
        CORRECT, description="what the row asks; filled in are {prompt} and {response}, the worse text"
    )
    min_gain: float = Field(0.0, ge=0, description="smallest difference of two scores that makes a row")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{response}", so="the row would not show it")

    @property
    def needs_differences(self) -> bool:
        return True

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            usable: dict[str, Sample] = {}
            for sample in with_twins(group):
                if (reason := self._objection(sample)) or sample.text.strip() in usable:
                    dropped[reason or "duplicate text"] += 1
                else:
                    usable[sample.text.strip()] = sample
            rows = [self._row(group, worse, [*usable.values()]) for worse in usable.values()]
            examples += [row for row in rows if row is not None]
            if lost := rows.count(None):
                dropped["no better text"] += lost
        return Selection(examples, dict(dropped), unit="samples")

    def _objection(self, sample: Sample) -> str:
        if is_blank(sample):
            return "empty text"
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        return "no score" if sample.score is None and by_person(sample) is None else ""

    def _row(self, group: Group, worse: Sample, texts: Sequence[Sample]) -> Example | None:
        """The row that begins with this text; None where no other one is better."""
        better = [text for text in texts if self._gains(worse, text) and by_person(text) is not Verdict.reject]
        if not better or by_person(worse) is Verdict.accept:
            return None
        worse_words, most = words(worse.text), max(map(rank, better))
        best = max(
            (candidate for candidate in better if rank(candidate) == most),
            key=lambda candidate: rouge_l(worse_words, words(candidate.text)) or 0.0,
        )
        asked = fill(self.template, prompt=prompt_text(group.prompt.messages), response=worse.text)
        return Example(group.prompt.id, best.id, messages=[{"role": "user", "content": asked}])

    def _gains(self, worse: Sample, other: Sample) -> bool:
        (low, bad), (high, good) = rank(worse), rank(other)
        return high > low or (high == low and good > bad and round(good - bad, 9) >= self.min_gain)
