"""Compare a sample's final answer with the prompt's known one."""

from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample


class ExactMatch(Verifier):
    """Score 1 where the sample's final answer equals the known one, else 0; None where nothing can be compared.

    A sample is read strictly first, then flexibly, as lm-evaluation-harness does, and compared by number, by
    math-verify or by its words. What could not be read, and what was cut off before it gave an answer, has no score.
    """

    pattern: str = Field(
        "",
        description="regular expression whose last match holds the answer (group `answer` or the first); empty: "
        r"\boxed{}, `####`, `answer:`, else the last number, letter, formula or line",
    )
    numbers: bool = Field(
        True, description="compare by value: 1,000 equals 1000.0, 1/2 equals 0.5; off: by words alone"
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    @property
    def needs_answer(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups for judgment in self._compare_all(group)]

    def _compare_all(self, group: Group) -> list[Judgment]:
        if group.prompt.answer is None:
            return [self.judgment(sample, None, "The prompt has no known answer.") for sample in group.samples]
        known = answers.Known.of(group.prompt.answer)
        return [self._compare(sample, known, group.prompt.answer) for sample in group.samples]

    def _compare(self, sample: Sample, known: answers.Known, written: str) -> Judgment:
        answer = answers.find(sample.text, known, self.pattern)
        if answer is None:
            return self.judgment(sample, None, "No answer could be read in the sample.")
        if sample.finish_reason == "length" and not answer.is_marked:
            return self.judgment(sample, None, "The sample was cut off before it gave an answer.")
        is_right = any(
            answers.is_equal(answer.answer, written_answer, with_numbers=self.numbers)
            for written_answer in (known, answers.Known(written, known.kind))
        )
        return self.judgment(sample, float(is_right), f"Found {answer.answer}, known {known.answer}.")
