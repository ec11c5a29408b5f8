"""Weights by the entropy of a prompt's answers, for selectors of pairs and of single texts."""

import math
from collections import Counter
from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers
from backend.selectors import Selector
from backend.values import Group, Sample, SampleKind


class WeighsByEntropy(Selector, abstract=True):
    """Weighs the examples of a prompt by H^a (EAST, Wang et al. 2025, arXiv 2503.23913)."""

    entropy_power: float = Field(
        0.0,
        ge=0,
        le=10,
        description="an example weighs H^a, a being this number and H the entropy in bits of the answers of its "
        "prompt; 0: all weigh 1",
    )
    pattern: str = Field("", description="how answers are read, as in the judge `exact_match`")
    numbers: bool = Field(True, description="take 1,000 and 1000.0 as one answer")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    def weight_of(self, group: Group) -> float:
        """H^a over the answers that the model gave, or a file where it gave none; 1 where examples are not weighed."""
        if self.entropy_power == 0:
            return 1.0
        own = [sample for sample in group.samples if sample.kind == SampleKind.completion] or group.samples
        whole = [sample for sample in own if sample.finish_reason != "length"]
        read = [answer for sample in whole if (answer := self.answer_of(group, sample)) is not None]
        return float(entropy(list(Counter(read).values())) ** self.entropy_power)

    def answer_of(self, group: Group, sample: Sample) -> str | None:
        """The answer of a sample in one form, or None where none can be read."""
        known = None if group.prompt.answer is None else answers.Known.of(group.prompt.answer)
        answer = answers.find(sample.text, known, self.pattern)
        return None if answer is None else answers.normalise(answer.answer, numbers=self.numbers)


def entropy(counts: Sequence[int]) -> float:
    """Return the entropy in bits of the shares; 0 without counts. Rounded, so that the order of adding is no matter."""
    total = sum(counts)
    return round(math.fsum(-count / total * math.log2(count / total) for count in counts), 12) + 0.0
