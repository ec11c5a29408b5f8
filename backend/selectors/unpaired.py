"""Label each sample good or bad by itself."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from backend.selectors import by_person, is_blank, is_truncated, score_of, with_twins
from backend.selectors._entropy import WeighsByEntropy
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class Unpaired(WeighsByEntropy):
    """True from one score up, false below another, as KTO wants them (Ethayarajh et al. 2024, arXiv 2402.01306).

    Labels are absolute: a prompt may give only good or only bad examples. What a person decided stands above
    the score. Samples in between, and those nobody scored, are left out, not called false. An empty text is never
    labelled true. `entropy_power` weighs the examples of a prompt by the entropy of its answers, for KTO that weighs
    examples: the KTO form of EAST (Wang et al. 2025, arXiv 2503.23913).
    """

    makes: ClassVar[DatasetType] = DatasetType.unpaired_preference

    accept_at: float = Field(0.5, description="lowest score labelled true")
    reject_below: float = Field(0.5, description="scores below this are labelled false")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    @model_validator(mode="after")
    def _thresholds_are_apart(self) -> Self:
        if self.reject_below > self.accept_at:
            raise ValueError(
                f"reject_below {self.reject_below} is above accept_at {self.accept_at}: a sample could be both."
            )
        return self

    def ignores_cut(self, old: float) -> str:
        return f"{self.name} labels by thresholds of its own"

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            examples += self._labelled(group, dropped)
        return Selection(examples, dict(dropped), unit="samples")

    def _labelled(self, group: Group, dropped: Counter[str]) -> list[Example]:
        """Take each text once; a text with both labels teaches nothing."""
        by_text: dict[str, list[tuple[Sample, bool]]] = {}
        for sample in with_twins(group):
            label = self._label(sample)
            if isinstance(label, bool):
                by_text.setdefault(sample.text.strip(), []).append((sample, label))
            else:
                dropped[label] += 1
        examples: list[Example] = []
        weight = self.weight_of(group)
        for labelled in by_text.values():
            if len({label for _, label in labelled}) > 1:
                dropped["same text with both labels"] += len(labelled)
                continue
            if weight == 0:
                dropped["no entropy"] += len(labelled)
                continue
            sample, label = labelled[0]
            examples.append(Example(prompt_id=group.prompt.id, sample_id=sample.id, label=label, weight=weight))
            if len(labelled) > 1:
                dropped["duplicate text"] += len(labelled) - 1
        return examples

    def _label(self, sample: Sample) -> bool | str:
        """Return the label, or the reason why there is none."""
        label = self._of_text(sample)
        return "empty text" if label is True and is_blank(sample) else label

    def _of_text(self, sample: Sample) -> bool | str:
        verdict = by_person(sample)
        if verdict is not None:
            return verdict is Verdict.accept
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        score = score_of(sample)
        if score is None:
            return "no score"
        if score >= self.accept_at:
            return True
        return False if score < self.reject_below else "between the thresholds"
