"""Compare a sample's final answer with the prompt's known one."""

from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Prompt, Sample


class ExactMatch(Verifier):
    """Score 1 where the answers are equal after normalising, else 0; None where the prompt has no known answer.

    A sample without an answer is wrong, not unknown: the prompt's answer is known.
    """

    pattern: str = Field(
        "",
        description="regular expression whose last match holds the answer (group `answer` or the first); empty: "
        r"\boxed{}, `####`, `answer:` or the last line",
    )
    numbers: bool = Field(True, description="compare numbers by value: 1,000 equals 1000.0")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    @property
    def needs_answer(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._compare(group.prompt, sample) for group in groups for sample in group.samples]

    def _compare(self, prompt: Prompt, sample: Sample) -> Judgment:
        if prompt.answer is None:
            return self.judgment(sample, None, "The prompt has no known answer.")
        found = answers.extract(sample.text, self.pattern)
        if found is None:
            return self.judgment(sample, 0.0, "No answer found in the sample.")
        known = answers.extract(prompt.answer) or prompt.answer
        is_right = self._plain(found) in {self._plain(prompt.answer), self._plain(known)}
        return self.judgment(sample, float(is_right), f"Found {found}, known {known}.")

    def _plain(self, answer: str) -> str:
        return answers.normalise(answer, numbers=self.numbers)
