"""Files and folders at an address: put whole, read back whole, listed, deleted.

A file's content lies under its hash, so what is there already is not sent again. What a name stands for is a list of
files with their hashes, written last: whoever reads finds all of it or nothing, whatever died in between.
"""

import hashlib
import os
import shutil
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from backend.errors import InvalidInput, MissingPrerequisite
from backend.shared_files.driver import PARTS, Driver
from backend.shared_files.lists import FORMAT, FileList, StoredFile, check_name, entries_of, files_of
from backend.whole_files import PART

LISTS, CONTENT, CHECKS, OWNER = "lists", "content", "checks", "database-id"
SUFFIX = ".json"
REUSED_SECONDS = 45 * 60
"""Content that no list names is deleted an hour after it was written, so what is older is written anew."""
PART_SECONDS = 3_600
"""A part that nobody wrote to for so long is a killed process's."""
CHUNK = 1 << 20
AT_ONCE = 16
"""So many lists are read at once."""


@dataclass(frozen=True)
class Content:
    """Content at the address that no list names."""

    path: str
    num_bytes: int


class FileStore:
    """What lies at one address. Raises `MissingPrerequisite` where that is not reached."""

    def __init__(self, url: str) -> None:
        """Raises as `Driver` does."""
        self._driver = Driver(url)
        self.url = self._driver.url

    def put(
        self,
        name: str,
        source: Path,
        *,
        anew: bool = False,
        replaces: bool = True,
        entries: dict[str, StoredFile] | None = None,
    ) -> FileList:
        """Store a file, or all files below a folder, under a name; return what the name stands for now.

        May be repeated, and goes on where it was broken off. anew: send what is there already, too. replaces: whether
        what the name stood for before goes; else it stays, and is returned. entries: the hashes, where they are known.
        """
        check_name(name)
        paths = files_of(source)
        entries = entries_of(source) if entries is None else entries
        known = self.find(name)
        if known is not None and ((known.files == entries and not anew) or (known.files != entries and not replaces)):
            return known
        file_list = FileList(name=name, written_at=datetime.now(UTC), files=entries)
        with self._driver.reached("written"):
            for within, path in paths.items():
                self._put_content(path, entries[within], anew=anew)
            if not replaces and (other := self.find(name)) is not None and other.files != entries:
                return other  # another machine was quicker
            self._driver.write(_list_path(name), file_list.model_dump_json().encode())
            for within, path in paths.items():  # a clean-up may have run meanwhile
                self._put_content(path, entries[within])
        return file_list

    def find(self, name: str) -> FileList | None:
        """What a name stands for; None where it stands for nothing."""
        check_name(name)
        with self._driver.reached("read"):
            text = self._driver.read(_list_path(name))
        return None if text is None else self._parse(text, name)

    def get(self, name: str, target: Path, *, aside: Path | None = None) -> FileList | None:
        """Copy what a name stands for to a free place, checked by its hashes; None where it stands for nothing.

        aside: where what lies at the place goes, once all is fetched. Raises `InvalidInput` for content that is not
        what was stored, `MissingPrerequisite` for too small a disk.
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
            if "" in file_list.files:  # a file is as old here as it is there
                os.utime(part / "content", (file_list.written_at.timestamp(),) * 2)
            if aside is not None:
                with suppress(FileNotFoundError):
                    target.rename(aside)
            with suppress(OSError):  # another process was quicker: its copy is as good
                (part / "content").rename(target)
            if not target.exists():
                raise MissingPrerequisite(f"{target} could not be written. Look at the disk's rights, then retry.")
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return file_list

    def names(self, prefix: str = "") -> list[str]:
        """The names that begin so, in their order: without a look at what they stand for."""
        with self._driver.reached("read"):
            paths = self._driver.below(f"{LISTS}/{prefix}".rpartition("/")[0])
        names = [path.removeprefix(f"{LISTS}/").removesuffix(SUFFIX) for path in paths if path.endswith(SUFFIX)]
        return sorted(name for name in names if name.startswith(prefix))

    def lists(self, prefix: str = "") -> list[FileList]:
        """All that is stored under names that begin so, in order of names."""
        with ThreadPoolExecutor(AT_ONCE if self._driver.answers_many else 1) as threads:
            file_lists = [*threads.map(self.find, self.names(prefix))]
        return [file_list for file_list in file_lists if file_list is not None]

    def delete(self, name: str) -> None:
        """Let a name stand for nothing. Content that no other name has goes with a clean-up."""
        check_name(name)
        with self._driver.reached("deleted"):
            self._driver.remove(_list_path(name))

    def unreferenced(self, latest: float) -> list[Content]:
        """Content that no list names, and what broken-off writing left, if last written before a time."""
        with self._driver.reached("read"):
            # Before the lists: what is put meanwhile is named by a list that is read, or is young.
            contents = self._driver.below(CONTENT)
            left = [path for folder in (PARTS, CHECKS) for path in self._driver.below(folder)]
        named = {entry.sha256 for file_list in self.lists() for entry in file_list.files.values()}
        left += [path for path in contents if path.rpartition("/")[2] not in named]
        with self._driver.reached("read"):
            sizes = {path: size for path in sorted(left) if (size := self._driver.size(path)) is not None}
            return [Content(path, size) for path, size in sizes.items() if self._driver.written_at(path) < latest]

    def remove(self, content: Content, latest: float) -> bool:
        """Delete what `unreferenced` returned, unless it was written since; whether it is gone."""
        with self._driver.reached("deleted"):
            if self._driver.size(content.path) is not None:
                if self._driver.written_at(content.path) >= latest:
                    return False
                self._driver.remove(content.path)
            return True

    def check(self) -> float:
        """Write, read and delete a few bytes; return the seconds that took."""
        path, data, began = f"{CHECKS}/{uuid.uuid4().hex}", os.urandom(16), time.monotonic()
        with self._driver.reached("written"):
            self._driver.write(path, data)
        with self._driver.reached("read"):
            if self._driver.read(path) != data:
                raise MissingPrerequisite(f"What is written to {self.url} is read as something else. Use another.")
        with self._driver.reached("deleted"):
            self._driver.remove(path)
        return time.monotonic() - began

    def owner(self) -> str | None:
        """The database whose files these are; None where nobody noted it."""
        with self._driver.reached("read"):
            text = self._driver.read(OWNER)
        return None if text is None else text.decode(errors="replace").strip()

    def note_owner(self, database_id: str) -> None:
        """Note whose files these are."""
        with self._driver.reached("written"):
            self._driver.write(OWNER, database_id.encode())

    def _put_content(self, path: Path, entry: StoredFile, *, anew: bool = False) -> None:
        place = _content_path(entry.sha256)
        is_there = not anew and self._driver.size(place) == entry.num_bytes
        if is_there and (self._driver.written_at(place) >= time.time() - REUSED_SECONDS or self._driver.refresh(place)):
            return
        before = _stamp(path)
        self._driver.send(place, path)
        if _stamp(path) != before or before[0] != entry.num_bytes:
            self._driver.remove(place)
            raise InvalidInput(f"{path} was changed while it was shared. Share it again once nothing writes to it.")

    def _get_content(self, name: str, entry: StoredFile, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with self._driver.reached("read"), target.open("xb") as out:
            with suppress(FileNotFoundError), self._driver.open(_content_path(entry.sha256)) as source:
                while piece := source.read(CHUNK):
                    digest.update(piece)
                    out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != entry.sha256:
            raise InvalidInput(
                f"{name} at {self.url} is damaged: a file of it is missing or was changed. Share it again from a "
                "machine that has it: rondo files share --anew."
            )

    def _parse(self, text: bytes, name: str) -> FileList:
        try:
            file_list = FileList.model_validate_json(text)
            for within in filter(None, file_list.files):
                check_name(within)
            if file_list.name != name:
                raise InvalidInput(f"It is the list of {file_list.name}.")
        except (ValidationError, InvalidInput) as error:
            raise InvalidInput(
                f"{name} at {self.url} is no list of files of Rondo's. Delete it there, then share again."
            ) from error
        if file_list.format != FORMAT:
            raise InvalidInput(f"{name} at {self.url} is of format {file_list.format}, unknown here. Update Rondo.")
        return file_list


def _list_path(name: str) -> str:
    return f"{LISTS}/{name}{SUFFIX}"


def _content_path(sha256: str) -> str:
    return f"{CONTENT}/{sha256[:2]}/{sha256}"


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _part(target: Path) -> str:
    return f"{PART}{target.name[:60]}-"


def _forget_parts(target: Path) -> None:
    """Delete what killed processes fetched of this."""
    for part in target.parent.glob(f"{_part(target)}*"):
        with suppress(OSError):
            newest = max(path.lstat().st_mtime for path in (part, *part.rglob("*")))
            if newest < time.time() - PART_SECONDS:
                shutil.rmtree(part, ignore_errors=True)
