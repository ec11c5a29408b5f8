"""How long the rows of an export are for a checkpoint, by its tokenizer and chat template, so that nothing is cut off
unnoticed."""

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy.orm import Session

from backend import exporters
from backend.db import tables
from backend.engines import _row_tokens, _weights
from backend.engines._row_tokens import ASKED
from backend.engines._row_tokens import RowTokens as RowTokens
from backend.engines._wrapper import innermost
from backend.errors import Conflict, InvalidInput, NotFound
from backend.pipeline.bind import engine_json, lies_elsewhere
from backend.pipeline.rows import plain
from backend.services.access import Actor, require
from backend.services.datasets.export_rows import ExportRow
from backend.values import DatasetType, Messages, Role

MOST_ROWS = 200_000
SECONDS = 300.0
"""What counting may take; a chat template may never end."""

_counting = threading.Lock()
"""One process counts at a time."""


@dataclass(frozen=True)
class TokensOf:
    """The numbers, and whose tokenizer they are by."""

    checkpoint: str
    tokens: RowTokens
    is_part: bool
    """Only so many rows as are counted at most."""

    def lines(self, tool: str) -> tuple[str, ...]:
        """The numbers in sentences, each with what to do about it."""
        tokens = self.tokens
        which = f"the first {tokens.rows:,} rows" if self.is_part else f"{tokens.rows:,} rows"
        text_lines = [
            f"By tokenizer and chat template of {self.checkpoint}: {which} have {tokens.total:,} tokens, the longest "
            f"{tokens.longest:,}; of a pair its longer side counts."
        ]
        if tokens.refused:
            text_lines.append(f"{tokens.refused:,} rows are refused by the chat template. The first: {tokens.reason}")
        if tokens.context is not None:
            over = f"{tokens.over:,} rows are" if tokens.over else "No row is"
            text_lines.append(f"{over} longer than the {tokens.context:,} tokens that {self.checkpoint} was made for.")
        if tokens.longest:
            text_lines += exporters.of(tool).about_length(tokens.longest)
        return tuple(text_lines)


def uncounted(tool: str) -> tuple[str, ...]:
    """What is said where nothing was counted: other tools shorten or drop rows unasked."""
    return exporters.of(tool).about_length(None)


@dataclass(frozen=True)
class RowCounter:
    """A checkpoint whose tokenizer counts, and rows that wait for it in a file of their own."""

    checkpoint: str
    model: str
    type: DatasetType
    file: IO[bytes] = field(default_factory=TemporaryFile)
    """To be closed by whoever made it."""

    def put(self, rows: Iterable[ExportRow]) -> bool:
        """Take rows; return whether there were more than are counted."""
        rows = iter(rows)
        for row in islice(rows, MOST_ROWS):
            self.file.write(json.dumps(_asked(row, self.type)).encode() + b"\n")
        self.file.seek(0)
        return next(rows, None) is not None

    def count(self, is_part: bool) -> TokensOf:
        """The numbers, in a process of its own; raises `Conflict` while others are counted here, and `EngineError`.

        No session of the database is to be open: a chat template is a program, and may take its time.
        """
        if not _counting.acquire(blocking=False):
            raise Conflict("The tokens of other rows are being counted here. Try again in a minute.")
        try:
            return TokensOf(self.checkpoint, _row_tokens.count(self.model, self.file, SECONDS), is_part)
        finally:
            _counting.release()


def counter(
    db: Session, actor: Actor, project_id: int, checkpoint_id: int | None, type: DatasetType
) -> RowCounter | None:
    """What counts by a checkpoint, for curators; None without one.

    Raises `NotFound`, `PermissionDenied`, and `InvalidInput` for a checkpoint that has no tokenizer here.
    """
    if checkpoint_id is None:
        return None
    require(db, actor, project_id, Role.curator)
    row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no checkpoint {checkpoint_id} in this project. Choose one from the list.")
    if lies_elsewhere(row.engine):
        raise InvalidInput(f"The files of {row.name} are not on this machine. Count by a checkpoint that is.")
    engine = innermost(engine_json(row))
    if engine["name"] not in ("transformers", "vllm"):
        raise InvalidInput(
            f"{row.name} has no tokenizer here: it is served by {engine['name']}. Choose a model folder."
        )
    return RowCounter(row.name, _weights.locate(str(engine.get("adapter") or engine["model"])), type)


def _asked(row: ExportRow, type: DatasetType) -> ASKED:
    if type is DatasetType.language_modeling:
        return plain(row.messages, row.chosen.text)
    return list(_sides(row))


def _sides(row: ExportRow) -> Iterator[Messages]:
    if row.turns:
        yield [*row.messages, *row.turns]
        return
    for side in (row.chosen, row.rejected):
        if side is not None:
            yield [*row.messages, {"role": "assistant", "content": side.text}]
