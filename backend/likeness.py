"""How alike two texts are, by the words they share in the same order. Plain code: no library of the project does it."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence

from backend.sameness import normal

_ONE_SIGN = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Japanese and Chinese are written without blanks: each sign counts as a word."""
_WORD = re.compile(rf"[{_ONE_SIGN}]|[^\W{_ONE_SIGN}]+")
_WORD_OR_SIGN = re.compile(rf"[{_ONE_SIGN}]|[^\W{_ONE_SIGN}]+|[^\w\s]")


def words(text: str, *, signs: bool = False) -> list[str]:
    """Return the words of a text without case; with `signs` its punctuation and operators, too."""
    return (_WORD_OR_SIGN if signs else _WORD).findall(normal(text))


def common(own: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of two lists of words.

    Bit-parallel (Hyyro 2004, "Bit-parallel LCS-length computation revisited"): one addition for each word.
    """
    places: dict[str, int] = defaultdict(int)
    for place, word in enumerate(own):
        places[word] |= 1 << place
    whole = (1 << len(own)) - 1
    row = whole
    for word in other:
        met = row & places.get(word, 0)
        row = ((row + met) | (row - met)) & whole
    return len(own) - row.bit_count()


def rouge_l(own: Sequence[str], other: Sequence[str]) -> float:
    """Return ROUGE-L's F-measure, 2 LCS / (n + m), from 0 to 1 (Lin 2004); 0 where a text has no words."""
    return 2 * common(own, other) / (len(own) + len(other)) if own and other else 0.0


class Pool:
    """Texts that others are compared with. It finds every text whose ROUGE-L is at least `least`, which is above 0."""

    def __init__(self, least: float) -> None:
        self.least = least
        self.texts: list[list[str]] = []
        self.by_word: dict[str, list[int]] = defaultdict(list)

    def add(self, text: Sequence[str]) -> None:
        """Take in a text, as its words."""
        for word in set(text):
            self.by_word[word].append(len(self.texts))
        self.texts.append(list(text))

    def closest(self, text: Sequence[str]) -> float:
        """Return the highest ROUGE-L of a text to those taken in; 0 where none reaches `least`."""
        return max(self.near(text).values(), default=0.0)

    def near(self, text: Sequence[str]) -> dict[int, float]:
        """Return the ROUGE-L of a text to each of those taken in that reaches `least`, by their number, from 0 on.

        Texts that reach it have at least `shared` of its n words in common, so that they hold one of any n - shared + 1
        words of it: the rarest ones lead to few texts.
        """
        # A billionth less, so that a share that is exactly the limit is not lost by rounding.
        shared = max(1, math.ceil(self.least * len(text) / (2 - self.least) - 1e-9))
        rarest = sorted(text, key=lambda word: len(self.by_word.get(word, ())))[: len(text) - shared + 1]
        known = {number for word in set(rarest) for number in self.by_word.get(word, ())}
        alike = {number: rouge_l(text, self.texts[number]) for number in known}
        return {number: value for number, value in alike.items() if value >= self.least - 1e-9}
