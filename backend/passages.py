"""Passages of documents, and which of them have most to do with a question."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from backend.likeness import words

END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n\s*\n")
SATURATION, LENGTH = 1.5, 0.75
"""k1 and b of BM25."""


def passages(text: str, most: int) -> list[str]:
    """Return a text in pieces of whole sentences, each of at most so many characters; a longer sentence is cut."""
    passages_: list[str] = []
    for sentence in filter(None, (part.strip() for part in END.split(text))):
        if passages_ and len(passages_[-1]) + 1 + len(sentence) <= most:
            passages_[-1] += f" {sentence}"
        else:
            passages_ += [sentence[start : start + most] for start in range(0, len(sentence), most)]
    return passages_


class Index:
    """Texts, ranked by Okapi BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", section 3).

    score(q, d) = sum over the words w of q of idf(w) * f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)), f being how
    often w stands in d, k1 = 1.5, b = 0.75, and idf(w) = log(1 + (N - n + 0.5) / (n + 0.5)), n of N texts holding w.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        texts_ = [words(text) for text in texts]
        self.lengths = [len(text) for text in texts_]
        self.mean = sum(self.lengths) / len(texts_) if texts_ else 0.0
        self.places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, text_words in enumerate(texts_):
            for word, times in Counter(text_words).items():
                self.places[word].append((number, times))

    def best(self, question: str, number: int) -> list[int]:
        """Return the places of the texts with the highest scores above 0, the best first; of equal ones the first."""
        scores: dict[int, float] = defaultdict(float)
        for word in words(question):
            held = self.places.get(word, [])
            rarity = math.log(1 + (len(self.lengths) - len(held) + 0.5) / (len(held) + 0.5))
            for place, times in held:
                damped = SATURATION * (1 - LENGTH + LENGTH * self.lengths[place] / self.mean)
                scores[place] += rarity * times * (SATURATION + 1) / (times + damped)
        return sorted(scores, key=lambda place: (-round(scores[place], 9), place))[:number]
