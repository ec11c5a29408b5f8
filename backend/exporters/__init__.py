"""Exporters write the rows of a dataset as another tool reads them, and what it wants to find beside their file."""

import json
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from backend.registry import Part, import_all
from backend.row_files import Columns, Values
from backend.values import DatasetType, Message, Messages

TRL = "trl"
"""The exporter by which datasets leave where nothing else is said: the one with provenance, and with Parquet."""


class TrainingRow(NamedTuple):
    """A row of a dataset.

    `messages`: the question. `answer`: the turns that follow it, of a pair those of the chosen side. `rejected`: those
    of the other side. `label`: whether the answer is good, in rows of the type `unpaired_preference`. `text`: all of it
    as one text, in rows of the type `language_modeling`.
    """

    messages: Messages
    answer: Messages
    rejected: Messages = []
    label: bool | None = None
    text: str = ""


class RowCounts(NamedTuple):
    """How many rows were written, and how many of them have turns of the assistant in the question, or an answer of
    several turns."""

    rows: int
    asked: int
    turns: int


class Exporter(Part, kind="exporter"):
    """Writes rows as another tool reads them.

    A subclass names the tool (`title`) and the columns of each type of dataset that it reads (`reads`), and turns a row
    into their values.
    """

    title: ClassVar[str]
    reads: ClassVar[Mapping[DatasetType, Columns]]
    refusals: ClassVar[Mapping[DatasetType, str]] = {}
    """Why it does not read a type, where there is more to say than that it has no format for it."""
    formats: ClassVar[tuple[str, ...]] = ("jsonl",)
    beside_name: ClassVar[str] = ""
    """What the file is called that it wants beside the rows; empty where it wants none."""
    is_beside_shared: ClassVar[bool] = False
    """Whether that file is a JSON object with an entry for each dataset of its folder, so that others' stay."""
    unread: ClassVar[str] = ""
    """What a row must be like that it reads, of those for which `is_read` says no."""
    limit: ClassVar[str] = ""
    """What it calls the tokens that a row may have."""

    def values(self, row: TrainingRow, type: DatasetType) -> Values:
        """Return a value for each column that `reads` has of this type, in their order."""
        raise NotImplementedError

    def beside(self, file: str, type: DatasetType, *, longest: int | None = None) -> str:
        """Return the text of the file that it wants beside the rows in the file of that name.

        longest: tokens of the longest row, where they were counted.
        """
        raise NotImplementedError

    def is_read(self, row: TrainingRow, type: DatasetType) -> bool:
        """Return whether the tool learns from the row, which it may pass over without failing."""
        return True

    def notes(self, type: DatasetType, counts: RowCounts) -> tuple[str, ...]:
        """Return, as sentences, what the tool does with such rows that their file cannot say."""
        return ()

    def about_length(self, longest: int | None) -> tuple[str, ...]:
        """Return, as sentences, what to set so that every row is learned whole.

        longest: tokens of the longest row; None where nobody counted.
        """
        if longest is None or not self.limit:
            return ()
        return (f"{self.title} cuts rows at {self.limit}: with {longest:,} or more none of these is cut.",)


def last_turns(row: TrainingRow) -> tuple[str, str]:
    """Return the last turn of each side of a pair, the chosen one first, as JSON."""
    chosen, rejected = (json.dumps(side[-1], ensure_ascii=False) for side in (row.answer, row.rejected))
    return chosen, rejected


def assistant_turn(text: str) -> Message:
    """Return a turn of the assistant."""
    return {"role": "assistant", "content": text}


def names() -> list[str]:
    """The names of all exporters, TRL's first, then by their titles."""
    import_all()
    return sorted(Exporter.registry, key=lambda name: (name != TRL, of(name).title.lower()))


def of(name: str) -> Exporter:
    """The exporter of that name; raises `UnknownPart`."""
    exporter = Exporter.load(name)
    assert isinstance(exporter, Exporter)
    return exporter
