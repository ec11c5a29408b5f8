"""What judges said of the samples of an export, as JSON; and how rows are read for it."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.db import tables

IN_A_RUN = 100
"""Ids that follow each other are read as a range, in three quarters of the time of a list, where runs are so long."""
ORDER = (tables.Judgment.sample_id, tables.Judgment.step, tables.Judgment.judge, tables.Judgment.position)


class Reader:
    """Reads rows by id as the driver gives them: SQLAlchemy's own, made for each statement anew, take twice as long.

    `column` holds the ids. No row of another id is read: what lies between may be long.
    """

    def __init__(self, db: Session, query: Select[Any], column: Any) -> None:
        in_list = query.where(column.in_([-1])).compile(db.get_bind(), compile_kwargs={"literal_binds": True})
        self._before, self._after = str(in_list).split("IN (-1)")
        self._connection = db.connection()

    def rows(self, ids: Sequence[int]) -> Sequence[Any]:
        """The rows of these ids, which may come in any order; those of each id in the query's."""
        asked = sorted({*ids})
        runs = runs_of(asked)
        if len(runs) > 1 + len(asked) // IN_A_RUN:
            return self._fetched(f"IN ({', '.join(map(str, asked))})")
        return [row for first, last in runs for row in self._fetched(f"BETWEEN {first} AND {last}")]

    def _fetched(self, which: str) -> Sequence[Any]:
        done = self._connection.exec_driver_sql(f"{self._before}{which}{self._after}")
        fetched: Sequence[Any] = done.cursor.fetchall()
        done.close()
        return fetched


def runs_of(ids: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of ids that follow each other. `ids` rise."""
    if not ids:
        return []
    if ids[-1] - ids[0] + 1 == len(ids):
        return [(ids[0], ids[-1])]
    ends = [n for n, (before, id_) in enumerate(pairwise(ids), 1) if id_ != before + 1]
    return [(ids[start], ids[end - 1]) for start, end in pairwise([0, *ends, len(ids)])]


def query() -> Select[Any]:
    judgment = tables.Judgment
    columns: list[Any] = [
        judgment.sample_id,
        judgment.step,
        judgment.judge,
        judgment.checkpoint_id,
        judgment.position,
        judgment.score,
        judgment.verdict,
        judgment.rationale,
        judgment.raw,
        judgment.template_hash,
        judgment.finish_reason,
        judgment.reasoning,
    ]
    return select(*columns).order_by(*ORDER)


def written(read: Iterable[Any], checkpoints: Mapping[int | None, str]) -> dict[int, str]:
    """What judges said of each sample, as a JSON list. Written here and not by `json`, in less than half the time."""
    by_sample: dict[int, list[str]] = {}
    heads: dict[Any, str] = {}
    tails: dict[Any, str] = {}
    for id_, step, judge, by, position, score, verdict, rationale, raw, template, finish, reasoning in read:
        # Few judges say much: what is the same for many replies is put together once.
        head = heads.get((step, judge, by, position)) or heads.setdefault(
            (step, judge, by, position),
            f'{{"step": {step}, "judge": {encode_basestring(judge)}, "checkpoint": {_text(checkpoints.get(by))},'
            f' "position": {position}, "score": ',
        )
        tail = tails.get((template, finish)) or tails.setdefault(
            (template, finish),
            f', "template_hash": {encode_basestring(template)}, "finish_reason": {encode_basestring(finish)}',
        )
        number = "null" if score is None or not isfinite(score) else score
        line = (
            f'{head}{number}, "verdict": {_text(verdict)}, "rationale": {encode_basestring(rationale)}, "raw": '
            f'{encode_basestring(raw)}{tail}, "reasoning": {_text(reasoning)}}}'
        )
        if id_ in by_sample:
            by_sample[id_].append(line)
        else:
            by_sample[id_] = [line]
    return {id_: f"[{', '.join(some)}]" for id_, some in by_sample.items()}


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)
