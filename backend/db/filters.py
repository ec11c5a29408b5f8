"""What a list of samples may be asked for: filters, sorts, and the place in a list."""

import math
import re
from dataclasses import KW_ONLY, dataclass, fields
from enum import StrEnum
from typing import Any, Generic, TypeVar

from backend import boundary
from backend.boundary import Count, Line, Score
from backend.db.filter_tests import AnswerTest, MetadataTest, read_tag
from backend.errors import InvalidInput

UNDECIDED = "undecided"
VERDICTS = (UNDECIDED, "accept", "reject")
SOURCES = ("none", "judge", "person")
KINDS = ("completion", "edit", "other")
DECIDED = ("", "me", "others", "disputed", "not_me", "nobody")
HUMAN_VERDICTS = ("accept", "reject")
DUPLICATES = ("", "marked", "first")
OF_WHAT = {
    **{"step": "step", "similar": "sample", "cluster": "cluster"},
    **{"reviewer": "person", "checkpoint": "checkpoint", "judged_by": "checkpoint"},
}
FLAGS = ("is_overridden", "is_unparsed", "is_truncated", "is_flagged")
OF_ONE_STEP = 432
"""So many facets a step has; those of step 1, which made all samples of a recipe of slots, are the first."""

MOST_TOKENS = 2**40
"""Beyond the length of any sample."""
MOST_TESTS = 10
ORDER = re.compile(r"([-+]?[a-z]+)([-+][a-z]+)?")


@dataclass(frozen=True)
class Filters:
    """Every field narrows; empty means all. `kind` other: whatever is neither completion nor edit.

    `step`: the steps of the round's recipe that made the samples, counted from 0 as rows count them.

    `text` searches the sample, `prompt` its prompt, as `backend.db.search.parse` reads it: all words must occur, in
    any order; what has signs in it or stands in double quotes must occur as it is; within slashes stands a regular
    expression.

    `decided`: by who asks (me), by somebody else (others), by several who disagree and nobody settled it (disputed),
    not by who asks (not_me), or by nobody, bulk actions included (nobody). Who that is, is known where a list is asked
    for: the other filters tell it of themselves.

    `reviewer`: the number of a person who decided. `human_verdict`: what the last word of somebody, or of that person,
    says of the sample, whatever its label is.

    `checkpoint`: the number of the one that wrote the sample. `judge`: the name of a judge that judged it; `judged_by`:
    the number of the checkpoint that did.

    `answer`: tests of what people answered to the project's questions, by their keys: `accuracy>=4` of the mean rating,
    `tone=warm` of a label that somebody chose. `judge.` before a key asks for the judge's answers, `differ.` for how
    far people and the judge differ. All of them have to hold.

    `metadata`: tests of what the file or import says of prompts and samples: `level>=2`, `topic=sums`, `source~wiki`.

    `duplicates`: samples that are nearly the same as others of the round, as far as that was looked for (marked); or
    all but those that an earlier one of the round is nearly the same as (first).

    `similar`: the number of a sample, also of another round: those whose vectors are closest to its. `cluster`: the
    number of a cluster of the round. Both as far as vectors were made.
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
    metadata: tuple[str, ...] = ()
    duplicates: str = ""
    similar: int | None = None
    cluster: int | None = None
    reviewer: int | None = None
    human_verdict: tuple[str, ...] = ()
    checkpoint: int | None = None
    judge: Line = ""
    judged_by: int | None = None
    tag: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        boundary.text(self.text, "What is searched for in texts", boundary.MOST_LINE)
        boundary.text(self.prompt, "What is searched for in prompts", boundary.MOST_LINE)
        boundary.text(self.judge, "The name of a judge", boundary.MOST_LINE)
        for name in ("min_tokens", "max_tokens"):
            if (number := getattr(self, name)) is not None:
                boundary.whole(number, f"{name}: the number of tokens")
        numbers = {"step": self.step} | {name: (getattr(self, name),) for name in OF_WHAT if name != "step"}
        for name, number in ((name, number) for name, some in numbers.items() for number in some):
            if number is not None:
                boundary.whole(number, f"{name}: the number of a {OF_WHAT[name]}")
        choices = (("verdict", VERDICTS), ("source", SOURCES), ("kind", KINDS), ("human_verdict", HUMAN_VERDICTS))
        for name, known in choices:
            wrong = [value for value in getattr(self, name) if value not in known]
            if wrong:
                raise InvalidInput(f"There is no {name} {wrong[0]!r}. Choose from {', '.join(known)}.")
        if self.decided not in DECIDED:
            raise InvalidInput(f"decided: there is no {self.decided[:80]!r}. Choose from {', '.join(DECIDED[1:])}.")
        if self.duplicates not in DUPLICATES:
            known_words = ", ".join(DUPLICATES[1:])
            raise InvalidInput(f"duplicates: there is no {self.duplicates[:80]!r}. Choose from {known_words}.")
        for name, read in (("answer", AnswerTest.read), ("metadata", MetadataTest.read), ("tag", read_tag)):
            if len(getattr(self, name)) > MOST_TESTS:
                raise InvalidInput(f"{name}: up to {MOST_TESTS} tests are made at once. Leave some out.")
            for test in getattr(self, name):
                read(test)

    @property
    def needs_set(self) -> bool:
        """Whether a filter is set that no index of labels tells."""
        of_rows = ("similar", "cluster", "reviewer", "checkpoint", "judged_by")
        is_of_row = any(getattr(self, name) is not None for name in of_rows)
        of_words = (self.decided, self.answer, self.metadata, self.duplicates, self.human_verdict, self.judge, self.tag)
        return is_of_row or any(of_words)

    @property
    def answer_tests(self) -> list["AnswerTest"]:
        return [AnswerTest.read(test) for test in self.answer]

    @property
    def asks_judge(self) -> bool:
        """Whether a test of answers tells what the judge answered."""
        return any(test.of for test in self.answer_tests)

    @property
    def metadata_tests(self) -> list[MetadataTest]:
        return [MetadataTest.read(test) for test in self.metadata]

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


Key = TypeVar("Key", bound=StrEnum)


@dataclass(frozen=True)
class SortBy(Generic[Key]):
    """An order by one key."""

    key: Key
    _: KW_ONLY
    descending: bool = False

    def __str__(self) -> str:
        """As cursors and addresses write it: `-score`."""
        return signed(self.key, descending=self.descending)


def signed(key: StrEnum, *, descending: bool) -> str:
    """A key of an order with its direction: `-score`, `+length`."""
    return ("-" if descending else "+") + key


def read_signed(text: str, keys: type[Key]) -> tuple[Key, bool]:
    """What `signed` wrote: the key, and whether it descends; raises `ValueError`."""
    if not text.startswith(("-", "+")):
        raise ValueError("no sign")
    return keys(text[1:]), text.startswith("-")


@dataclass(frozen=True)
class Sort(SortBy[SortKey]):
    """Samples without a score (or spread) come last in both directions. Equal ones follow each other by number, or by
    a second key (`then`), and those that are equal by both by number, in the direction of the second."""

    key: SortKey = SortKey.id
    _: KW_ONLY
    then: SortKey | None = None
    then_descending: bool = False

    def __post_init__(self) -> None:
        if self.then is None:
            return
        if self.key in (SortKey.id, SortKey.prompt):
            raise InvalidInput("then: no two samples have one number, so nothing comes after it. Sort by another key.")
        if self.then in (self.key, SortKey.prompt):
            raise InvalidInput(f"then: {self.then} cannot come after {self.key}. Choose another second key.")

    def __str__(self) -> str:
        """As cursors and addresses write it: `-score`, `-score+length`."""
        return super().__str__() + ("" if self.then is None else signed(self.then, descending=self.then_descending))

    @classmethod
    def read(cls, text: str) -> "Sort":
        """The order that was written so; raises `InvalidInput`. The sign of the first key may be missing."""
        match = ORDER.fullmatch(text.strip())
        try:
            if match is None:
                raise ValueError("not an order")
            key, descending = read_signed(match[1] if match[1].startswith(("-", "+")) else f"+{match[1]}", SortKey)
            then, then_descending = read_signed(match[2], SortKey) if match[2] else (None, False)
            return cls(key, descending=descending, then=then, then_descending=then_descending)
        except ValueError as error:
            raise InvalidInput(f"There is no order {text[:80]!r}. Write -score, or -score+length.") from error


def _is_key(key: SortKey, number: float) -> bool:
    """Whether a sample could have this key."""
    if key is SortKey.length:
        return number.is_integer() and -1 <= number <= MOST_TOKENS
    return math.isfinite(number)


SortPlace = float | tuple[float, float]
"""What a row is sorted by: its key, or its two keys."""


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: after (or before) the row with this key and number, in this order."""

    key: SortPlace
    sample_id: int
    sort: Sort
    backward: bool = False

    @property
    def first(self) -> float:
        """The key, of two the first."""
        return self.key[0] if isinstance(self.key, tuple) else self.key

    def __str__(self) -> str:
        keys = ",".join(map(repr, self.key)) if isinstance(self.key, tuple) else repr(self.key)
        return f"{'b' if self.backward else 'f'}{self.sort}:{keys}:{self.sample_id}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor that was written so; an address may hold anything."""
        try:
            order, key, sample_id = text.split(":")
            sort, keys, place = Sort.read(order[1:]), [float(part) for part in key.split(",")], int(sample_id)
            is_whole = order[1] in "-+" and len(keys) == (1 if sort.then is None else 2)
            are_keys = all(map(_is_key, (sort.key, sort.then or sort.key), keys))
            if not (is_whole and are_keys and 0 <= place <= boundary.MOST_ID):
                raise ValueError("not a place")
            number = keys[0] if len(keys) == 1 else (keys[0], keys[1])
            return cls(number, place, sort, backward={"b": True, "f": False}[order[0]])
        except (InvalidInput, ValueError, KeyError, IndexError) as error:
            raise InvalidInput("This place in the list is not one. Go to the first page.") from error
