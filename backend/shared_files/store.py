"""Files and folders at an address: put whole, read back whole, listed, deleted.

A file's content lies under its hash, so what is there already is not sent again. What a name stands for is a list of
files with their hashes, written last: whoever reads finds all of it or nothing, whatever died in between.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ValidationError

from backend.errors import InvalidInput, MissingPrerequisite, RondoError
from backend.row_files import PART

FORMAT = 1
LISTS, CONTENT, PARTS, CHECKS, OWNER = "lists", "content", "parts", "checks", "database-id"
SUFFIX = ".json"
AT_ONCE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "adl", "az", "oss", "memory"}
"""Where an object is written whole or not at all, and folders need not be made."""
REUSED_SECONDS = 45 * 60
"""Content that no list names is deleted an hour after it was written, so what is older is sent again."""
PART_SECONDS = 3_600
"""A part that nobody wrote to for so long is a killed process's."""
CHUNK = 1 << 20


class FileEntry(BaseModel):
    """One file."""

    sha256: str
    num_bytes: int


class FileList(BaseModel):
    """What a name stands for: files below a folder, or one file whose name is empty."""

    format: int = FORMAT
    name: str
    written_at: datetime
    files: dict[str, FileEntry]

    @property
    def num_bytes(self) -> int:
        return sum(entry.num_bytes for entry in self.files.values())


@dataclass(frozen=True)
class Content:
    """Content at the address that no list names."""

    path: str
    num_bytes: int


class FileStore:
    """What lies at one address. What cannot be reached raises `MissingPrerequisite`."""

    def __init__(self, url: str) -> None:
        """Raises `InvalidInput` for an address of no known kind, `MissingPrerequisite` where its driver is missing."""
        import fsspec  # noqa: PLC0415  it and its drivers load only where an address is set

        self.url = re.sub(r"//[^/@]*@", "//...@", url)
        """As it may be shown: without who signs in there."""
        try:
            self._fs, root = fsspec.url_to_fs(url)
        except ImportError as error:
            raise MissingPrerequisite(
                f"RONDO_FILES_URL is {self.url}: {error}. Install that, then start again."
            ) from error
        except (ValueError, OSError) as error:
            raise InvalidInput(
                f"RONDO_FILES_URL is {self.url!r}: {error}. Give a folder, or an address such as s3://bucket/rondo."
            ) from error
        self._root = root.rstrip("/")
        kinds = {self._fs.protocol} if isinstance(self._fs.protocol, str) else {*self._fs.protocol}
        self._is_local = bool(kinds & {"file", "local"})
        self._is_at_once = bool(kinds & AT_ONCE)

    def put(self, name: str, source: Path) -> FileList:
        """Store a file, or all files below a folder, under a name; what the name stood for before is replaced.

        May be repeated, and goes on where it was broken off.
        """
        _check_name(name)
        paths = _files_of(source)
        entries = {
            within: FileEntry(sha256=_hash(path), num_bytes=path.stat().st_size) for within, path in paths.items()
        }
        known = self.find(name)
        if known is not None and known.files == entries:
            return known
        with self._reached("written"):
            for within, path in paths.items():
                self._put_content(path, entries[within])
        file_list = FileList(name=name, written_at=datetime.now(UTC), files=entries)
        with self._reached("written"):
            self._write(self._list_path(name), file_list.model_dump_json().encode())
            for within, path in paths.items():  # a clean-up may have run meanwhile
                self._put_content(path, entries[within])
        return file_list

    def find(self, name: str) -> FileList | None:
        """What a name stands for; None where it stands for nothing."""
        _check_name(name)
        with self._reached("read"):
            text = self._read(self._list_path(name))
        return None if text is None else self._parse(text, name)

    def get(self, name: str, target: Path) -> FileList | None:
        """Copy what a name stands for to a place that is free, checked by its hashes; None where it stands for nothing.

        Raises `InvalidInput` for content that is not what was stored, `MissingPrerequisite` where the disk is too small.
        """
        file_list = self.find(name)
        if file_list is None:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        _forget_parts(target)
        free = shutil.disk_usage(target.parent).free
        if free < file_list.num_bytes:
            raise MissingPrerequisite(
                f"{name} takes {file_list.num_bytes / 1e9:,.1f} GB, and the disk of {target.parent} has "
                f"{free / 1e9:,.1f} GB free. Free some space, then retry."
            )
        part = Path(tempfile.mkdtemp(prefix=_part(target), dir=target.parent))
        try:
            for within, entry in file_list.files.items():
                self._get_content(name, entry, part / "content" / within)
            with suppress(OSError):  # another process was quicker: its copy is as good
                (part / "content").rename(target)
            if not target.exists():
                raise MissingPrerequisite(f"{target} could not be written. Look at the disk's rights, then retry.")
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return file_list

    def lists(self, prefix: str = "") -> list[FileList]:
        """All that is stored under names that begin so, in order of names."""
        with self._reached("read"):
            top = f"{self._root}/{LISTS}"
            texts = {path: self._read(path) for path in self._below(top) if path.endswith(SUFFIX)}
        file_lists = [self._parse(text, path) for path, text in texts.items() if text is not None]
        return sorted((one for one in file_lists if one.name.startswith(prefix)), key=lambda one: one.name)

    def delete(self, name: str) -> None:
        """Let a name stand for nothing. Content that no other name has goes with a clean-up."""
        _check_name(name)
        with self._reached("deleted"):
            self._remove(self._list_path(name))

    def unreferenced(self, latest: float) -> list[Content]:
        """Content that no list names, and what broken-off writing left, if last written before a time."""
        with self._reached("read"):
            # Before the lists: what is put meanwhile is named by a list that is read, or is young.
            contents = self._below(f"{self._root}/{CONTENT}")
            left = [path for folder in (PARTS, CHECKS) for path in self._below(f"{self._root}/{folder}")]
        named = {entry.sha256 for one in self.lists() for entry in one.files.values()}
        left += [path for path in contents if path.rpartition("/")[2] not in named]
        with self._reached("read"):
            return [
                Content(path, int(info["size"] or 0))
                for path in sorted(left)
                if (info := self._info(path)) is not None and self._written_at(path) < latest
            ]

    def remove(self, content: Content, latest: float) -> bool:
        """Delete what `unreferenced` returned, unless it was written since; whether it is gone."""
        with self._reached("deleted"):
            if self._info(content.path) is None:
                return True
            if self._written_at(content.path) >= latest:
                return False
            self._remove(content.path)
            return True

    def check(self) -> float:
        """Write, read and delete a few bytes; return the seconds that took."""
        path, told, began = f"{self._root}/{CHECKS}/{uuid.uuid4().hex}", os.urandom(16), time.monotonic()
        with self._reached("written"):
            self._write(path, told)
        with self._reached("read"):
            if self._read(path) != told:
                raise MissingPrerequisite(
                    f"What is written to {self.url} is not what is read there. Use another address."
                )
        with self._reached("deleted"):
            self._remove(path)
        return time.monotonic() - began

    def owner(self) -> str | None:
        """The database whose files these are; None where nobody said so."""
        with self._reached("read"):
            text = self._read(f"{self._root}/{OWNER}")
        return None if text is None else text.decode(errors="replace").strip()

    def note_owner(self, database_id: str) -> None:
        """Note whose files these are."""
        with self._reached("written"):
            self._write(f"{self._root}/{OWNER}", database_id.encode())

    def _put_content(self, path: Path, entry: FileEntry) -> None:
        place = self._content_path(entry.sha256)
        info = self._info(place)
        is_there = info is not None and info["size"] == entry.num_bytes
        if is_there and self._written_at(place) > time.time() - REUSED_SECONDS:
            return
        with self._written(place) as between:
            self._fs.put_file(str(path), between)

    def _get_content(self, name: str, entry: FileEntry, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with self._reached("read"), target.open("xb") as out:
            with suppress(FileNotFoundError), self._fs.open(self._content_path(entry.sha256), "rb") as source:
                while piece := source.read(CHUNK):
                    digest.update(piece)
                    out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != entry.sha256:
            raise InvalidInput(
                f"{name} at {self.url} is damaged: a file of it is missing or was changed. Share it again from a "
                "machine that has it: rondo files share."
            )

    def _write(self, path: str, data: bytes) -> None:
        with self._written(path) as between:
            self._fs.pipe_file(between, data)

    @contextmanager
    def _written(self, path: str) -> Iterator[str]:
        """Where to write what then has the name `path`, whole."""
        if self._is_at_once:
            yield path
            return
        between = f"{self._root}/{PARTS}/{uuid.uuid4().hex}"
        self._fs.makedirs(between.rpartition("/")[0], exist_ok=True)
        try:
            yield between
            if self._is_local:
                with open(between, "rb") as file:
                    os.fsync(file.fileno())
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.mv(between, path)
        except BaseException:
            with suppress(OSError):
                self._fs.rm_file(between)
            raise

    def _read(self, path: str) -> bytes | None:
        with suppress(FileNotFoundError):
            data: bytes = self._fs.cat_file(path)
            return data
        return None

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(path)

    def _info(self, path: str) -> dict[str, Any] | None:
        with suppress(FileNotFoundError):
            info: dict[str, Any] = self._fs.info(path)
            return info
        return None

    def _written_at(self, path: str) -> float:
        moment: datetime = self._fs.modified(path)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()

    def _below(self, top: str) -> list[str]:
        self._fs.invalidate_cache()
        with suppress(FileNotFoundError):
            return sorted(self._fs.find(top))
        return []

    def _list_path(self, name: str) -> str:
        return f"{self._root}/{LISTS}/{name}{SUFFIX}"

    def _content_path(self, sha256: str) -> str:
        return f"{self._root}/{CONTENT}/{sha256[:2]}/{sha256}"

    def _parse(self, text: bytes, name: str) -> FileList:
        try:
            file_list = FileList.model_validate_json(text)
            for within in (file_list.name, *(one for one in file_list.files if one)):
                _check_name(within)
        except (ValidationError, InvalidInput) as error:
            raise InvalidInput(
                f"{name} at {self.url} is no list of files of Rondo's. Delete it, then share again."
            ) from error
        if file_list.format != FORMAT:
            raise InvalidInput(f"{name} at {self.url} is of format {file_list.format}, unknown here. Update Rondo.")
        return file_list

    @contextmanager
    def _reached(self, done: str) -> Iterator[None]:
        try:
            yield
        except RondoError:
            raise
        except Exception as error:  # each driver has errors of its own
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise MissingPrerequisite(
                f"Nothing can be {done} at {self.url}, where RONDO_FILES_URL has the shared files: {reason}. "
                "Correct the address or its rights (rondo doctor tries it), then retry."
            ) from error


def _files_of(source: Path) -> dict[str, Path]:
    if source.is_file():
        return {"": source}
    paths = sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith(PART))
    if not paths:
        raise InvalidInput(f"There is no file in {source}, so nothing of it is shared. Check the path.")
    return {path.relative_to(source).as_posix(): path for path in paths}


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or path.as_posix() != name or "\0" in name or "\\" in name:
        raise InvalidInput(f"{name!r} is no path below the data folder. Give one such as checkpoints/round-1-ab/final.")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _part(target: Path) -> str:
    return f"{PART}{target.name[:60]}-"


def _forget_parts(target: Path) -> None:
    """Delete what killed processes fetched of this."""
    for part in target.parent.glob(f"{_part(target)}*"):
        with suppress(OSError):
            newest = max(path.lstat().st_mtime for path in (part, *part.rglob("*")))
            if newest < time.time() - PART_SECONDS:
                shutil.rmtree(part, ignore_errors=True)
