"""The file of a round's vectors: a header, then each sample's number and vector, in the order of the numbers.

It is read where it lies on the disk, and only ever put in place whole; what an ended job had written of it is kept
beside it, and the next goes on from there. Numbers of deleted rounds are given again, so the file's name tells when the
round was made, too.
"""

import os
import shutil
import struct
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy
from numpy.typing import NDArray

from backend.config import settings

MAGIC = b"RONDOVEC"
HEADER = struct.Struct("<8sI52s")
FOLDER = "embeddings"
AT_ONCE = 16_384
"""So many vectors are multiplied at once."""

Rows = NDArray[Any]
"""Records with the fields `id` and `vector`."""


def name_of(round_id: int, made_at: datetime) -> str:
    """What the files of a round are known by."""
    moment = made_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"round-{round_id}-{blake2b(moment.encode('ascii'), digest_size=6).hexdigest()}"


def path_of(name: str) -> Path:
    return settings().folder / FOLDER / f"{name}.vectors"


def _record(size: int) -> numpy.dtype[Any]:
    return numpy.dtype([("id", "<i8"), ("vector", "<f2", (size,))])


def read_rows(name: str, fingerprint: str | None = None) -> Rows | None:
    """The round's vectors; None where there are none, or they are of a model with another fingerprint."""
    return _read(path_of(name), fingerprint)


def fingerprint_of(name: str) -> str | None:
    """That of the model which made the round's vectors; None where there are none."""
    header = _header(path_of(name))
    return header[1] if header else None


def vector_of(name: str, sample_id: int) -> NDArray[numpy.float32] | None:
    """A sample's vector; None where it has none, as a text without words."""
    rows = read_rows(name)
    if rows is None:
        return None
    place = int(numpy.searchsorted(rows["id"], sample_id))
    if place == len(rows) or rows["id"][place] != sample_id:
        return None
    vector = rows["vector"][place].astype(numpy.float32)
    return vector if vector.any() else None


def nearest(name: str, vector: NDArray[numpy.float32], fingerprint: str, most: int) -> dict[int, float]:
    """The round's samples whose vectors are closest to this one, closest first, with the cosine of the angle."""
    path = path_of(name)
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return {}
    return dict(_nearest(path, stamp, vector.tobytes(), fingerprint, most))


@lru_cache(maxsize=64)
def _nearest(path: Path, _stamp: int, vector: bytes, fingerprint: str, most: int) -> tuple[tuple[int, float], ...]:
    """Kept for pages, which ask again every few seconds."""
    rows = _read(path, fingerprint)
    if rows is None:
        return ()
    wanted = numpy.frombuffer(vector, dtype=numpy.float32)
    likeness = numpy.empty(len(rows), dtype=numpy.float32)
    for start in range(0, len(rows), AT_ONCE):
        part = rows["vector"][start : start + AT_ONCE]
        likeness[start : start + len(part)] = part.astype(numpy.float32) @ wanted
    most = min(most, len(rows))
    first = numpy.argpartition(-likeness, most - 1)[:most]
    # Equal ones in the order of their numbers.
    ids = rows["id"][first]
    order = numpy.lexsort((ids, -likeness[first]))
    return tuple((int(ids[place]), round(float(likeness[first][place]), 4)) for place in order)


def _header(path: Path) -> tuple[int, str] | None:
    try:
        with path.open("rb") as opened:
            magic, size, fingerprint = HEADER.unpack(opened.read(HEADER.size))
    except (OSError, struct.error):
        return None
    return (size, fingerprint.rstrip(b"\0").decode("ascii", "replace")) if magic == MAGIC and size else None


def _read(path: Path, fingerprint: str | None) -> Rows | None:
    header = _header(path)
    if header is None or fingerprint not in (None, header[1]):
        return None
    record = _record(header[0])
    number = (path.stat().st_size - HEADER.size) // record.itemsize
    return numpy.memmap(path, dtype=record, mode="r", offset=HEADER.size, shape=(number,)) if number else None


class VectorWriter:
    """Adds vectors to those that there are of the same model, from `last_id` on; `close` puts all of them in place."""

    def __init__(self, name: str, size: int, fingerprint: str) -> None:
        self.path = path_of(name)
        self.part = self.path.with_suffix(".part")
        self.record = _record(size)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        wanted = (size, fingerprint)
        if _header(self.part) != wanted and _header(self.path) == wanted:
            shutil.copyfile(self.path, self.part)
        if _header(self.part) != wanted:
            self.part.write_bytes(HEADER.pack(MAGIC, size, fingerprint.encode("ascii")))
        self.number = (self.part.stat().st_size - HEADER.size) // self.record.itemsize
        self.file = self.part.open("r+b")
        # A record that was cut off is written again.
        self.file.truncate(HEADER.size + self.number * self.record.itemsize)
        self.file.seek(0, os.SEEK_END)

    @property
    def last_id(self) -> int:
        """The number of the last sample that has a vector; 0 before the first."""
        rows = _read(self.part, None)
        return int(rows["id"][-1]) if rows is not None else 0

    @property
    def ids(self) -> NDArray[numpy.int64]:
        """The numbers of the samples that have a vector, in order."""
        rows = _read(self.part, None)
        return numpy.zeros(0, dtype=numpy.int64) if rows is None else numpy.array(rows["id"], dtype=numpy.int64)

    def keep_before(self, sample_id: int) -> None:
        """Drop the vectors from this sample on: one that came late stands between others."""
        self.number = int(numpy.searchsorted(self.ids, sample_id))
        self.file.truncate(HEADER.size + self.number * self.record.itemsize)
        self.file.seek(0, os.SEEK_END)

    def add(self, ids: Sequence[int], vectors: NDArray[numpy.float16]) -> None:
        """Write some more, of samples with higher numbers."""
        rows = numpy.zeros(len(ids), dtype=self.record)
        rows["id"], rows["vector"] = ids, vectors
        self.file.write(rows.tobytes())
        self.file.flush()

    def close(self) -> None:
        """Put the file in place."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.part.replace(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            self.file.close()


def delete_others(kept: Collection[str]) -> None:
    """Delete the files of all rounds but these, by name: those rounds are gone."""
    for path in (settings().folder / FOLDER).glob("round-*.*"):
        if path.stem not in kept:
            path.unlink(missing_ok=True)
