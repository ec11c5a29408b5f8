"""What is said of rows of a file that is imported: of those that are left out, and of those that deserve a look."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SHOWN = 200
"""Bad rows, duplicates and overlaps kept in a report; the file beside it lists them all."""


@dataclass(frozen=True)
class RowProblem:
    """A row that something is said of. `kind`: bad row, duplicate or overlap, which are left out, or near duplicate."""

    line: int
    kind: str
    reason: str


@dataclass
class Problems:
    """Counts all rows that something is said of, keeps the first of each kind, and writes each to a CSV file."""

    out: IO[str]
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[RowProblem]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = csv.writer(self.out)
        self.writer.writerow(["line", "kind", "reason"])

    def add(self, line: int, kind: str, reason: str) -> None:
        """Note a row, with its line (or place) and why."""
        self.counts[kind] += 1
        shown = self.first.setdefault(kind, [])
        if len(shown) < SHOWN:
            shown.append(RowProblem(line, kind, reason))
        self.writer.writerow([line, kind, reason])

    def clear(self) -> None:
        """Forget everything: the file is read again."""
        self.counts.clear()
        self.first.clear()
        self.out.seek(0)
        self.out.truncate()
        self.writer.writerow(["line", "kind", "reason"])


@contextmanager
def problem_file(path: Path) -> Iterator[Problems]:
    """A CSV file that receives every row that is left out."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        yield Problems(out)
