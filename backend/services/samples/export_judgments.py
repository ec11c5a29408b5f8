"""What judges said of the samples of an export, as JSON; and how rows are read for it."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring
from math import isfinite
from operator import lt
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.db import tables

NEARLY_ALL = 1.5
"""Ids in so many times as long a range are read as a range."""


class Reader:
    """Reads rows by id as the driver gives them: SQLAlchemy's own, made for each statement anew, take twice as long.

    `column` is the first of the query.
    """

    def __init__(self, db: Session, query: Select[Any], column: Any) -> None:
        in_list = query.where(column.in_([-1])).compile(db.get_bind(), compile_kwargs={"literal_binds": True})
        self._before, self._after = str(in_list).split("IN (-1)")
        self._connection = db.connection()

    def rows(self, ids: Sequence[int]) -> Sequence[Any]:
        first, last = ids[0], ids[-1]
        # A range is read in half the time of a list. Samples of other rounds may lie between.
        if len(ids) <= last - first + 1 <= NEARLY_ALL * len(ids) and all(map(lt, ids, islice(ids, 1, None))):
            fetched = self._fetched(f"BETWEEN {first} AND {last}")
            if last - first + 1 == len(ids):
                return fetched
            asked = set(ids)
            return [row for row in fetched if row[0] in asked]
        return self._fetched(f"IN ({', '.join(map(str, ids))})")

    def _fetched(self, which: str) -> Sequence[Any]:
        done = self._connection.exec_driver_sql(f"{self._before}{which}{self._after}")
        fetched: Sequence[Any] = done.cursor.fetchall()
        done.close()
        return fetched


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
    return select(*columns).order_by(judgment.sample_id, judgment.step, judgment.judge, judgment.position)


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
