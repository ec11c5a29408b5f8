"""Rows written by column, on both databases: as the ORM reads them, by few statements, and found by the search."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select

from backend.db import reading, session, tables
from backend.db.bulk import ROWS_PER_STATEMENT, insert_rows, update_rows
from backend.db.filters import Filters
from backend.db.session import write_engine
from backend.services import samples
from backend.services.access import Actor
from backend.values import LabelSource, Split, Verdict
from tests import rows

WRITTEN = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)


class Place:
    """A round with one labelled sample, and the values its further samples share."""

    def __init__(self) -> None:
        project = rows.make_project()
        self.actor: Actor = rows.make_actor(project)
        self.round = rows.make_round(project)
        [self.first] = rows.make_samples(self.round, rows.make_prompt_set(project, prompts=1), n=1, texts=["first"])
        same = ("project_id", "round_id", "group_id", "prompt_id", "checkpoint_id", "kind", "finish_reason", "seed")
        self.common = {name: getattr(self.first, name) for name in same}
        self.common |= {"split": Split.train, "created_at": WRITTEN, "num_tokens": 3}

    def insert(self, texts: Sequence[str], logprobs: Sequence[float | None]) -> None:
        columns = {
            "position": range(1, len(texts) + 1),
            "text": texts,
            "logprob": logprobs,
            "score_like": [text.startswith("score") for text in texts],
        }
        with session() as db:
            insert_rows(db, tables.Sample, self.common, columns)

    def further(self) -> list[tables.Sample]:
        with reading() as db:
            query = select(tables.Sample).where(tables.Sample.group_id == self.first.group_id)
            return list(db.scalars(query.order_by(tables.Sample.position)))[1:]


def test_rows_come_back_as_they_were_given(database: str) -> None:
    place = Place()
    place.insert(["100 % of 'it'", "score: 5", "", "?;:x \u00e9\U0001f600"], [-0.1, None, 2, 0.1 + 0.2])
    completions = place.further()
    assert [s.text for s in completions] == ["100 % of 'it'", "score: 5", "", "?;:x \u00e9\U0001f600"]
    assert [s.logprob for s in completions] == [-0.1, None, 2.0, 0.1 + 0.2]
    assert [s.score_like for s in completions] == [False, True, False, False]
    assert {(s.split, s.created_at, s.author_id) for s in completions} == {(Split.train, WRITTEN, None)}


def test_many_rows_are_one_statement_and_each_is_found(database: str) -> None:
    place, statements = Place(), []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(write_engine(), "before_cursor_execute", note)
    number = 2 * ROWS_PER_STATEMENT + 1
    place.insert([f"frog{i} owl" for i in range(number)], [None] * number)
    assert sum(statement.startswith("INSERT INTO samples ") for statement in statements) == 3
    completions = place.further()
    for i in (0, ROWS_PER_STATEMENT - 1, ROWS_PER_STATEMENT, number - 1):
        page = samples.page(place.actor, place.round.id, Filters(text=f"frog{i}"))
        assert [row.id for row in page.rows] == [], "a sample without a label is in no list"
        with session() as db:
            label = {"sample_id": [completions[i].id], "is_flagged": [False]}
            common = {"round_id": place.round.id, "updated_at": WRITTEN, "source": LabelSource.none}
            insert_rows(
                db,
                tables.Label,
                common
                | dict.fromkeys(("is_unparsed", "is_overridden"), False)
                | {"is_truncated": False, "num_tokens": 3},
                label,
            )
        page = samples.page(place.actor, place.round.id, Filters(text=f"frog{i}"))
        assert [row.id for row in page.rows] == [completions[i].id]


def test_rows_are_updated_by_their_key(database: str) -> None:
    place = Place()
    columns = {
        "score": [0.1 + 0.2],
        "verdict": [Verdict.accept],
        "sample_id": [place.first.id],
        "source": [LabelSource.judge],
        "machine_verdict": [None],
    }
    with session() as db:
        update_rows(db, tables.Label, "sample_id", {"updated_at": WRITTEN}, columns)
        update_rows(db, tables.Label, "sample_id", {"updated_at": WRITTEN}, {"sample_id": [], "score": []})
    with reading() as db:
        label = db.get_one(tables.Label, place.first.id)
    assert (label.score, label.verdict, label.source) == (0.1 + 0.2, Verdict.accept, LabelSource.judge)
    assert (label.machine_verdict, label.updated_at) == (None, WRITTEN)


def test_columns_of_unequal_length_are_refused(database: str) -> None:
    place = Place()
    with pytest.raises(ValueError, match="shorter"):
        place.insert(["one", "two"], [None])
    assert place.further() == []
