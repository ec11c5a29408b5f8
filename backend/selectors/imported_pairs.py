"""Pair what a file calls chosen with what it calls rejected in the same row."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import ClassVar

from backend.selectors import Selector, by_person, with_twins
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class ImportedPairs(Selector):
    """The pairs of the file as they are, however many a prompt has; what the model made is left out.

    A pair goes when a person rejected its chosen side or accepted its rejected one.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    @property
    def needs_differences(self) -> bool:
        return False

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            rows: dict[object, list[Sample]] = defaultdict(list)
            for sample in with_twins(group):
                if isinstance(sample.extra.get("chosen"), bool):
                    rows[sample.extra.get("row")].append(sample)
                else:
                    dropped["no side of an imported pair"] += 1
            for sides in rows.values():
                pair = self._pair(group, sides)
                if isinstance(pair, Example):
                    examples.append(pair)
                else:
                    dropped[pair] += len(sides)
        return Selection(examples, dict(dropped), unit="samples")

    def _pair(self, group: Group, sides: Sequence[Sample]) -> Example | str:
        """Return the pair, or the reason why there is none."""
        chosen = [sample for sample in sides if sample.extra["chosen"]]
        rejected = [sample for sample in sides if not sample.extra["chosen"]]
        if len(chosen) != 1 or len(rejected) != 1:
            return "the other side of the pair is missing"
        if by_person(chosen[0]) is Verdict.reject or by_person(rejected[0]) is Verdict.accept:
            return "turned round by a person"
        if chosen[0].text.strip() == rejected[0].text.strip():
            return "same text on both sides"
        return Example(group.prompt.id, chosen[0].id, rejected_id=rejected[0].id)
