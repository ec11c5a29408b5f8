"""A frozen dataset's rows in TRL's conversational format, and the hash that freezes them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backend import values
from backend.db import tables
from backend.values import DatasetType, Messages

ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Row:
    """One training row, with where it came from. `completion` is the chosen text of a preference."""

    position: int
    prompt_id: int
    messages: Messages
    completion: str
    rejected: str | None
    label: bool | None
    weight: float
    sample_id: int | None
    rejected_id: int | None
    origin: str

    def trl(self, dataset_type: DatasetType) -> dict[str, Any]:
        """The columns TRL reads (TRL docs, "Dataset formats and types")."""
        completion = [{"role": "assistant", "content": self.completion}]
        match dataset_type:
            case DatasetType.prompt_completion:
                return {"prompt": self.messages, "completion": completion}
            case DatasetType.unpaired_preference:
                return {"prompt": self.messages, "completion": completion, "label": bool(self.label)}
            case DatasetType.preference:
                rejected = [{"role": "assistant", "content": self.rejected or ""}]
                return {"prompt": self.messages, "chosen": completion, "rejected": rejected, "weight": self.weight}


def resolve(db: Session, examples: Iterable[values.Example]) -> Iterator[Row]:
    """Join examples that are not rows yet with their texts, in order; `origin` is left empty."""
    batch: list[values.Example] = []
    position = 0
    for example in examples:
        batch.append(example)
        if len(batch) == ROWS_AT_ONCE // 2:
            yield from _resolve(db, batch, position)
            position, batch = position + len(batch), []
    yield from _resolve(db, batch, position)


def _resolve(db: Session, batch: list[values.Example], position: int) -> Iterator[Row]:
    prompts = {
        p.id: p for p in db.scalars(select(tables.Prompt).where(tables.Prompt.id.in_({e.prompt_id for e in batch})))
    }
    ids = {i for e in batch for i in (e.sample_id, e.rejected_id) if i is not None}
    query = select(tables.Sample.id, tables.Sample.text).where(tables.Sample.id.in_(ids))
    texts: dict[int, str] = {i: t for i, t in db.execute(query)}
    for offset, e in enumerate(batch):
        prompt = prompts[e.prompt_id]
        yield Row(
            position=position + offset,
            prompt_id=e.prompt_id,
            messages=prompt.messages,
            completion=texts[e.sample_id] if e.sample_id is not None else prompt.answer or "",
            rejected=texts[e.rejected_id] if e.rejected_id is not None else None,
            label=e.label,
            weight=e.weight,
            sample_id=e.sample_id,
            rejected_id=e.rejected_id,
            origin="",
        )


def rows(db: Session, dataset_id: int, *, after: int = -1, limit: int | None = None) -> Iterator[Row]:
    """The dataset's rows by position, read in pages so that memory stays flat."""
    example, chosen, rejected = tables.Example, aliased(tables.Sample), aliased(tables.Sample)
    left = limit
    while left is None or left > 0:
        query = (
            select(example, tables.Prompt, chosen.text, rejected.text)
            .join(tables.Prompt, tables.Prompt.id == example.prompt_id)
            .outerjoin(chosen, chosen.id == example.sample_id)
            .outerjoin(rejected, rejected.id == example.rejected_id)
            .where(example.dataset_id == dataset_id, example.position > after)
            .order_by(example.position)
            .limit(ROWS_AT_ONCE if left is None else min(ROWS_AT_ONCE, left))
        )
        page = db.execute(query).all()
        if not page:
            return
        for e, prompt, text, other in page:
            completion = text if e.sample_id is not None else prompt.answer or ""
            yield Row(e.position, prompt.id, prompt.messages, completion, other, e.label, e.weight,
                      e.sample_id, e.rejected_id, e.origin)  # fmt: skip
        after = page[-1][0].position
        left = None if left is None else left - len(page)
        db.expunge_all()


def iterate(db: Session, dataset_id: int) -> Iterator[dict[str, Any]]:
    """The dataset's rows as TRL reads them, in order."""
    dataset = db.get_one(tables.Dataset, dataset_id)
    for row in rows(db, dataset_id):
        yield row.trl(dataset.type)


def line(row: dict[str, Any]) -> str:
    """One JSONL line: UTF-8 as it is, keys in the order given."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def content_hash(lines: Iterable[str]) -> str:
    """SHA-256 over the JSONL lines of a dataset, in order."""
    digest = hashlib.sha256()
    for text in lines:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
