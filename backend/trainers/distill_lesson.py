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
from backend.likeness import rouge_l, words
from backend.sameness import normal
from backend.trainers._engine import EngineTrainer, Written
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

    def write(self, rows: Sequence[JSON], start: JSON) -> Written:
        """Return the library; lessons have `sources`, samples by id, and `rows`, of this dataset by number."""
        known: list[JSON] = next((one["entries"] for one in layers(start) if one["name"] == LIBRARY), [])
        book = [Lesson(one["name"], one["text"], list(one["sources"])) for one in known]
        counts = Counter(texts=len(rows))
        for number, row in enumerate(rows):
            found = list(self.lessons(row["completion"][-1]["content"]))
            counts["texts_without_lesson"] += not found
            for name, text in found:
                counts[self._add(book, name, text, number)] += 1
        if not book:
            raise TrainerError(
                f"None of the {len(rows)} texts holds a lesson that the pattern finds and that is no longer than "
                f"{self.max_length} characters. Ask for lessons in that form, or change pattern or max_length."
            )
        kept = self._kept(book)
        counts["lessons_dropped"] = len(book) - len(kept)
        entries = [{"name": one.name, "text": one.text, "sources": one.sources, "rows": one.rows} for one in kept]
        knobs: dict[str, Any] = {"most": self.most, "template": self.template, "entries": entries}
        return Written(LIBRARY, knobs, dict(counts) | {"lessons": len(kept)})

    def lessons(self, text: str) -> Iterator[tuple[str, str]]:
        """The lessons that a text states, in order."""
        for match in re.finditer(self.pattern, text):
            name, said = match["name"].strip(), " ".join(match["text"].split())
            if name and said:
                yield name, said

    def _add(self, book: list[Lesson], name: str, text: str, row: int) -> str:
        """Take a lesson in, and say what became of it."""
        if len(text) > self.max_length or len(name) > LONGEST_NAME:
            return "lessons_too_long"
        same = self._same(book, name, text)
        if same is None:
            book.append(Lesson(name, text, rows=[row]))
            return "lessons_new"
        if row not in same.rows:
            same.rows.append(row)
        if self.merge == "newest":
            same.text = text
        return "lessons_merged"

    def _same(self, book: Sequence[Lesson], name: str, text: str) -> Lesson | None:
        """The lesson of that name, else the one whose instruction is most like this one, the first of equal ones."""
        named = next((one for one in book if normal(one.name) == normal(name)), None)
        if named is not None:
            return named
        said = words(text)
        likest = max(book, key=lambda one: rouge_l(said, words(one.text)), default=None)
        return likest if likest is not None and rouge_l(said, words(likest.text)) >= self.same_above - 1e-9 else None

    def _kept(self, book: Sequence[Lesson]) -> list[Lesson]:
        """The lessons that stay, in order."""
        best = sorted(range(len(book)), key=lambda place: (-book[place].cited, -place))[: self.max_entries]
        return [book[place] for place in sorted(best)]
