"""Rules that a written prompt has to keep, checked without a model."""

import re
import string
from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample

CANNOT = (
    "image",
    "images",
    "graph",
    "graphs",
    "picture",
    "pictures",
    "file",
    "files",
    "map",
    "maps",
    "draw",
    "plot",
    "go to",
    "video",
    "audio",
    "music",
    "flowchart",
    "diagram",
)
"""What a model of texts can neither see nor make."""


class PromptRules(Verifier):
    """Score 1 for a text that keeps all rules, else 0 with the first rule that it breaks.

    By default the rules for new prompts of self-instruct (Wang et al. 2022, arXiv 2212.10560) and SeRL (Fang et al.
    2025, arXiv 2505.20347): 4 to 150 words, none of the words for what a model of texts cannot do, and a plain first
    character. A text that was cut off breaks them, too. With other numbers they suit answers as well.
    """

    min_words: int = Field(4, ge=1, description="fewest words, parted by blanks")
    max_words: int = Field(150, ge=1, description="most words")
    without: tuple[str, ...] = Field(
        CANNOT, description="words and phrases that the text may not hold, whatever their case; whole words count"
    )
    plain_start: bool = Field(
        True, description="the first character is neither punctuation nor outside of ASCII; off for other scripts"
    )

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.min_words > self.max_words:
            raise ValueError(
                f"min_words {self.min_words} is above max_words {self.max_words}: no text could keep that. Swap them."
            )
        return self

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._check(sample) for group in groups for sample in group.samples]

    def _check(self, sample: Sample) -> Judgment:
        broken = self._broken(sample)
        return self.judgment(sample, float(not broken), broken or "The text keeps all rules.")

    def _broken(self, sample: Sample) -> str:
        """The first rule that a sample breaks, in words; empty if it keeps all."""
        text = sample.text.strip()
        count = len(text.split())
        if sample.finish_reason == "length":
            return "The text was cut off."
        if count < self.min_words:
            return f"The text has {count} words, fewer than {self.min_words}."
        if count > self.max_words:
            return f"The text has {count} words, more than {self.max_words}."
        if self.plain_start and (text[0] in string.punctuation or not text[0].isascii()):
            return f"The text begins with {text[0]!r}."
        word_held = next((word for word in self.without if _holds(text, word)), None)
        return f"The text holds {word_held!r}." if word_held else ""


def _holds(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
