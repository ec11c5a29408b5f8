"""Mixers change the rows that selectors kept: they drop some, add others, or weigh them."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from backend.registry import Part
from backend.values import DatasetType, Group, Mixture, Past, TrainingRow, Verdict


class Mixer(Part, kind="mixer"):
    """Makes rows of rows: all of them since the last training, at once. It asks no model."""

    reads_groups: ClassVar[bool] = False
    """Whether it looks at the groups of the step it works on, as a selector does."""
    reads_scores: ClassVar[bool] = False
    """Whether it looks at the score of each judgment of a sample (`Sample.scores`)."""
    writes: ClassVar[tuple[str, ...]] = ()
    """Columns that every row has in its `extra` after it, for trainers that want them (`Trainer.wants`)."""
    mixes: ClassVar[tuple[DatasetType, ...]] = tuple(DatasetType)
    """The types of rows that it can work on; the type stays as it is."""

    @property
    def reads_decided(self) -> bool:
        """Whether it makes rows of what people decided (`Past.decided`), which needs a judge that asks in words."""
        return False

    @property
    def reads_seeds(self) -> bool:
        """Whether it adds known answers of the prompt sets that a round uses as mix."""
        return False

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        """Return the rows that go on, in order, with a count of drops for each reason.

        rows: those of the steps since the last training. groups: with samples and labels; they can be gone through
        once. The same for the same rows, groups, past and seed.
        """
        raise NotImplementedError


def verdicts_of(groups: Iterable[Group]) -> dict[int, list[Verdict]]:
    """Return the verdicts of each prompt's samples, by the prompt's id; samples without a verdict do not count."""
    by_prompt: dict[int, list[Verdict]] = {}
    for group in groups:
        verdicts = [sample.verdict for sample in group.samples if sample.verdict is not None]
        by_prompt.setdefault(group.prompt.id, []).extend(verdicts)
    return by_prompt


def text_of(row: TrainingRow) -> str:
    """Return all texts of a row, one below the other, its prompt's last message first."""
    asked = row.messages[-1]["content"] if row.messages else ""
    return "\n".join([asked, row.completion, *([] if row.rejected is None else [row.rejected])])
