"""Files that a worker compares rows with."""

import shutil
from contextlib import suppress
from pathlib import Path

from backend import shared_files
from backend.config import settings
from backend.errors import InvalidInput, RondoError

MOST_BYTES = 256 << 20


def keep(reference: Path, scan_id: int) -> str:
    """Put the file where the worker finds it; return what its name ends in."""
    if not reference.is_file():
        raise InvalidInput(f"{reference.name} is no file. Choose a text file or JSON Lines.")
    if reference.stat().st_size > MOST_BYTES:
        raise InvalidInput(f"{reference.name} has more than {MOST_BYTES >> 20} MB. Split it.")
    suffix = ".jsonl" if ".jsonl" in reference.suffixes else ".txt"
    copy = place(scan_id, suffix)
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(reference, copy)
    shared_files.share(copy)
    return suffix


def place(scan_id: int, suffix: str) -> Path:
    """Where the copy lies until its scan is done."""
    return settings().folder / "exports" / f"scan-{scan_id}.reference{suffix}"


def forget(file: Path) -> None:
    """Delete the copy of a scan that is done, everywhere."""
    file.unlink(missing_ok=True)
    with suppress(RondoError):  # a clean-up finds it
        shared_files.forget(file)
