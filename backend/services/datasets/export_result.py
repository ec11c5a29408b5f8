"""What an export of a dataset says of its file: its rows, what the checks found in them, and what is not in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backend.exporters import TRL
from backend.services.datasets.row_tokens import TokensOf
from backend.values import DatasetType

Format = Literal["jsonl", "parquet"]


MEANINGS = {
    "roles": "roles are not user and assistant in turn with the user last",
    "empty": "an empty prompt message or completion",
    "empty rejected side": "an empty rejected completion",
    "identical pair": "chosen and rejected are the same text",
    "no label": "no label",
    "held-out prompt": "the prompt is in a held-out set too, so measuring on it would mislead",
    "truncated": "cut off at max_tokens",
}


@dataclass(frozen=True)
class RowFinding:
    """What a check found: in how many rows, and the first of them."""

    check: str
    meaning: str
    count: int
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Export:
    """A written file. `findings` are rows that deserve a look; `left_out` counts rows that are not in it, by reason.

    `beside`: the file that its tool wants next to it, where the command line wrote one.
    """

    path: Path
    name: str
    format: Format
    type: DatasetType
    num_rows: int
    num_bytes: int
    findings: tuple[RowFinding, ...]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    is_strict: bool = False
    tool: str = TRL
    tokens: TokensOf | None = None
    beside: Path | None = None
    scan_lines: tuple[str, ...] = ()
    """What a content scan found, and what became of it."""
    scan_outcome: str = ""
    """Which rows it left out or masked: another outcome, another file."""
