"""Files that a worker compares rows with."""

import shutil
import uuid
from contextlib import suppress
from pathlib import Path

from backend import shared_files
from backend.config import settings
from backend.errors import InvalidInput, RondoError

MOST_BYTES = 256 << 20


def keep(reference: Path, scan_id: int) -> str:
    """Put the file where the worker finds it; return what its name ends in."""
    suffix = _suffix_of(reference)
    copy = place(scan_id, suffix)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(reference, copy)
    return suffix


def share(reference: Path) -> Path | None:
    """Put the file where workers of other machines find it; return where they do, None where no files are shared."""
    suffix = _suffix_of(reference)
    if shared_files.store() is None:
        return None
    copy = place(0, suffix, f"scan-{uuid.uuid4().hex}{suffix}")
    shared_files.share(copy, reference)
    return copy


def _suffix_of(reference: Path) -> str:
    """What its name ends in here; raises `InvalidInput` for a file that cannot be used."""
    if not reference.is_file():
        raise InvalidInput(f"{reference.name} is no file. Choose a text file or JSON Lines.")
    if reference.stat().st_size > MOST_BYTES:
        raise InvalidInput(f"{reference.name} has more than {MOST_BYTES >> 20} MB. Split it.")
    return ".jsonl" if ".jsonl" in reference.suffixes else ".txt"


def place(scan_id: int, suffix: str, file: str = "") -> Path:
    """Where the copy lies until its scan is done. file: its name, where it was shared before the scan had a number."""
    return settings().folder / "exports" / (file or f"scan-{scan_id}.reference{suffix}")


def forget(file: Path) -> None:
    """Delete the copy of a scan that is done, everywhere."""
    file.unlink(missing_ok=True)
    with suppress(RondoError):  # a clean-up finds it
        shared_files.forget(file)
