"""Judge a text by judgments of it that saw the known answer, moved by how like that answer the text is."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.engines import Engine
from backend.judges._of_parents import ParentVerifier
from backend.judges.text_similarity import rouge_l, words
from backend.values import Group, Judgment, Sample, mean_score


class Recalibrated(ParentVerifier):
    """Score each parent: (1 - weight) * m + weight * (lowest + (highest - lowest) * s).

    m is the mean score of the texts that answer questions about it, s its similarity to the prompt's known answer
    (ROUGE-L, 0 to 1). Self-Judge (Ye and Ng 2024, arXiv 2409.00935) recalibrates the scores of a self-evaluation so
    before a judge is trained on them. None without a score of such a text, or without a known answer.
    """

    weight: float = Field(0.5, ge=0, le=1, description="share of the similarity in the score")
    lowest: float = Field(1, description="lowest score of the scale")
    highest: float = Field(10, description="highest score of the scale")
    accept_at: float = Field(6.0, description="lowest score that is labelled accept")

    @model_validator(mode="after")
    def _scale_holds_threshold(self) -> Self:
        if not self.lowest < self.highest or not self.lowest <= self.accept_at <= self.highest:
            raise ValueError(
                f"The scale {self.lowest:g} to {self.highest:g} does not hold accept_at {self.accept_at:g}. "
                "Give lowest < highest and a threshold between them."
            )
        return self

    @property
    def needs_answer(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        parents: dict[int, tuple[Sample, str | None]] = {}
        scores: dict[int, list[float]] = defaultdict(list)
        for group in groups:
            if group.parent is not None:
                parents[group.parent.id] = group.parent, group.prompt.answer
                scores[group.parent.id] += [sample.score for sample in group.samples if sample.score is not None]
        return [self._score(parent, answer, scores[id_]) for id_, (parent, answer) in parents.items()]

    def _score(self, parent: Sample, answer: str | None, scores: Sequence[float]) -> Judgment:
        likeness = None if answer is None else rouge_l(words(parent.text), words(answer))
        if likeness is None:
            return self.judgment(parent, None, "There is no known answer to compare with.")
        if not scores:
            return self.judgment(parent, None, "No judgment of it states a score.")
        mean, like = mean_score(scores), self.lowest + (self.highest - self.lowest) * likeness
        score = round((1 - self.weight) * mean + self.weight * like, 9)
        return self.judgment(parent, score, f"Judged {mean:.3g}, like the known answer {likeness:.3f}.")
