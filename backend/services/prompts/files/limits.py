"""What every reader of prompt files shares: limits, the shape of a row, and what is said of bad ones."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from backend.errors import InvalidInput

ROW_BYTES = 8 * 1024 * 1024
"""Longest row that is read; a longer one is reported and skipped."""
PARQUET_ROWS = 256
UNPACKED_BYTES = 16 * 1024**3
"""What a packed file may unpack to at most."""
CHUNK = 1 << 18

Row = tuple[int, dict[str, Any] | str]
"""The number of a row (its line, or its place in an array or table), and the row or why it cannot be read."""
Wanted = Callable[[int], bool]
"""Tells of the number of a row whether somebody wants it."""


def every(_number: int) -> bool:
    """Every row is wanted."""
    return True


class NumberText(str):
    """A number that no 64-bit float holds, as it is written in the file."""

    __slots__ = ()


class WrittenNumber(float):
    """A float that remembers how it is written in the file."""

    __slots__ = ("text",)
    text: str


@dataclass
class Notes:
    """What a reader changed or dropped, counted, to be said in the preview and the report."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, what: str) -> None:
        """Count one more of it."""
        self.counts[what] += 1

    def sentences(self) -> tuple[str, ...]:
        """`3 times: ...`, one for each kind."""
        return tuple(f"{what} ({count:,} times)" if count > 1 else what for what, count in self.counts.items())


def type_name(value: Any) -> str:
    """What a JSON value is called in a message."""
    if isinstance(value, NumberText):
        return "a number"
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "binary data" if isinstance(value, bytes) else "a number")


def empty(path: Path) -> InvalidInput:
    """The error of a file without rows."""
    return InvalidInput(f"{path.name} is empty. Choose a file with at least one row.")


def too_long() -> str:
    """Why a row over the limit is left out."""
    return f"longer than {ROW_BYTES // 1024**2} MB; shorten it"


def check_unpacked(path: Path, size: int) -> None:
    """Refuse a file that would unpack to more than any data folder should take."""
    if size > UNPACKED_BYTES:
        raise InvalidInput(
            f"{path.name} would unpack to {size / 1024**3:.0f} GB; the limit is {UNPACKED_BYTES // 1024**3} GB. "
            "Split it into several files."
        )


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their number; None for one that is too long, which is skipped in pieces."""
    number = 0
    while line := file.readline(ROW_BYTES + 1):
        number += 1
        if len(line) <= ROW_BYTES:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(CHUNK)
        yield number, None
