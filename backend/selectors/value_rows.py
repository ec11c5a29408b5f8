"""Keep every step of a tree with its value, for a scorer of steps."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from backend.engines import unanswered
from backend.selectors import Selector, by_person, is_blank, is_truncated, score_of
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class ValueRows(Selector):
    """One row a step: the prompt with the text up to the end of the step, and in `extra` its value.

    The value is the step's score; where people gave a verdict it is 1 or 0 instead. Steps without a value are left out.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion
    writes: ClassVar[tuple[str, ...]] = ("value",)

    @property
    def joins_steps(self) -> bool:
        return True

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            asked = unanswered(group.prompt.messages, group.path)
            for sample in group.samples:
                value = _value(sample)
                if isinstance(value, str):
                    dropped[value] += 1
                    continue
                examples.append(
                    Example(
                        group.prompt.id,
                        sample.id,
                        messages=asked,
                        completion=group.path + sample.text,
                        extra={"value": value},
                    )
                )
        return Selection(examples, dict(dropped))


def _value(sample: Sample) -> float | str:
    """The step's value, or why it has none."""
    if is_blank(sample):
        return "empty text"
    if is_truncated(sample):
        return "truncated"
    if (word := by_person(sample)) is not None:
        return float(word is Verdict.accept)
    score = score_of(sample)
    return "no score" if score is None else score
