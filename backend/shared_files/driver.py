"""One address as fsspec reaches it: files written whole, read, listed and deleted."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from backend.errors import InvalidInput, MissingPrerequisite, RondoError

AT_ONCE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "adl", "az", "oss", "memory"}
"""Where an object is written whole or not at all, and folders need not be made."""
RENAMING = {"sftp", "ssh", "smb", "hdfs", "ftp"}
"""Where a file gets its name at once; elsewhere it would be copied, and be there by halves meanwhile."""
NO_SECRETS = {"file", "local", "memory", "abfs", "abfss"}
"""What stands before an @ in an address of these signs nobody in."""
PARTS = "parts"
"""The folder in which files are written elsewhere until they get their name."""


class Driver:
    """Files by their paths below the address. What goes wrong inside `reached` is `MissingPrerequisite`."""

    def __init__(self, url: str) -> None:
        """Raises `InvalidInput` for an address of no known kind, `MissingPrerequisite` where a library is missing."""
        import fsspec  # noqa: PLC0415  it and its libraries load only where an address is set

        self._secret = _secret_of(url)
        self.url = self._shown(url)
        """As it may be shown: without who signs in there."""
        try:
            # A kept listing would name what another machine has deleted.
            self._fs, root = fsspec.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise MissingPrerequisite(
                f"RONDO_FILES_URL is {self.url}: {self._shown(str(error))}. Install that, then start again."
            ) from error
        except (ValueError, OSError) as error:
            raise InvalidInput(
                f"RONDO_FILES_URL is {self.url!r}: {self._shown(str(error))}. "
                "Give a folder, or an address such as s3://bucket/rondo."
            ) from error
        self._root = root.rstrip("/")
        kinds = {self._fs.protocol} if isinstance(self._fs.protocol, str) else {*self._fs.protocol}
        self._is_local, self._is_at_once = bool(kinds & {"file", "local"}), bool(kinds & AT_ONCE)
        if not (self._is_local or self._is_at_once or kinds & RENAMING):
            raise InvalidInput(
                f"RONDO_FILES_URL is {self.url!r}, and no file can be written there whole or not at all. Give a "
                "folder, or an address such as s3://bucket/rondo."
            )

    @contextmanager
    def reached(self, done: str) -> Iterator[None]:
        """Whatever the driver raises inside becomes an error that names the address. done: what is done there."""
        try:
            yield
        except RondoError:
            raise
        except Exception as error:  # each driver has errors of its own
            reason = self._shown(str(error).strip().partition("\n")[0]) or type(error).__name__
            raise MissingPrerequisite(
                f"Nothing can be {done} at {self.url}, where RONDO_FILES_URL has the shared files: {reason}. "
                "Correct the address or its rights (rondo doctor tries it), then retry."
            ) from error

    def write(self, path: str, data: bytes) -> None:
        """Write a file, or write it anew."""
        with self._written(path) as between:
            self._fs.pipe_file(between, data)

    def send(self, path: str, source: Path) -> None:
        """Write a file from one of this machine."""
        with self._written(path) as between:
            self._fs.put_file(str(source), between)

    def read(self, path: str) -> bytes | None:
        """All of a file; None where there is none."""
        with suppress(FileNotFoundError):
            data: bytes = self._fs.cat_file(self._at(path))
            return data
        return None

    def open(self, path: str) -> IO[bytes]:
        """A file to read; raises `FileNotFoundError`."""
        file: IO[bytes] = self._fs.open(self._at(path), "rb")
        return file

    def remove(self, path: str) -> None:
        """Delete a file, if it is there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._at(path))

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        with suppress(FileNotFoundError):
            info: dict[str, Any] = self._fs.info(self._at(path))
            return int(info["size"] or 0)
        return None

    def written_at(self, path: str) -> float:
        """When a file was written, in seconds; raises `FileNotFoundError`."""
        moment: datetime = self._fs.modified(self._at(path))
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()

    def refresh(self, path: str) -> bool:
        """Have a file as if it was written now; whether that is possible here."""
        if self._is_local:
            with suppress(OSError):  # another account's
                os.utime(self._at(path))
                return True
        return False

    @property
    def answers_many(self) -> bool:
        """Whether several threads may ask at once."""
        return self._is_at_once or self._is_local

    def below(self, folder: str) -> list[str]:
        """All files below a folder, in order of their paths."""
        top = self._at(folder)
        self._fs.invalidate_cache()
        with suppress(FileNotFoundError):
            return sorted(f"{folder}{path.removeprefix(top)}" for path in self._fs.find(top))
        return []

    @contextmanager
    def _written(self, path: str) -> Iterator[str]:
        """Where to write what then has that path, whole."""
        place = self._at(path)
        if self._is_at_once:
            yield place
            return
        between = self._at(f"{PARTS}/{uuid.uuid4().hex}")
        self._fs.makedirs(between.rpartition("/")[0], exist_ok=True)
        try:
            yield between
            if self._is_local:
                with open(between, "rb") as file:
                    os.fsync(file.fileno())
            self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._fs.mv(between, place)
        finally:
            with suppress(OSError):
                self._fs.rm_file(between)  # of a writing that was broken off

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _shown(self, text: str) -> str:
        return text.replace(self._secret, "...") if self._secret else text


def _secret_of(url: str) -> str:
    """What stands before the last @ of an address; a key of S3's may hold slashes. Folders and containers are none."""
    protocol, _, rest = url.partition("://")
    return "" if protocol in NO_SECRETS else rest.rpartition("@")[0]
