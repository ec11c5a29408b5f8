"""A frozen dataset's rows in TRL's conversational format, and the hash that freezes them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from backend import values
from backend.db import tables
from backend.judges import prompt_text
from backend.values import JSON, DatasetType, Messages
from backend.values.episodes import begun

ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class DatasetRow:
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
    extra: JSON = field(default_factory=dict)
    answer: str | None = None
    metadata: JSON = field(default_factory=dict)
    """Of the prompt, for rows that a trainer answers itself and a judge rewards."""
    turns: tuple[values.Message, ...] = ()
    """Of an episode the turns from the policy's first one on; `completion` is the last of them."""

    @property
    def trained_text(self) -> str:
        """What a training learns of it, as one text."""
        return "\n\n".join(turn["content"] for turn in self.turns) or self.completion

    def trl(self, dataset_type: DatasetType) -> dict[str, Any]:
        """The columns TRL reads (TRL docs, "Dataset formats and types")."""
        completion = list(self.turns) or [values.Message(role="assistant", content=self.completion)]
        row: dict[str, Any] = {"prompt": self.messages}
        match dataset_type:
            case DatasetType.prompt_completion:
                row |= {"completion": completion}
            case DatasetType.unpaired_preference:
                row |= {"completion": completion, "label": bool(self.label)}
            case DatasetType.preference:
                rejected = [{"role": "assistant", "content": self.rejected or ""}]
                row |= {"chosen": completion, "rejected": rejected, "weight": self.weight}
            case DatasetType.language_modeling:
                is_chat = bool(self.messages and self.completion)
                chat = {"messages": [*self.messages, *completion]}
                row = chat if is_chat else {"text": plain(self.messages, self.completion)}
            case DatasetType.prompt_only:
                row |= {"answer": self.answer} if self.answer is not None else {}
                row |= {"metadata": self.metadata} if self.metadata else {}
        if dataset_type not in (DatasetType.preference, DatasetType.prompt_only) and self.weight != 1.0:
            row["weight"] = self.weight  # rows that weigh 1 are what they were before rows had weights
        return row | self.extra


def plain(messages: Messages, completion: str) -> str:
    """What a row says as one text: what is asked, the text that answers it, or both, one below the other."""
    return "\n\n".join(part for part in (prompt_text(messages) if messages else "", completion) if part)


def resolve(db: Session, examples: Iterable[values.Example]) -> Iterator[DatasetRow]:
    """Join examples that are not rows yet with their texts, in order; `origin` is left empty."""
    batch: list[values.Example] = []
    position = 0
    for example in examples:
        batch.append(example)
        if len(batch) == ROWS_AT_ONCE // 2:
            yield from _resolve(db, batch, position)
            position, batch = position + len(batch), []
    yield from _resolve(db, batch, position)


def _resolve(db: Session, batch: list[values.Example], position: int) -> Iterator[DatasetRow]:
    prompts = {
        p.id: p for p in db.scalars(select(tables.Prompt).where(tables.Prompt.id.in_({e.prompt_id for e in batch})))
    }
    ids = {i for e in batch for i in (e.sample_id, e.rejected_id) if i is not None}
    sample, group = tables.Sample, tables.Group
    query = select(sample.id, sample.text, asked(group), sample.turns).join(group, group.id == sample.group_id)
    texts, questions, turns = dict[int, str](), dict[int, Any](), dict[int, Any]()
    for id_, text, messages, turn_list in db.execute(query.where(sample.id.in_(ids))):
        texts[id_], questions[id_], turns[id_] = text, messages, turn_list
    for offset, e in enumerate(batch):
        prompt = prompts[e.prompt_id]
        anchor = e.sample_id if e.sample_id is not None else e.rejected_id
        chat = _asked(e.messages, questions.get(anchor or 0), prompt.messages)
        chat, played = _played(e, chat, turns.get(e.sample_id or 0))
        yield DatasetRow(
            position=position + offset,
            prompt_id=e.prompt_id,
            messages=chat,
            turns=played,
            completion=_first(e.completion, texts.get(e.sample_id or 0), prompt.answer),
            rejected=_first(e.rejected, texts.get(e.rejected_id or 0)) if e.rejected_id or e.rejected else None,
            extra=e.extra,
            label=e.label,
            weight=e.weight,
            sample_id=e.sample_id,
            rejected_id=e.rejected_id,
            origin="",
            answer=prompt.answer,
            metadata=prompt.extra,
        )


def asked(group: type[tables.Group]) -> Any:
    """SQL for the messages of a training row where they are not those of the prompt, else NULL."""
    return case((group.is_stripped.is_(False), group.messages))


def _asked(own: Messages | None, question: Messages | None, prompt: Messages) -> Messages:
    """The messages of a row: its own, which may be none at all, those of the group, or the prompt's."""
    return own if own is not None else question or prompt


def _played(
    example: values.Example | tables.Example, chat: Messages, turns: Messages | None
) -> tuple[Messages, tuple[values.Message, ...]]:
    """What a row of an episode asks, and its turns; of other rows, and where the row has a text of its own, none."""
    if not turns or example.completion is not None or example.rejected_id is not None:
        return chat, ()
    chat, rest = begun(chat, turns)
    return chat, tuple(rest)


def _first(*texts: str | None) -> str:
    """The first text there is."""
    return next((text for text in texts if text is not None), "")


def rows(db: Session, dataset_id: int, *, after: int = -1, limit: int | None = None) -> Iterator[DatasetRow]:
    """The dataset's rows by position, read in pages so that memory stays flat."""
    example, chosen, rejected = tables.Example, aliased(tables.Sample), aliased(tables.Sample)
    group = aliased(tables.Group)
    left = limit
    while left is None or left > 0:
        query = (
            select(example, tables.Prompt, chosen.text, rejected.text, asked(group), chosen.turns)
            .join(tables.Prompt, tables.Prompt.id == example.prompt_id)
            .outerjoin(chosen, chosen.id == example.sample_id)
            .outerjoin(rejected, rejected.id == example.rejected_id)
            .outerjoin(group, group.id == func.coalesce(chosen.group_id, rejected.group_id))
            .where(example.dataset_id == dataset_id, example.position > after)
            .order_by(example.position)
            .limit(ROWS_AT_ONCE if left is None else min(ROWS_AT_ONCE, left))
        )
        page = db.execute(query).all()
        if not page:
            return
        for e, prompt, text, other, question, turn_list in page:
            rejects = _first(e.rejected, other) if e.rejected_id or e.rejected else None
            chat, played = _played(e, _asked(e.messages, question, prompt.messages), turn_list)
            yield DatasetRow(
                e.position,
                prompt.id,
                chat,
                _first(e.completion, text, prompt.answer),
                rejects,
                e.label,
                e.weight,
                e.sample_id,
                e.rejected_id,
                e.origin,
                e.extra,
                prompt.answer,
                prompt.extra,
                played,
            )
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
