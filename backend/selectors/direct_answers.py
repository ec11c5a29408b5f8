"""Train on the answer alone, without the reasoning that led to it."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from backend import answers
from backend.selectors import Selector, by_person, is_blank, is_truncated, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class DirectAnswers(Selector):
    """One row of each prompt: the prompt as it is, and the answer that its accepted samples give.

    So a model learns to say at once what it had to reason for (Zhang and Parkes 2023, arXiv 2309.08589). What a person
    accepted stands above what a judge accepted. Where accepted samples give several answers the prompt is dropped.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    pattern: str = Field("", description="how answers are read, as in the judge `majority_vote`")
    numbers: bool = Field(True, description="take 1,000 and 1000.0 as one answer")
    answer_template: str = Field("#### {answer}", description="the text that is trained on; {answer} is the answer")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    @field_validator("answer_template")
    @classmethod
    def _holds_the_answer(cls, template: str) -> str:
        if "{answer}" not in template:
            raise ValueError("The answer_template does not hold {answer}, so every row would say the same. Put it in.")
        return template

    def ignores_cut(self, old: float) -> str:
        return ""

    def most_rows(self, samples: int) -> int:
        return 1

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            majority = self._answer(with_twins(group))
            if isinstance(majority, str):
                dropped[majority] += 1
            else:
                sample, answer = majority
                text = self.answer_template.replace("{answer}", answer)
                examples.append(Example(group.prompt.id, sample.id, completion=text))
        return Selection(examples, dict(dropped), unit="prompts")

    def _answer(self, samples: Sequence[Sample]) -> tuple[Sample, str] | str:
        """The first accepted sample with its answer, or the reason why there is none."""
        accepted = [s for s in samples if s.verdict is Verdict.accept and not is_blank(s) and not is_truncated(s)]
        accepted = [s for s in accepted if by_person(s) is Verdict.accept] or accepted
        if not accepted:
            return "no accepted sample"
        read = [(s, extracted) for s in accepted if (extracted := answers.extract(s.text, self.pattern)) is not None]
        if not read:
            return "no answer in an accepted sample"
        different = {answers.normalise(extracted, numbers=self.numbers) for _, extracted in read}
        return read[0] if len(different) == 1 else "accepted samples give several answers"
