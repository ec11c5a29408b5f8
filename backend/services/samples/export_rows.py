"""Reads a round's samples for an export: what a list shows of each and all that stands behind it, as far as one may
see.

Plain columns as the driver gives them, JSON as text: entities would take most of an export's time.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, case, cast, func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.pipeline.rows import plain
from backend.row_files import CHAT, JSON_TEXT, Columns, Format, Values
from backend.services.access import Actor
from backend.services.decisions import own_words
from backend.services.rounds import few_shot_shown
from backend.services.samples import export_judgments
from backend.services.samples.export_judgments import Reader
from backend.services.samples.export_told import Told, length_told
from backend.services.samples.visibility import Hidden
from backend.values import LabelSource

_decode = json.JSONDecoder().raw_decode
ROWS_AT_ONCE = 1_000
FIRST = 100
BYTES_AT_ONCE = 16 << 20
"""So much text is read at once, as far as the rows before tell how long rows are."""
COLUMNS: Columns = {
    "sample_id": "int64",
    "round": "int64",
    "recipe": "string",
    "step": "int64",
    "role": "string",
    "kind": "string",
    "checkpoint": "string",
    "author": "string",
    "edited_from_id": "int64",
    "prompt_id": "int64",
    "prompt_external_id": "string",
    "prompt": JSON_TEXT,
    "answer": "string",
    "metadata": JSON_TEXT,
    "text": "string",
    "turns": JSON_TEXT,
    "reasoning": "string",
    "num_tokens": "int64",
    "finish_reason": "string",
    "logprob": "float64",
    "seed": "int64",
    "noted": JSON_TEXT,
    "score": "float64",
    "verdict": "string",
    "label_by": "string",
    "machine_score": "float64",
    "machine_verdict": "string",
    "spread": "float64",
    "is_overridden": "bool",
    "is_unparsed": "bool",
    "is_flagged": "bool",
    "is_hidden": "bool",
    "judgments": JSON_TEXT,
    "decisions": JSON_TEXT,
    "answers": JSON_TEXT,
    "tags": JSON_TEXT,
}
PROMPT_AT = list(COLUMNS).index("prompt")
PROMPT_IS = {"jsonl": JSON_TEXT, "parquet": CHAT, "csv": "string"}
"""Messages as they are, or in a spreadsheet one text."""


class Read(NamedTuple):
    """A sample as it is read; JSON is text."""

    sample_id: int
    group_id: int
    step: int
    role: str
    kind: str
    checkpoint_id: int | None
    author_id: int | None
    edited_from_id: int | None
    prompt_id: int
    prompt_external_id: str | None
    asked: str
    unhinted: str | None
    """The prompt, where what was asked holds a hint beside it."""
    answer: str | None
    metadata: str
    text: str
    turns: str | None
    reasoning: str | None
    num_tokens: int
    finish_reason: str
    logprob: float | None
    seed: int
    noted: str
    score: float | None
    verdict: str | None
    source: str
    machine_score: float | None
    machine_verdict: str | None
    spread: float | None
    is_overridden: bool
    is_unparsed: bool
    is_flagged: bool


EDITED_FROM_AT = Read._fields.index("edited_from_id")
LONG = ("asked", "unhinted", "answer", "metadata", "text", "turns", "reasoning", "noted")
LONG_AT = tuple(map(Read._fields.index, LONG))
"""The places of what may be long."""


@dataclass(frozen=True)
class Names:
    """What is the same for many rows: names of checkpoints and people by id."""

    checkpoints: dict[int | None, str] = field(default_factory=dict)
    people: dict[int | None, str] = field(default_factory=dict)

    @classmethod
    def of(cls, db: Session, project_id: int) -> "Names":
        checkpoint, user = tables.Checkpoint, tables.User
        named = select(checkpoint.id, checkpoint.name).where(checkpoint.project_id == project_id)
        people = select(user.id, user.name)
        return cls({id_: name for id_, name in db.execute(named)}, {id_: name for id_, name in db.execute(people)})


def columns(format: Format) -> Columns:
    """What is written, always the same and in the same order."""
    return COLUMNS | {"prompt": PROMPT_IS[format]}


def shaped(rows: Iterable[Values], format: Format) -> Iterator[Values]:
    """The rows with their prompts as the format has them."""
    if format != "csv":
        yield from rows
        return
    last, written = "", ""
    for row in rows:
        if row[PROMPT_AT] != last:
            last = row[PROMPT_AT]
            written = plain(_decode(last)[0], "")
        yield (*row[:PROMPT_AT], written, *row[PROMPT_AT + 1 :])


def rows(
    db: Session, actor: Actor, round_: tables.Round, kept: Hidden, ids: Sequence[int], names: Names
) -> Iterator[Values]:
    """The samples with these ids, in their order, as the actor may see them now. Memory stays flat."""
    told_of = Told(db, actor, round_, kept)
    read = Reader(db, _query(), tables.Label.sample_id)
    judged = Reader(db, export_judgments.query(), tables.Judgment.sample_id)
    shown = few_shot_shown.hidden_ids(db, actor, [round_])
    of_round = round_.number, str(round_.recipe.get("name", ""))
    at, size = 0, FIRST
    while chunk := ids[at : at + size]:
        rows_read = read.rows(chunk)
        judgments = export_judgments.written(judged.rows(chunk), names.checkpoints)
        originals = {row[0]: row[EDITED_FROM_AT] for row in rows_read if row[EDITED_FROM_AT] is not None}
        known = own_words.decided(db, actor, [*{*chunk, *originals.values()}]) if kept else set(chunk)
        told_here = judgments, *told_of.of(chunk, originals, known)
        at += size
        size = next_size(len(chunk), _length(rows_read) + length_told(told_here))
        if shown or kept.judge:
            rows_read = [_prepared(Read._make(row), shown, kept) for row in rows_read]
        by_id = {row[0]: row for row in rows_read}
        for sample_id in chunk:
            row = by_id[sample_id]
            told = tuple([lines.get(sample_id, "[]") for lines in told_here])
            if sample_id in known:
                yield _shown(row, of_round, names, told)
            else:
                yield _masked(Read._make(row), of_round, names, told, kept)


def _length(rows: Sequence[Values]) -> int:
    """The characters of the rows' long texts."""
    return sum([len(row[place]) for place in LONG_AT for row in rows if row[place]])


def _prepared(row: Read, shown: frozenset[int], kept: Hidden) -> Read:
    """The row without what few-shot examples would tell, and without a hint that was asked."""
    row = row._replace(noted=few_shot_shown.noted_text(row.noted, shown)) if shown else row
    return row._replace(asked=row.unhinted) if kept.judge and row.unhinted is not None else row


def next_size(rows: int, length: int) -> int:
    """How many rows to read after so many that were so long together."""
    return min(ROWS_AT_ONCE, 4 * rows, max(1, BYTES_AT_ONCE * rows // max(1, length)))


def _query() -> Select[Any]:
    return joined(select(*[column.label(name) for name, column in read_columns().items()]))


def read_columns() -> dict[str, Any]:
    """SQL for each field of a `Read`."""
    label, sample, prompt, group = tables.Label, tables.Sample, tables.Prompt, tables.Group
    columns: list[Any] = [
        sample.id,
        sample.group_id,
        sample.step,
        sample.role,
        sample.kind,
        sample.checkpoint_id,
        sample.author_id,
        sample.edited_from_id,
        sample.prompt_id,
        prompt.external_id,
        _json(func.coalesce(group.messages, prompt.messages)),
        case((group.is_stripped, _json(prompt.messages))),
        func.coalesce(group.answer, prompt.answer),
        _json(prompt.extra),
        sample.text,
        _json(sample.turns),
        sample.reasoning,
        sample.num_tokens,
        sample.finish_reason,
        sample.logprob,
        sample.seed,
        _json(sample.extra),
        label.score,
        label.verdict,
        label.source,
        label.machine_score,
        label.machine_verdict,
        label.machine_spread,
        label.is_overridden,
        label.is_unparsed,
        label.is_flagged,
    ]
    return dict(zip(Read._fields, columns, strict=True))


def joined(query: Select[Any]) -> Select[Any]:
    """The query over labels, with what `read_columns` reads from joined to them."""
    label, sample, prompt, group = tables.Label, tables.Sample, tables.Prompt, tables.Group
    return (
        query.select_from(label)
        .join(sample, sample.id == label.sample_id)
        .join(prompt, prompt.id == sample.prompt_id)
        .join(group, group.id == sample.group_id)
    )


def _json(column: Any) -> Any:
    """The column's JSON as text, on both databases."""
    return cast(column, Text)


def _shown(
    row: Values, of_round: tuple[int, str], names: Names, told: tuple[str, ...], *, is_hidden: bool = False
) -> Values:
    """The row, which has the values of a `Read`, as it is written."""
    sample_id, _, step, role, kind, made_by, author, edited, prompt_id, external_id, asked, _, *more = row
    *written, overridden, unparsed, flagged = more
    return (
        sample_id,
        *of_round,
        step,
        role,
        kind,
        names.checkpoints.get(made_by),
        names.people.get(author),
        edited,
        prompt_id,
        external_id,
        asked,
        *written,
        overridden == 1,
        unparsed == 1,
        flagged == 1,
        is_hidden,
        *told,
    )


def _masked(row: Read, of_round: tuple[int, str], names: Names, told: tuple[str, ...], kept: Hidden) -> Values:
    """The same without what is hidden, as `visibility.masked` hides it of a list's row."""
    score, verdict = (None, None) if kept.judge else (row.machine_score, row.machine_verdict)
    source = str(LabelSource.none if score is None and verdict is None else LabelSource.judge)
    row = row._replace(score=score, verdict=verdict, source=source, is_overridden=False)
    if kept.judge:
        row = row._replace(
            prompt_external_id=None,
            metadata="{}",
            noted="{}",
            machine_score=None,
            machine_verdict=None,
            spread=None,
            is_unparsed=False,
        )
        told = "[]", *told[1:]
    row = row._replace(is_flagged=False) if kept.others else row
    return _shown(row, of_round, names, told, is_hidden=True)
