"""Lessons out of texts into a handbook (Didolkar et al. 2025, arXiv 2509.13237)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from backend.answers import check_pattern
from backend.engines._wrapper import layers
from backend.engines.library import LibraryKnobs
from backend.errors import TrainerError
from backend.likeness import Pool, words
from backend.sameness import normal
from backend.trainers._engine import EngineTrainer, WrittenWrapper
from backend.values import JSON, DatasetType

LIBRARY = "library"
LONGEST_NAME = 80
"""Characters of a lesson's name: a longer one is no name, and would stand before every question."""
LESSON = (
    r"(?m)^(?:[^\S\n]|[*#`\-\d.])*+(?P<name>behavior_\w++)[\s*`]*+:[\s*`]*+"
    r"(?P<text>[^\s*`](?:.*[^\s*`])?)(?:[^\S\n]|[*`])*+$"
)


@dataclass
class Lesson:
    """A lesson while the handbook is made. sources: the samples it cites already; rows: of this dataset, by number."""

    name: str
    text: str
    sources: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def cited(self) -> int:
        return len(self.sources) + len(self.rows)


class Book:
    """The lessons in order, found by name and by the words of their instructions without looking at each."""

    def __init__(self, same_above: float) -> None:
        self.lessons: list[Lesson] = []
        self._by_name: dict[str, int] = {}
        self._words = Pool(same_above)
        self._of_words: list[int] = []
        """The lesson that each text of the pool is, or was, the instruction of."""
        self._current: list[int] = []
        """The pool's number of each lesson's instruction: the pool keeps what an instruction was before."""

    def add(self, lesson: Lesson) -> None:
        self._by_name.setdefault(normal(lesson.name), len(self.lessons))
        self.lessons.append(lesson)
        self._current.append(0)
        self.reword(len(self.lessons) - 1, lesson.text)

    def reword(self, place: int, text: str) -> None:
        """Give a lesson another instruction."""
        self.lessons[place].text = text
        self._current[place] = len(self._of_words)
        self._of_words.append(place)
        self._words.add(words(text))

    def same(self, name: str, text: str) -> int | None:
        """The place of the lesson of that name, else of that whose instruction is most like this one, the first of
        equal ones."""
        if (named := self._by_name.get(normal(name))) is not None:
            return named
        near = self._words.near(words(text))
        alike = {self._of_words[n]: value for n, value in near.items() if self._current[self._of_words[n]] == n}
        return max(alike, key=lambda place: (alike[place], -place), default=None)


class DistillLesson(LibraryKnobs, EngineTrainer):
    """Make a checkpoint that answers with a handbook, by the engine library around its start; no weights are trained.

    A text is read for lessons, each a name and an instruction; a text without one is counted. Each lesson cites the
    traces that its texts were written about. A lesson with a name that is there, or whose instruction is like one that
    is there (ROUGE-L of their words at least `same_above`), is merged with it: one instruction, the traces of both. A
    start that answers with a handbook already is the beginning of this one. Over `max_entries` those stay that the most
    traces led to, of equal ones the newer.
    """

    trains_on: ClassVar[DatasetType | None] = DatasetType.prompt_completion

    pattern: str = Field(
        LESSON, description="regular expression with the groups `name` and `text`; each match in a text is a lesson"
    )
    max_length: int = Field(
        400, ge=1, description="most characters of a lesson's instruction; longer ones are left out"
    )
    max_entries: int = Field(200, ge=1, description="most lessons of the handbook")
    merge: Literal["first", "newest"] = Field("first", description="the instruction that merged lessons keep")
    same_above: float = Field(0.8, gt=0, le=1, description="ROUGE-L from which on two instructions say the same")

    @field_validator("pattern")
    @classmethod
    def _has_both_groups(cls, pattern: str) -> str:
        for group in ("name", "text"):
            if group not in re.compile(check_pattern(pattern)).groupindex:
                raise ValueError(f"The pattern {pattern!r} lacks the group {group}. Write it as (?P<{group}>...).")
        return pattern

    def write(self, rows: Sequence[JSON], start: JSON) -> WrittenWrapper:
        """Return the library; lessons have `sources`, samples by id, and `rows`, of this dataset by number."""
        known: list[JSON] = next((layer["entries"] for layer in layers(start) if layer["name"] == LIBRARY), [])
        book = Book(self.same_above)
        for entry in known:
            book.add(Lesson(entry["name"], entry["text"], list(entry["sources"])))
        counts = Counter(texts=len(rows))
        for number, row in enumerate(rows):
            lessons = list(self.lessons(row["completion"][-1]["content"]))
            counts["texts_without_lesson"] += not lessons
            for name, text in lessons:
                counts[self._add(book, name, text, number)] += 1
        if not book.lessons:
            raise TrainerError(
                f"None of the {len(rows)} texts holds a lesson that the pattern finds and that is no longer than "
                f"{self.max_length} characters. Ask for lessons in that form, or change pattern or max_length."
            )
        kept = self._kept(book.lessons)
        counts["lessons_dropped"] = len(book.lessons) - len(kept)
        entries = [
            {"name": lesson.name, "text": lesson.text, "sources": lesson.sources, "rows": lesson.rows}
            for lesson in kept
        ]
        knobs: dict[str, Any] = {"most": self.most, "template": self.template, "entries": entries}
        return WrittenWrapper(LIBRARY, knobs, dict(counts) | {"lessons": len(kept)})

    def lessons(self, text: str) -> Iterator[tuple[str, str]]:
        """The lessons that a text states, in order."""
        for match in re.finditer(self.pattern, text):
            name, lesson = match["name"].strip(), " ".join(match["text"].split())
            if name and lesson:
                yield name, lesson

    def _add(self, book: Book, name: str, text: str, row: int) -> str:
        """Take a lesson in, and say what became of it."""
        if len(text) > self.max_length or len(name) > LONGEST_NAME:
            return "lessons_too_long"
        place = book.same(name, text)
        if place is None:
            book.add(Lesson(name, text, rows=[row]))
            return "lessons_new"
        cited = book.lessons[place].rows
        if cited[-1:] != [row]:  # rows come in order
            cited.append(row)
        if self.merge == "newest":
            book.reword(place, text)
        return "lessons_merged"

    def _kept(self, book: Sequence[Lesson]) -> list[Lesson]:
        """The lessons that stay, in order."""
        best = sorted(range(len(book)), key=lambda place: (-book[place].cited, -place))[: self.max_entries]
        return [book[place] for place in sorted(best)]
