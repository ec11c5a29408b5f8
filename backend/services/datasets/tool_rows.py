"""Rows on their way to a tool, by its exporter: what it reads, and what it does that their file cannot say."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from backend import exporters
from backend.errors import InvalidInput
from backend.exporters import TRL as TRL
from backend.exporters import RowCounts
from backend.row_files import Columns, Values
from backend.services.datasets.export_rows import ExportRow, training_row
from backend.values import DatasetType


def check(tool: str, type: DatasetType, format: str) -> None:
    """Raise `InvalidInput` for a type, or a format of files, that the tool does not read, and for an unknown tool."""
    exporter = exporters.of(tool)
    if format not in exporter.formats:
        raise InvalidInput(f"Files for {exporter.title} are written as {exporter.formats[0]}. Choose that format.")
    if type in exporter.reads:
        return
    why = exporter.refusals.get(type, "")
    which = f"rows of the type {type}" + (f" ({why})" if why else "")
    reads = " or ".join(exporter.reads)
    raise InvalidInput(f"{exporter.title} does not read {which}. Choose {reads}, or another tool.")


def title(tool: str) -> str:
    """What the tool is called."""
    return exporters.of(tool).title


def offered() -> list[tuple[str, str]]:
    """Title and name of each tool that there is an exporter for."""
    return [(title(name), name) for name in exporters.names()]


def columns(tool: str, type: DatasetType) -> Columns:
    """What is written for a tool that `check` passes."""
    return dict(exporters.of(tool).reads[type])


def shape(tool: str, type: DatasetType) -> Callable[[ExportRow], Values]:
    """What turns a row into the values that are written for a tool."""
    exporter = exporters.of(tool)
    return lambda row: exporter.values(training_row(row, type), type)


def beside(tool: str, type: DatasetType, file: str, *, longest: int | None = None) -> tuple[str, str] | None:
    """Name and text of what a tool wants to find beside the file of that name; None where it wants nothing.

    longest: tokens of the longest row, where they were counted.
    """
    exporter = exporters.of(tool)
    return (exporter.beside_name, exporter.beside(file, type, longest=longest)) if exporter.beside_name else None


class ToolNotes:
    """What a tool does with rows that their file cannot say, counted while they are written."""

    def __init__(self, tool: str, type: DatasetType) -> None:
        self._exporter, self._type = exporters.of(tool), type
        self._counts: Counter[str] = Counter()

    def looked(self, rows: Iterable[ExportRow]) -> Iterator[ExportRow]:
        """The rows as they are. TRL has nothing to be told, and its exports are the long ones."""
        if self._exporter.name == TRL:
            yield from rows
            return
        for row in rows:
            self._counts["rows"] += 1
            self._counts["weights"] += row.weight != 1
            self._counts["asked"] += any(message["role"] == "assistant" for message in row.messages)
            self._counts["turns"] += len(row.turns) > 1
            self._counts["unread"] += not self._exporter.is_read(training_row(row, self._type), self._type)
            yield row

    def lines(self) -> tuple[str, ...]:
        """Sentences, once all rows were looked at."""
        if self._exporter.name == TRL:
            return ()
        name, sentences = self._exporter.title, []
        if few := self._counts["weights"]:
            sentences.append(
                f"{few:,} rows have a weight other than 1, which {name} does not read: all rows count the same."
            )
        if few := self._counts["unread"]:
            sentences.append(f"{few:,} rows are not read by {name}: {self._exporter.unread}")
        counts = RowCounts(self._counts["rows"], self._counts["asked"], self._counts["turns"])
        return (*sentences, *self._exporter.notes(self._type, counts))
