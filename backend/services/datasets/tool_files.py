"""The file that a tool wants beside the rows, written where a person named a file for them."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from backend import exporters
from backend.errors import InvalidInput
from backend.files import is_private
from backend.services.datasets.tool_rows import beside, title
from backend.values import JSON, DatasetType


def path_of(rows: Path, tool: str) -> Path | None:
    """Where it is; None where the tool wants none."""
    exporter = exporters.of(tool)
    if not exporter.beside_name:
        return None
    return rows.with_name(exporter.beside_name if exporter.is_beside_shared else f"{rows.stem}.{exporter.beside_name}")


def check(rows: Path, tool: str) -> None:
    """Raise `InvalidInput` where `write` would, before any row is written."""
    path = path_of(rows, tool)
    if path is None:
        return
    if is_private(path):
        raise InvalidInput(f"{path} is Rondo's own and would be lost. Choose another folder.")
    if path.absolute() == rows.absolute():
        raise InvalidInput(f"{path} is what {title(tool)} wants beside the rows. Choose another file for them.")
    if exporters.of(tool).is_beside_shared:
        _known(path)


def write(rows: Path, tool: str, type: DatasetType, *, longest: int | None = None) -> Path | None:
    """Write it, and return where. Other datasets in it stay, and one that was edited as `.old`; raises `InvalidInput`
    where it cannot be read."""
    beside_path, path = beside(tool, type, rows.name, longest=longest), path_of(rows, tool)
    if beside_path is None or path is None:
        return None
    check(rows, tool)
    _, text = beside_path
    with _alone(path.parent):
        if exporters.of(tool).is_beside_shared:
            text = json.dumps(_known(path) | json.loads(text), indent=2, ensure_ascii=False) + "\n"
        elif path.exists() and path.read_bytes() != text.encode():
            path.replace(path.with_name(f"{path.name}.old"))
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as part:
            part.write(text)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(path)
    return path


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two exports into one folder write one after the other."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _known(path: Path) -> JSON:
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if not isinstance(known, dict):
        raise InvalidInput(f"{path} is no JSON object, so the dataset is not added to it. Move it away.")
    return known
