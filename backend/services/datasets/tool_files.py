"""The file that a tool wants beside the rows, written where a person named a file for them."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from backend.errors import InvalidInput
from backend.files import is_private
from backend.services.datasets.tool_rows import INFO, Tool, beside
from backend.values import JSON, DatasetType


def path_of(rows: Path, tool: Tool) -> Path | None:
    """Where it is; None where the tool wants none."""
    if tool is Tool.llama_factory:
        return rows.with_name(INFO)
    return rows.with_name(f"{rows.stem}.axolotl.yaml") if tool is Tool.axolotl else None


def check(rows: Path, tool: Tool) -> None:
    """Raise `InvalidInput` where `write` would, before any row is written."""
    path = path_of(rows, tool)
    if path is None:
        return
    if is_private(path):
        raise InvalidInput(f"{path} is Rondo's own and would be lost. Choose another folder.")
    if path.absolute() == rows.absolute():
        raise InvalidInput(f"{path} is what {tool.in_words} wants beside the rows. Choose another file for them.")
    if tool is Tool.llama_factory:
        _known(path)


def write(rows: Path, tool: Tool, type: DatasetType, *, longest: int | None = None) -> Path | None:
    """Write it, and return where. Other datasets in it stay, and one that was edited as `.old`; raises `InvalidInput`
    where it cannot be read."""
    beside_path, path = beside(tool, type, rows.name, longest=longest), path_of(rows, tool)
    if beside_path is None or path is None:
        return None
    check(rows, tool)
    _, text = beside_path
    with _alone(path.parent):
        if tool is Tool.llama_factory:
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
