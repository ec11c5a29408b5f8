"""Parquet files that say more than they hold, or hold more than they show."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.errors import InvalidInput
from backend.services.prompts import parquet_limits
from backend.services.prompts.files import read

MEMORY = """
import resource, sys
from pathlib import Path
from backend.errors import InvalidInput
from backend.services.prompts.files import read
import pyarrow.parquet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    list(read(Path(sys.argv[1])))
except InvalidInput as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def varint(number: int) -> bytes:
    result = b""
    while number > 127:
        result, number = result + bytes([number & 127 | 128]), number >> 7
    return result + bytes([number])


def with_footer(path: Path, footer: bytes) -> Path:
    path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    return path


def claiming(path: Path, length: int) -> Path:
    """A file of 2 kB whose list of columns says that it is so long (Thrift's compact protocol)."""
    return with_footer(path, b"\x15\x02\x19\xfc" + varint(length) + b"\x00" * 2000)


def test_a_small_file_takes_no_more_memory_for_the_length_it_claims(tmp_path: Path) -> None:
    path = claiming(tmp_path / "x.parquet", 999_999)
    process = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    assert int(process.stdout) < 50_000  # kB; 98 MB with the limit of Arrow itself


def test_a_description_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_limits, "FOOTER_BYTES", 1000)
    with pytest.raises(InvalidInput, match="description of the columns"):
        list(read(claiming(tmp_path / "x.parquet", 1)))


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({f"c{i}": ["x"] for i in range(1001)}), path)
    with pytest.raises(InvalidInput, match="1,001 columns"):
        list(read(path))


def test_a_file_that_unpacks_to_a_thousand_times_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_limits, "RATIO_FROM", 1024**2)
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"prompt": ["a" * 30_000_000]}), path, compression="zstd", use_dictionary=False)
    with pytest.raises(InvalidInput, match="times as much"):
        list(read(path))


def test_rows_without_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"prompt": pa.nulls(5_000_000, pa.string())}), path)
    with pytest.raises(InvalidInput, match="5,000,000 rows"):
        list(read(path))


def test_an_ordinary_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"prompt": ["a", "b"]}), path)
    assert [row for _, row in read(path)] == [{"prompt": "a"}, {"prompt": "b"}]
