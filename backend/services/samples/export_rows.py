"""A round's samples on their way out: what a list shows of each and all that stands behind it, as far as one may see.

Plain columns as the driver gives them, JSON as text: entities would take most of an export's time.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, NamedTuple

from sqlalchemy import Select, String, Text, case, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among, in_chunks
from backend.pipeline.rows import plain
from backend.row_files import JSON_TEXT, MESSAGES, Columns, Format, Values
from backend.services.access import Actor
from backend.services.samples import export_decisions, visibility
from backend.services.samples.visibility import Hidden
from backend.values import LabelSource

ROWS_AT_ONCE = 1_000
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
}
PROMPT_AT = list(COLUMNS).index("prompt")
PROMPT_IS = {"jsonl": JSON_TEXT, "parquet": MESSAGES, "csv": "string"}
"""Messages as they are, or in a spreadsheet one text."""
ALL_SHOWN = Hidden()


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


@dataclass(frozen=True)
class Names:
    """What is the same for many rows: names of checkpoints and people by id."""

    checkpoints: dict[int, str] = field(default_factory=dict)
    people: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, db: Session, project_id: int) -> "Names":
        checkpoint, user = tables.Checkpoint, tables.User
        named = select(checkpoint.id, checkpoint.name).where(checkpoint.project_id == project_id)
        people = select(user.id, user.name)
        return cls(dict(db.execute(named).tuples().all()), dict(db.execute(people).tuples().all()))


def columns(format: Format) -> Columns:
    """What is written, always the same and in the same order."""
    return COLUMNS | {"prompt": PROMPT_IS[format]}


def shaped(rows: Iterable[Values], format: Format) -> Iterator[Values]:
    """The rows with their prompts as the format has them."""
    if format == "jsonl":
        yield from rows
        return
    make: Callable[[Any], Any] = (lambda asked: asked) if format == "parquet" else (lambda asked: plain(asked, ""))
    for row in rows:
        yield (*row[:PROMPT_AT], make(json.loads(row[PROMPT_AT])), *row[PROMPT_AT + 1 :])


def rows(
    db: Session, actor: Actor, round_: tables.Round, kept: Hidden, ids: Sequence[int], names: Names
) -> Iterator[Values]:
    """The samples with these ids, in their order, as the actor may see them now. Memory stays flat."""
    history = export_decisions.History(db, actor, round_, kept)
    recipe = str(round_.recipe.get("name", ""))
    for chunk in in_chunks(ids, ROWS_AT_ONCE):
        found = {row[0]: Read._make(row) for row in db.execute(_query().where(_is_among(chunk)))}
        said = _judgments(db, chunk, names)
        known = visibility.decided(db, actor, _and_originals(found.values())) if kept else set(found)
        decided = history.of(found.values(), known)
        for sample_id in chunk:
            row = found[sample_id]
            is_hidden = sample_id not in known
            told = decided.get(sample_id, "[]")
            yield _values(row, round_.number, recipe, names, kept if is_hidden else ALL_SHOWN, said, told, kept)


def _and_originals(found: Iterable[Read]) -> list[int]:
    return [*{n for row in found for n in (row.sample_id, row.edited_from_id) if n is not None}]


def _is_among(ids: Sequence[int]) -> Any:
    return among(tables.Label.sample_id, ids)


def _query() -> Select[Any]:
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
        type_coerce(label.verdict, String),
        type_coerce(label.source, String),
        label.machine_score,
        type_coerce(label.machine_verdict, String),
        label.machine_spread,
        label.is_overridden,
        label.is_unparsed,
        label.is_flagged,
    ]
    named = [column.label(name) for column, name in zip(columns, Read._fields, strict=True)]
    return (
        select(*named)
        .select_from(label)
        .join(sample, sample.id == label.sample_id)
        .join(prompt, prompt.id == sample.prompt_id)
        .join(group, group.id == sample.group_id)
    )


def _json(column: Any) -> Any:
    """The column's JSON as text, on both databases."""
    return cast(column, Text)


def _values(
    row: Read,
    number: int,
    recipe: str,
    names: Names,
    masked: Hidden,
    said: dict[int, str],
    decisions: str,
    kept: Hidden,
) -> Values:
    """The row as it is written. `masked`: what of it is hidden, as `visibility.masked` hides it of a list's row."""
    score, verdict, source = row.score, row.verdict, row.source
    if masked:
        score, verdict = (None, None) if masked.judge else (row.machine_score, row.machine_verdict)
        source = str(LabelSource.none if score is None and verdict is None else LabelSource.judge)
    hides_judge = masked.judge
    return (
        row.sample_id,
        number,
        recipe,
        row.step,
        row.role,
        row.kind,
        names.checkpoints.get(row.checkpoint_id or 0),
        names.people.get(row.author_id or 0),
        row.edited_from_id,
        row.prompt_id,
        row.unhinted if kept.judge and row.unhinted else row.asked,
        row.answer,
        "{}" if hides_judge else row.metadata,
        row.text,
        row.turns,
        row.reasoning,
        row.num_tokens,
        row.finish_reason,
        row.logprob,
        row.seed,
        "{}" if hides_judge else row.noted,
        score,
        verdict,
        source,
        None if hides_judge else row.machine_score,
        None if hides_judge else row.machine_verdict,
        None if hides_judge else row.spread,
        bool(row.is_overridden) and not masked,
        bool(row.is_unparsed) and not hides_judge,
        bool(row.is_flagged) and not masked.others,
        bool(masked),
        "[]" if hides_judge else said.get(row.sample_id, "[]"),
        decisions,
    )


_JUDGMENT = (
    '{"step": %s, "judge": %s, "checkpoint": %s, "position": %s, "score": %s, "verdict": %s, "rationale": %s,'
    ' "raw": %s, "template_hash": %s, "finish_reason": %s, "reasoning": %s}'
)


def _judgments(db: Session, ids: Sequence[int], names: Names) -> dict[int, str]:
    """What judges said of each sample, as a JSON list. Written here and not by `json`, in less than half the time."""
    judgment = tables.Judgment
    query = (
        select(
            judgment.sample_id,
            judgment.step,
            judgment.judge,
            judgment.checkpoint_id,
            judgment.position,
            judgment.score,
            type_coerce(judgment.verdict, String),
            judgment.rationale,
            judgment.raw,
            judgment.template_hash,
            judgment.finish_reason,
            judgment.reasoning,
        )
        .where(among(judgment.sample_id, ids))
        .order_by(judgment.sample_id, judgment.step, judgment.judge, judgment.position)
    )
    found: dict[int, list[str]] = {}
    for id_, step, judge, by, position, score, verdict, rationale, raw, template, finish, reasoning in db.execute(
        query
    ):
        written = _JUDGMENT % (
            step,
            encode_basestring(judge),
            _text(names.checkpoints.get(by or 0)),
            position,
            "null" if score is None or not isfinite(score) else repr(score),
            _text(verdict),
            encode_basestring(rationale),
            encode_basestring(raw),
            encode_basestring(template),
            encode_basestring(finish),
            _text(reasoning),
        )
        found.setdefault(id_, []).append(written)
    return {id_: f"[{', '.join(some)}]" for id_, some in found.items()}


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)
