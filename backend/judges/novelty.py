"""Whether a text says something new: unlike the prompts there are, and unlike the texts before it."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, PrivateAttr

from backend.engines import Engine
from backend.judges import Verifier
from backend.likeness import Pool, words
from backend.values import Group, Judgment


class Novelty(Verifier):
    """Score 1 where no prompt of the pool and no new text before has a ROUGE-L of `below` or more with a text, else 0.

    The filter of self-instruct, with 0.7 (Wang et al. 2022, arXiv 2212.10560, section 2.2). The pool is the round's
    prompt sets and what the rounds above adopted. All texts of the step are compared at once, in order: of two that are
    alike the first is new. ROUGE-L is the F-measure over words without case, computed here.
    """

    below: float = Field(0.7, gt=0, le=1, description="a text is new if its highest ROUGE-L is below this")

    _pool: tuple[str, ...] = PrivateAttr(())

    @property
    def needs_all_groups(self) -> bool:
        return True

    @property
    def needs_pool(self) -> bool:
        return True

    def with_pool(self, texts: Sequence[str]) -> Self:
        copy = self.model_copy()
        copy._pool = tuple(texts)
        return copy

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        pool = Pool(self.below)
        for text in self._pool:
            pool.add(words(text))
        judgments = []
        for group in groups:
            for sample in group.samples:
                text_words = words(sample.text)
                closest = pool.closest(text_words)
                if not text_words:
                    judgments.append(self.judgment(sample, 0.0, "The text has no words."))
                elif closest:
                    judgments.append(self.judgment(sample, 0.0, f"ROUGE-L with the closest text is {closest:.2f}."))
                else:
                    pool.add(text_words)
                    judgments.append(self.judgment(sample, 1.0, f"ROUGE-L with every text is below {self.below:g}."))
        return judgments
