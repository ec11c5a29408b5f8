"""How long the rows of an export are for a checkpoint, by its tokenizer and chat template: nothing is cut unsaid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines import _row_tokens, _weights
from backend.engines._row_tokens import ASKED
from backend.engines._row_tokens import RowTokens as RowTokens
from backend.engines._wrapper import innermost
from backend.errors import InvalidInput, NotFound
from backend.pipeline.bind import engine_json
from backend.pipeline.rows import plain
from backend.services.datasets.export_rows import ExportRow
from backend.services.datasets.tool_rows import Tool
from backend.values import DatasetType, Messages

MOST_ROWS = 200_000
LIMITS = {Tool.trl: "max_length", Tool.llama_factory: "cutoff_len", Tool.axolotl: "sequence_len"}
"""What each tool calls the tokens at which it cuts a row."""


@dataclass(frozen=True)
class TokensOf:
    """The numbers, and whose tokenizer they are by."""

    checkpoint: str
    tokens: RowTokens
    is_part: bool
    """Only so many rows as are counted at most."""

    def lines(self, tool: Tool) -> tuple[str, ...]:
        """The numbers in sentences, each with what to do about it."""
        found = self.tokens
        which = f"the first {found.rows:,} rows" if self.is_part else f"{found.rows:,} rows"
        said = [
            f"By tokenizer and chat template of {self.checkpoint}: {which} have {found.total:,} tokens, the longest "
            f"{found.longest:,}."
        ]
        if found.refused:
            said.append(f"{found.refused:,} rows are refused by the chat template. The first: {found.reason}")
        if found.context is not None:
            over = f"{found.over:,} rows are" if found.over else "No row is"
            said.append(f"{over} longer than the {found.context:,} tokens that {self.checkpoint} was made for.")
        if tool in LIMITS and found.longest:
            said.append(
                f"{tool.in_words} cuts rows at {LIMITS[tool]}: with {found.longest:,} or more none of these is cut."
            )
        return tuple(said)


def count(db: Session, project_id: int, checkpoint_id: int, rows: Iterable[ExportRow], type: DatasetType) -> TokensOf:
    """Count the tokens of rows; raises `NotFound`, and `InvalidInput` for a checkpoint that has no tokenizer here."""
    row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no checkpoint {checkpoint_id} in this project. Choose one from the list.")
    engine = innermost(engine_json(row))
    if engine["name"] not in ("transformers", "vllm"):
        raise InvalidInput(
            f"{row.name} has no tokenizer here: it is served by {engine['name']}. Choose a model folder."
        )
    model = _weights.locate(str(engine.get("adapter") or engine["model"]))
    numbers = _row_tokens.count(model, (_asked(row, type) for row in islice(rows, MOST_ROWS)))
    return TokensOf(row.name, numbers, numbers.rows == MOST_ROWS)


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
