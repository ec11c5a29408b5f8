"""Tests that a filter of samples makes: of what was answered to questions, and of metadata."""

import math
import re
from dataclasses import dataclass

from backend import boundary
from backend.errors import InvalidInput

LONGEST_TAG = 40
ANSWER_TEST = re.compile(r"\s*(?:(judge|differ)\.)?([a-z][a-z0-9_]{0,39})\s*(>=|<=|=)\s*(\S.{0,199})", re.DOTALL)


def _finite(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class AnswerTest:
    """One test of what was answered: the key of a question, a sign, and a number or a label.

    `of`: `judge` where the judge's answers are meant, `differ` where the test is of how far people and the judge
    differ: by what number in a rating, or in whether they chose a label. Empty: people's.
    """

    key: str
    sign: str
    word: str
    of: str = ""

    @classmethod
    def read(cls, text: str) -> "AnswerTest":
        """The test that a text writes; raises `InvalidInput`."""
        match = ANSWER_TEST.fullmatch(boundary.text(text, "A test of an answer", boundary.MOST_LINE))
        if match is None:
            raise InvalidInput(
                f"answer: {text[:80]!r} tests no answer. Write accuracy>=4, accuracy<=2 or tone=warm; "
                "judge.accuracy>=4 of the judge, differ.accuracy>=2 where people and the judge differ."
            )
        test = cls(match[2], match[3], match[4].strip(), match[1] or "")
        if test.sign != "=" and test.number is None:
            raise InvalidInput(f"answer: {test.word[:80]!r} is no number. Write {test.key}{test.sign}4.")
        return test

    @property
    def number(self) -> float | None:
        """The word as a number; None where it is none."""
        number = _finite(self.word)
        return None if number is None or abs(number) > boundary.MOST_SCORE else number


METADATA_TEST = re.compile(r"\s*([^<>=~;,\"\\]{1,200}?)\s*(>=|<=|=|~)\s*(\S.{0,199})", re.DOTALL)
MOST_DIGITS = 100
"""A longer text is no number."""
DATE = re.compile(r"\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?)?", re.ASCII)


@dataclass(frozen=True)
class MetadataTest:
    """One test of metadata: a key, a sign, and a number, a date or a text. `~`: the text has the word in it."""

    key: str
    sign: str
    word: str

    @classmethod
    def read(cls, text: str) -> "MetadataTest":
        """The test that a text writes; raises `InvalidInput`."""
        match = METADATA_TEST.fullmatch(boundary.text(text, "A test of metadata", boundary.MOST_LINE))
        if match is None:
            raise InvalidInput(f"metadata: {text[:80]!r} tests nothing. Write level>=2, topic=sums or source~wiki.")
        test = cls(match[1], match[2], match[3].strip())
        if test.sign in (">=", "<=") and test.number is None and not DATE.fullmatch(test.word):
            raise InvalidInput(
                f"metadata: {test.word[:80]!r} is neither a number nor a date such as 2026-01-31. Write"
                f" {test.key[:80]}{test.sign}4."
            )
        return test

    @property
    def number(self) -> float | None:
        """The word as a number; None where it is none."""
        return _finite(self.word)

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.word}"


def read_tag(value: str) -> str:
    """The tag as it is kept, in small letters; raises `InvalidInput`. A comma stands between tags."""
    tag = boundary.name(value, "A tag", LONGEST_TAG).casefold()
    if "," in tag or len(tag) > LONGEST_TAG:
        raise InvalidInput(f"A tag has no comma and up to {LONGEST_TAG} characters, not {value[:80]!r}. Change it.")
    return tag
