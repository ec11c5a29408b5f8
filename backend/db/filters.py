"""What a list of samples may be asked for: filters, sorts, and the place in a list."""

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from backend import boundary
from backend.boundary import Count, Line, Score
from backend.errors import InvalidInput

UNDECIDED = "undecided"
VERDICTS = (UNDECIDED, "accept", "reject")
SOURCES = ("none", "judge", "person")
KINDS = ("completion", "edit", "other")
DECIDED = ("", "me", "others", "disputed")
DUPLICATES = ("", "marked", "first")
FLAGS = ("is_overridden", "is_unparsed", "is_truncated", "is_flagged")
OF_ONE_STEP = 432
"""So many facets a step has; those of step 1, which made all samples of a recipe of slots, are the first."""


ANSWER_TEST = re.compile(r"\s*([a-z][a-z0-9_]{0,39})\s*(>=|<=|=)\s*(\S.{0,199})", re.DOTALL)
MOST_TESTS = 10


@dataclass(frozen=True)
class AnswerTest:
    """One test of what people answered: the key of a question, a sign, and a number or a label."""

    key: str
    sign: str
    word: str

    @classmethod
    def read(cls, text: str) -> "AnswerTest":
        """The test that a text writes; raises `InvalidInput`."""
        match = ANSWER_TEST.fullmatch(boundary.text(text, "A test of an answer", boundary.MOST_LINE))
        if match is None:
            raise InvalidInput(f"answer: {text[:80]!r} tests no answer. Write accuracy>=4, accuracy<=2 or tone=warm.")
        test = cls(match[1], match[2], match[3].strip())
        if test.sign != "=" and test.number is None:
            raise InvalidInput(f"answer: {test.word[:80]!r} is no number. Write {test.key}{test.sign}4.")
        return test

    @property
    def number(self) -> float | None:
        """The word as a number; None where it is none."""
        try:
            number = float(self.word)
        except ValueError:
            return None
        return number if abs(number) <= boundary.MOST_SCORE else None


@dataclass(frozen=True)
class Filters:
    """Every field narrows; empty means all. `kind` other: whatever is neither completion nor edit.

    `step`: the steps of the round's recipe that made the samples, counted from 0 as rows count them.

    `text` searches the sample, `prompt` its prompt, as `backend.db.search.parse` reads it: all words must occur, in
    any order; what has signs in it or stands in double quotes must occur as it is; within slashes stands a regular
    expression.

    `decided`: by who asks (me), by somebody else (others), or by several who disagree and nobody settled it (disputed).
    Who that is, is known where a list is asked for: the other filters tell it of themselves.

    `answer`: tests of what people answered to the project's questions, by their keys: `accuracy>=4` of the mean rating,
    `tone=warm` of a label that somebody chose. All of them have to hold.

    `duplicates`: samples that are nearly the same as others of the round, as far as that was looked for (marked); or
    all but those that an earlier one of the round is nearly the same as (first).
    """

    min_score: Score | None = None
    max_score: Score | None = None
    min_tokens: Count | None = None
    max_tokens: Count | None = None
    verdict: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    is_overridden: bool | None = None
    is_unparsed: bool | None = None
    is_truncated: bool | None = None
    is_flagged: bool | None = None
    text: Line = ""
    prompt: Line = ""
    step: tuple[int, ...] = ()
    decided: str = ""
    answer: tuple[str, ...] = ()
    duplicates: str = ""

    def __post_init__(self) -> None:
        boundary.text(self.text, "What is searched for in texts", boundary.MOST_LINE)
        boundary.text(self.prompt, "What is searched for in prompts", boundary.MOST_LINE)
        for name in ("min_tokens", "max_tokens"):
            if (number := getattr(self, name)) is not None:
                boundary.whole(number, f"{name}: the number of tokens")
        for number in self.step:
            boundary.whole(number, "step: the number of a step")
        for name, known in (("verdict", VERDICTS), ("source", SOURCES), ("kind", KINDS)):
            wrong = [value for value in getattr(self, name) if value not in known]
            if wrong:
                raise InvalidInput(f"There is no {name} {wrong[0]!r}. Choose from {', '.join(known)}.")
        if self.decided not in DECIDED:
            raise InvalidInput(f"decided: there is no {self.decided[:80]!r}. Choose from {', '.join(DECIDED[1:])}.")
        if self.duplicates not in DUPLICATES:
            known_words = ", ".join(DUPLICATES[1:])
            raise InvalidInput(f"duplicates: there is no {self.duplicates[:80]!r}. Choose from {known_words}.")
        if len(self.answer) > MOST_TESTS:
            raise InvalidInput(f"answer: up to {MOST_TESTS} tests are made at once. Leave some out.")
        for test in self.answer:
            AnswerTest.read(test)

    @property
    def answer_tests(self) -> list["AnswerTest"]:
        return [AnswerTest.read(test) for test in self.answer]

    def matches_facet(self, code: int) -> bool:
        """Whether samples with this facet pass the filters that are facets."""
        facet = decode_facet(code)
        for name in ("verdict", "source", "kind", "step"):
            if getattr(self, name) and facet[name] not in getattr(self, name):
                return False
        return all(getattr(self, name) in (None, facet[name]) for name in FLAGS)

    def changed(self) -> dict[str, Any]:
        """The fields that narrow, for an address or a token."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


def encode_facet(verdict: str, source: str, kind: str, flags: tuple[bool, ...], step: int = 1) -> int:
    """The number the database computes for `labels.facet`."""
    code = OF_ONE_STEP * (step - 1) + VERDICTS.index(verdict) + 3 * SOURCES.index(source) + 144 * KINDS.index(kind)
    return code + sum(9 << n for n, flag in enumerate(flags) if flag)


def decode_facet(code: int) -> dict[str, Any]:
    """Back from the number."""
    decoded: dict[str, Any] = {
        "verdict": VERDICTS[code % 3],
        "source": SOURCES[code // 3 % 3],
        "kind": KINDS[code % OF_ONE_STEP // 144],
        "step": code // OF_ONE_STEP + 1,
    }
    return decoded | {name: bool(code % 144 // 9 >> n & 1) for n, name in enumerate(FLAGS)}


class SortKey(StrEnum):
    id = "id"
    score = "score"
    length = "length"
    spread = "spread"
    prompt = "prompt"
    """Not offered: the order of a search in prompts that matches too many to be sorted."""


@dataclass(frozen=True)
class Sort:
    """Samples without a score (or spread) come last in both directions. Equal ones follow each other by number."""

    key: SortKey = SortKey.id
    descending: bool = False


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: after (or before) the row with this key and number, in this order."""

    key: float
    sample_id: int
    sort: Sort
    backward: bool = False

    def __str__(self) -> str:
        order = ("-" if self.sort.descending else "+") + self.sort.key
        return f"{'b' if self.backward else 'f'}{order}:{self.key!r}:{self.sample_id}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor that was written so; an address may hold anything."""
        try:
            order, key, sample_id = text.split(":")
            sort = Sort(SortKey(order[2:]), descending={"-": True, "+": False}[order[1]])
            number, place = float(key), int(sample_id)
            if number != number or not 0 <= place <= boundary.MOST_ID:
                raise ValueError("not a place")
            return cls(number, place, sort, backward={"b": True, "f": False}[order[0]])
        except (ValueError, KeyError, IndexError) as error:
            raise InvalidInput("This place in the list is not one. Go to the first page.") from error
