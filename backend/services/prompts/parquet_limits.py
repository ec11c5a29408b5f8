"""Bounds on Parquet files, checked before anything is decoded: a small file may claim very large contents."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow.parquet as pq

FOOTER_BYTES = 8 * 1024**2
"""The description of the columns at the file's end; in memory it is many times as large."""
LIST_LENGTH = 100_000
"""Of any list in it. Memory for a list is taken when its length is read, not when its elements are."""
TEXT_BYTES = 4 * 1024**2
COLUMNS = 1_000
ROWS_PER_BYTE = 100
RATIO = 1_000
"""How much smaller than its content a file may be, once the content is larger than `RATIO_FROM`."""
RATIO_FROM = 256 * 1024**2


def opened(path: Path, **options: Any) -> "pq.ParquetFile":
    """Open a Parquet file whose description is within the limits. Raises `InvalidInput` for one that is not."""
    import pyarrow.parquet as pq

    if (size := _footer_bytes(path)) > FOOTER_BYTES:
        raise InvalidInput(
            f"The description of the columns in {path.name} has {size / 1024**2:.0f} MB; {FOOTER_BYTES // 1024**2} MB "
            "are allowed. Write it with fewer columns and larger row groups."
        )
    file = pq.ParquetFile(path, thrift_string_size_limit=TEXT_BYTES, thrift_container_size_limit=LIST_LENGTH, **options)
    try:
        _check(path, file.metadata)
    except InvalidInput:
        file.close(force=True)
        raise
    return file


def _footer_bytes(path: Path) -> int:
    """The length that the last eight bytes give; 0 where they are of no such file, as those of one that is cut off."""
    with path.open("rb") as file:
        if file.seek(0, 2) < 12:
            return 0
        file.seek(-8, 2)
        tail = file.read(8)
        return int.from_bytes(tail[:4], "little") if tail.endswith(b"PAR1") else 0


def _check(path: Path, metadata: Any) -> None:
    size = path.stat().st_size
    if metadata.num_columns > COLUMNS:
        raise InvalidInput(
            f"{path.name} has {metadata.num_columns:,} columns; {COLUMNS:,} are allowed. Write only those that matter."
        )
    if metadata.num_rows > ROWS_PER_BYTE * size:
        raise InvalidInput(
            f"{path.name} names {metadata.num_rows:,} rows in {size:,} bytes, which no prompts fit in. Write it again."
        )
    chunks = (
        group.column(place)
        for group in map(metadata.row_group, range(metadata.num_row_groups))
        for place in range(group.num_columns)
    )
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
    if unpacked > RATIO_FROM and unpacked > RATIO * size:
        raise InvalidInput(
            f"{path.name} would unpack from {size:,} bytes to {unpacked / 1024**2:,.0f} MB, {RATIO:,} times as much. "
            "Write it without what repeats."
        )
