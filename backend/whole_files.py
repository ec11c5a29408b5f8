"""Files that are written beside their place, and are there whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from backend import private
from backend.errors import MissingPrerequisite
from backend.garbage import collected_seldom

PART = ".part-"
"""What the names of unfinished files begin with."""


def write(path: Path, fill: Callable[[Path], int]) -> int:
    """Write beside the target and rename, so that a reader sees a whole file or none; return how many rows.

    fill: writes the file that it is given, and returns how many rows. A process that is killed leaves its part:
    `forget_parts`. Raises `MissingPrerequisite` where the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_part(path))
    os.close(handle)
    part = Path(name)
    try:
        with collected_seldom():
            num_rows = fill(part)
        private.share(part)
        part.replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(path.parent).free // 1024**2
        raise MissingPrerequisite(
            f"The disk of {path.parent} is full ({free} MB free); {path.name} is not written. Free space and retry."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return num_rows


def forget_parts(path: Path) -> None:
    """Delete what killed processes wrote of this file. One that still writes it fails at its end."""
    for part in path.parent.glob(f"{_part(path)}*"):
        with suppress(OSError):
            part.unlink()


def _part(path: Path) -> str:
    """How the names of its parts begin; short enough for every file system."""
    return f"{PART}{path.name[:60]}-"
