"""How much of a text stands in another one: ROUGE-L."""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample, mean_score


class TextSimilarity(Verifier):
    """ROUGE-L, 0 to 1, between a text and the known answer, its siblings or its draft (Lin 2004, ACL W04-1013).

    F = 2 P R / (P + R), P and R being the longest common subsequence of words as a share of the text's and of the other
    text's words; words are letters and digits, upper and lower case alike. Of several siblings the mean counts: how far
    the texts of a group agree. None where there is nothing to compare with, or where neither text has words.
    """

    compare_to: Literal["answer", "siblings", "draft"] = Field(
        "answer",
        description="answer: the prompt's known answer; siblings: the other texts of the group; draft: the text that "
        "the chain of questions began with",
    )
    accept_at: float = Field(0.5, ge=0, le=1, description="lowest similarity that is labelled accept")

    @property
    def needs_answer(self) -> bool:
        return self.compare_to == "answer"

    @property
    def reads_parents(self) -> bool:
        return self.compare_to == "draft"

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._compare(sample, group) for group in groups for sample in group.samples]

    def _compare(self, sample: Sample, group: Group) -> Judgment:
        own = words(sample.text)
        values = [value for other in self._others(sample, group) if (value := rouge_l(own, words(other))) is not None]
        if not values:
            return self.judgment(sample, None, f"There is no {self.compare_to} to compare with.")
        score = mean_score(values)
        return self.judgment(sample, score, f"ROUGE-L with {self.compare_to}: {score:.3f}, of {len(values)}.")

    def _others(self, sample: Sample, group: Group) -> list[str]:
        if self.compare_to == "answer":
            return [] if group.prompt.answer is None else [group.prompt.answer]
        if self.compare_to == "draft":
            return [] if group.draft is None else [group.draft.text]
        return [other.text for other in group.samples if other is not sample]


def words(text: str) -> list[str]:
    """Return the words of a text, without case and signs."""
    return re.findall(r"[^\W_]+", text.casefold())


def rouge_l(own: Sequence[str], other: Sequence[str]) -> float | None:
    """Return ROUGE-L's F of two sequences of words; None where both are empty."""
    total = len(own) + len(other)
    return None if not total else 2 * longest_common(own, other) / total


def longest_common(own: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, a row of the table held in the bits of one number.

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited": the zeros of the last row are the length.
    """
    places: dict[str, int] = {}
    for at, word in enumerate(own):
        places[word] = places.get(word, 0) | 1 << at
    row = every = (1 << len(own)) - 1
    for word in other:
        common = row & places.get(word, 0)
        row = ((row + common) | (row - common)) & every
    return len(own) - row.bit_count()
