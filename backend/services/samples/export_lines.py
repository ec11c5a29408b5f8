"""Samples of an export as lines of JSON that SQLite puts together, where nothing of a round is hidden.

A line is what `row_files.as_json` writes of the same row of `export_rows.rows`, byte for byte. Most of the time of that
goes into objects of Python, one for each value, which this does not make.
"""

from collections.abc import Callable, Iterator, Sequence
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import Integer, LargeBinary, Select, Text, and_, case, cast, func, literal, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.row_files import JSON_TEXT, Columns
from backend.services.access import Actor
from backend.services.rounds import few_shot_shown
from backend.services.samples import export_judgments, export_rows
from backend.services.samples.export_judgments import Reader
from backend.services.samples.export_told import Told, length_told
from backend.services.samples.visibility import Hidden

WHOLE = 10**15
"""Whole numbers below it are the same in SQLite and in Python: their digits and `.0`."""
IN_PYTHON = ("sample_id", "round", "recipe", "judgments", "decisions", "answers", "tags")
"""Columns that stand at the ends of a line and that `lines` itself puts there."""
JUDGMENT: Columns = {
    "step": "int64",
    "judge": "string",
    "checkpoint": "string",
    "position": "int64",
    "score": "float64",
    "verdict": "string",
    "rationale": "string",
    "raw": "string",
    "template_hash": "string",
    "finish_reason": "string",
    "reasoning": "string",
}
"""The fields of a judgment, as `export_judgments.written` writes them."""


def are_possible(db: Session, actor: Actor, round_: tables.Round, kept: Hidden) -> bool:
    """Whether the database is SQLite, and the actor sees all of the round. PostgreSQL writes numbers otherwise."""
    return db.get_bind().dialect.name == "sqlite" and not kept and not few_shot_shown.hidden_ids(db, actor, [round_])


def lines(db: Session, actor: Actor, round_: tables.Round, ids: Sequence[int]) -> Iterator[bytes]:
    """The samples with these ids, in their order, without ends of lines. Memory stays flat."""
    told = Told(db, actor, round_, Hidden())
    read = Reader(db, _samples(round_.project_id), tables.Label.sample_id)
    judged = Reader(db, _judgments(round_.project_id), tables.Judgment.sample_id)
    recipe = encode_basestring(str(round_.recipe.get("name", "")))
    of_round = f', "round": {round_.number}, "recipe": {recipe}, '.encode()
    untold = _last(0, ({}, {}, {}))
    at, size = 0, export_rows.FIRST
    while chunk := ids[at : at + size]:
        lines_read = read.rows(chunk)
        judgments: dict[int, list[bytes]] = {}
        for sample_id, line in judged.rows(chunk):
            judgments.setdefault(sample_id, []).append(line)
        originals = {sample_id: edited_from for sample_id, edited_from, _ in lines_read if edited_from is not None}
        told_here = told.of(chunk, originals, set(chunk))
        have_some = set().union(*told_here)
        length = sum([len(line) for _, _, line in lines_read])
        length += sum([len(line) for some in judgments.values() for line in some])
        at += size
        size = export_rows.next_size(len(chunk), length + length_told(told_here))
        by_id = {sample_id: line for sample_id, _, line in lines_read}
        for sample_id in chunk:
            judged_here = b", ".join(judgments.get(sample_id, ()))
            last = _last(sample_id, told_here) if sample_id in have_some else untold
            yield b'{"sample_id": %d%b%b, "judgments": [%b]%b' % (
                sample_id,
                of_round,
                by_id[sample_id],
                judged_here,
                last,
            )


def _last(sample_id: int, told: Sequence[dict[int, str]]) -> bytes:
    """The end of a line, from behind the judgments on."""
    decisions, answers, tags = [some.get(sample_id, "[]") for some in told]
    return f', "decisions": {decisions}, "answers": {answers}, "tags": {tags}}}'.encode()


def _samples(project_id: int) -> Select[Any]:
    """Each sample's id, that of what it was edited from, and the middle of its line."""
    read, user = export_rows.read_columns(), tables.User
    columns = {name: held for name, held in export_rows.COLUMNS.items() if name not in IN_PYTHON}
    values = read | {
        "prompt": read["asked"],
        "label_by": read["source"],
        "checkpoint": tables.Checkpoint.name,
        "author": user.name,
        "is_hidden": literal(0),
    }
    query = select(read["sample_id"], read["edited_from_id"], _fields(columns, values, "{}"))
    query = export_rows.joined(query).outerjoin(user, user.id == tables.Sample.author_id)
    return query.outerjoin(tables.Checkpoint, _is_made_by(tables.Sample.checkpoint_id, project_id))


def _judgments(project_id: int) -> Select[Any]:
    """The sample's id and one judgment, in the order of `export_judgments.query`."""
    judgment, checkpoint = tables.Judgment, tables.Checkpoint
    values = {name: judgment.__table__.c.get(name) for name in JUDGMENT} | {"checkpoint": checkpoint.name}
    query = select(judgment.sample_id, _fields(JUDGMENT, values, "{{{}}}")).select_from(judgment)
    query = query.outerjoin(checkpoint, _is_made_by(judgment.checkpoint_id, project_id))
    return query.order_by(*export_judgments.ORDER)


def _is_made_by(checkpoint_id: Any, project_id: int) -> Any:
    """Names are those of the project's own checkpoints."""
    return and_(tables.Checkpoint.id == checkpoint_id, tables.Checkpoint.project_id == project_id)


def _fields(columns: Columns, values: dict[str, Any], around: str) -> Any:
    """Names and values as JSON, as bytes: Python would decode and encode a text. `around`: what stands around them."""
    written = around.format(", ".join([f"{encode_basestring(name)}: %s" for name in columns]))
    parts = [_IN_SQL[held](values[name]) for name, held in columns.items()]
    return cast(func.printf(written, *parts), LargeBinary)


def _float(value: Any) -> Any:
    is_whole = and_(value == cast(value, Integer), func.abs(value) < WHOLE)
    whole = cast(cast(value, Integer), Text).concat(literal(".0"))
    # The call of Python, which knows the shortest digits, takes long.
    return case((value.is_(None), "null"), (is_whole, whole), else_=func.rondo_float(value))


_IN_SQL: dict[str, Callable[[Any], Any]] = {
    JSON_TEXT: lambda value: func.coalesce(func.nullif(value, ""), "null"),
    "string": func.json_quote,
    "int64": lambda value: func.coalesce(value, "null"),
    "float64": _float,
    "bool": lambda value: case((value == 1, "true"), else_="false"),
}
"""What a value is written as: `row_files` has the same in Python."""
