"""A text file as UTF-8 lines that end in LF, whatever it is packed in, encoded in, and whichever line ends it has."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.errors import InvalidInput
from backend.services.prompts.files import limits

GZIP = b"\x1f\x8b"
SNIFFED = 1 << 16
LEAST_UNPACKED = 256 * 1024**2
MOST_PACKED = 100
"""A text packs to a hundredth at best; what unpacks to more (and over `LEAST_UNPACKED`) is made to fill a disk."""

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Opened:
    """How a file has to be read, found by its first bytes. `start` is its beginning as UTF-8."""

    is_packed: bool
    encoding: str
    has_cr_only: bool
    start: bytes


def look(path: Path) -> Opened:
    """Find out how the file is packed and encoded; raises `InvalidInput` where it cannot be unpacked."""
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP
    with _raw(path, is_packed) as raw:
        start = raw.read(SNIFFED)
    encoding = _encoding(start)
    if encoding:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        start = decoder.decode(start).encode("utf-8", "replace")
    text = start.removeprefix(codecs.BOM_UTF8)
    return Opened(is_packed, encoding, b"\r" in text and b"\n" not in text, text)


def _encoding(start: bytes) -> str:
    """The wide encoding of the file, or "" for UTF-8."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    some = start[:200]
    if len(some) >= 8 and not any(some[1::2]) and all(some[::2]):
        return "utf-16-le"
    return "utf-16-be" if len(some) >= 8 and not any(some[::2]) and all(some[1::2]) else ""


def binary(path: Path, opened: Opened) -> BinaryIO:
    """The file as UTF-8 without a mark. Its lines end in LF, or in CR and LF."""
    if not (opened.is_packed or opened.encoding or opened.has_cr_only):
        file = path.open("rb")
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        return file
    # A buffer that closes the file below it is a BinaryIO in all but its declared type.
    return io.BufferedReader(_Pieces(_pieces(path, opened)), limits.CHUNK)  # type: ignore[return-value]


class _Pieces(io.RawIOBase):
    """A readable file made of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        while not self.rest:
            piece = next(self.pieces, None)
            if piece is None:
                return 0
            self.rest = piece
        size = min(len(into), len(self.rest))
        into[:size] = self.rest[:size]
        self.rest = self.rest[size:]
        return size

    def close(self) -> None:
        getattr(self.pieces, "close", lambda: None)()
        super().close()


def _pieces(path: Path, opened: Opened) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(opened.encoding or "utf-8")()
    is_first = True
    with _raw(path, opened.is_packed) as raw:
        while True:
            data = raw.read(limits.CHUNK)
            if opened.encoding:
                try:
                    data_out = decoder.decode(data, final=not data).encode("utf-8", "surrogatepass")
                except UnicodeDecodeError as error:
                    raise InvalidInput(
                        f"{path.name} begins like {opened.encoding.upper()}, but is not all of it "
                        f"({error.reason}). Save it as UTF-8."
                    ) from error
            else:
                data_out = data
            if is_first:
                data_out, is_first = data_out.removeprefix(codecs.BOM_UTF8), False
            yield data_out.replace(b"\r", b"\n") if opened.has_cr_only else data_out
            if not data:
                return


class _raw:
    """The file's bytes, unpacked; damage and what would fill the disk become `InvalidInput`."""

    def __init__(self, path: Path, is_packed: bool) -> None:
        self.path, self.is_packed, self.done = path, is_packed, 0
        packed = path.stat().st_size
        self.most = min(limits.UNPACKED_BYTES, max(LEAST_UNPACKED, MOST_PACKED * packed))

    def __enter__(self) -> "_raw":
        self.file = gzip.open(self.path, "rb") if self.is_packed else self.path.open("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, size: int) -> bytes:
        try:
            data = self.file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidInput(
                f"{self.path.name} is a gzip file that cannot be unpacked ({error}). It may be cut off; "
                "nothing was imported."
            ) from error
        self.done += len(data)
        if self.is_packed and self.done > self.most:
            raise InvalidInput(
                f"{self.path.name} unpacks to more than {self.most // 1024**2} MB, over "
                f"{MOST_PACKED} times its size. Import it unpacked, in pieces."
            )
        return data
