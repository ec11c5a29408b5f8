"""What one comparison reads of rounds and measurements, so that no side of it is read twice."""

from typing import Any

from sqlalchemy import JSON as JSONColumn
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, defer

from backend.db import tables
from backend.services.held_out.filtering import of
from backend.services.held_out.measured import Measurement
from backend.values import SampleKind, Split

Place = tuple[int, int | None]


class HeldOutRows:
    """The rows of one comparison, in one session."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self._metrics: dict[Place, dict[str, tables.Metric]] = {}
        self._asked: dict[int, frozenset[int]] = {}

    def metrics(self, round_id: int | None, checkpoint_id: int | None) -> dict[str, tables.Metric]:
        """The metrics of a checkpoint in a round, of the round's own samples without one; by name, without details."""
        if round_id is None:
            return {}
        if (round_id, checkpoint_id) not in self._metrics:
            metric = tables.Metric
            is_of = metric.checkpoint_id.is_(None) if checkpoint_id is None else metric.checkpoint_id == checkpoint_id
            query = select(metric).where(metric.round_id == round_id, is_of).order_by(metric.id)
            rows = self.db.scalars(query.options(defer(metric.details)))
            self._metrics[round_id, checkpoint_id] = {row.name: row for row in rows}
        return self._metrics[round_id, checkpoint_id]

    def asked(self, measurement: Measurement | None) -> frozenset[int]:
        """Ids of the held-out prompts that were asked in it."""
        if measurement is None:
            return frozenset()
        if measurement.round_id not in self._asked:
            query = select(tables.Group.prompt_id).where(*of(measurement))
            self._asked[measurement.round_id] = frozenset(gathered(self.db, query))
        return self._asked[measurement.round_id]

    def is_same_text(self, old: Measurement, new: Measurement) -> bool:
        """Whether both have greedy answers, to the same prompts, and each of the same text."""
        before, after = (select(*TEXT).where(*of_answers(measurement)) for measurement in (old, new))
        differ = (first.except_(other).exists() for first, other in ((before, after), (after, before)))
        return bool(self.db.scalar(select(before.exists()))) and not any(
            self.db.scalar(select(only)) for only in differ
        )


TEXT = (tables.Sample.prompt_id, tables.Sample.text)


def of_answers(measurement: Measurement) -> tuple[ColumnElement[bool], ...]:
    """Whether a sample is a greedy answer of the measurement."""
    sample = tables.Sample
    return (
        sample.round_id == measurement.round_id,
        sample.checkpoint_id == measurement.checkpoint_id,
        sample.split == Split.held_out,
        sample.position == 0,
        sample.kind == SampleKind.completion,
    )


def gathered(db: Session, query: Select[Any]) -> list[Any]:
    """The rows of a query, lists where they have several columns, which come as one: of thousands the database writes
    the list faster than they come one by one."""
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    values = [
        func.json(column) if is_sqlite and isinstance(column.type, JSONColumn) else column
        for column in query.subquery().c
    ]
    of_row, of_all = (func.json_array, func.json_group_array) if is_sqlite else (func.json_build_array, func.json_agg)
    row = values[0] if len(values) == 1 else of_row(*values)
    return db.scalar(select(of_all(row, type_=JSONColumn))) or []
