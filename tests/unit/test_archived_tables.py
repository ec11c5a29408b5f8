"""No table is forgotten by whoever archives a round: what refers to rows that leave goes with them, or says why not."""

import hashlib
import json
import math

import pytest
from sqlalchemy import Table

from backend.db import tables
from backend.db.tables import Base
from backend.services.round_archive import columns, comparing, returning

STAYS = {
    "near_duplicates.sample_id": "goes with the sample, and is looked for again",
    "clustered_samples.sample_id": "goes with the sample, and is made again",
    "prompts.sample_id": "in a file of its own, columns.LINKS",
    "arena_matches.first_sample_id": "needs refuses",
    "arena_matches.second_sample_id": "needs refuses",
    "bench_samples.sample_id": "needs refuses",
    "bench_judgments.sample_id": "needs refuses",
}
OF_ROUND = {  # keyed by round and staying: a round's own measure, not its rows
    "clustered_samples",
    "datasets",
    "endpoint_uses",
    "events",
    "jobs",
    "judge_benches",
    "metrics",
    "near_duplicates",
    "presences",
    "prompt_sets",
    "round_prompt_sets",
    "round_reviewers",
    "round_roles",
    "rounds",
    "tallies",
    "template_rewrites",
    "warnings",
}
AT, COLUMNS = "0050", "4f62ca213e4234fa"
"""The revision at which these columns were last looked at, and their digest."""
LEAVES = [entity.__table__.name for entity in columns.REMOVED]
TABLES = Base.metadata.sorted_tables


def _keys(table: Table) -> list[tuple[str, str]]:
    return [(f"{table.name}.{key.parent.name}", key.column.table.name) for key in table.foreign_keys]


def test_what_refers_to_rows_that_leave_leaves_with_them_or_says_why_not() -> None:
    bare = {name for table in TABLES if table.name not in LEAVES for name, other in _keys(table) if other in LEAVES}
    assert bare == set(STAYS), "Add the table to columns.REMOVED, or say here what keeps its rows."


def test_every_table_of_a_round_leaves_or_stays_on_purpose() -> None:
    assert len(set(LEAVES)) == len(LEAVES)
    of_round = {table.name for table in TABLES for _, other in _keys(table) if other == "rounds"}
    assert of_round - set(LEAVES) == OF_ROUND


def test_what_leaves_refers_only_to_what_is_looked_for_before_it_is_put_back() -> None:
    known = {*LEAVES, *returning.ELSEWHERE, "rounds"}
    assert {other for entity in columns.REMOVED for _, other in _keys(entity.__table__)} <= known
    for place, entity in enumerate(columns.REMOVED):  # each finds what it refers to
        later = {name for name, other in _keys(entity.__table__) if other in LEAVES[place + 1 :]}
        assert later <= {"groups.parent_id"}


def test_the_columns_of_what_leaves_are_those_that_archives_hold() -> None:
    """Archives outlive a version. Whoever changes a column of these tables says in `returning` how rows that were
    written before are put back, and only then notes the new digest here."""
    lines = {
        entity.__table__.name: [f"{c.name} {columns.arrow_type(c)}" for c in columns.stored(entity.__table__)]
        for entity in columns.REMOVED
    }
    assert hashlib.sha256(json.dumps(lines, sort_keys=True).encode()).hexdigest()[:16] == COLUMNS, AT


def test_rows_are_the_same_by_what_they_say() -> None:
    row = {"id": 1, "created_at": 5, "score": math.nan, "sample_id": 2, "round_id": 3, "checkpoint_id": 7}
    assert not comparing.differs(tables.Judgment, row, {**row, "score": float("nan")})
    assert comparing.differs(tables.Judgment, row, {**row, "score": 0.5})
    assert comparing.differs(tables.Judgment, row, {**row, "checkpoint_id": None})
    assert not comparing.differs(tables.LeftOut, row, {**row, "checkpoint_id": None})
    assert comparing.differs(tables.Judgment, row, {**row, "more": 1})
    assert comparing.is_same(tables.Judgment, row, {**row, "score": 0.5})
    for name in ("created_at", "sample_id", "round_id"):
        assert not comparing.is_same(tables.Judgment, row, {**row, name: 9})


@pytest.mark.parametrize("entity", columns.REMOVED, ids=LEAVES)
def test_rows_of_every_table_that_leaves_fit_a_file(entity: type[Base]) -> None:
    columns.of_round(entity, 1)
    assert all(columns.arrow_type(column) for column in columns.stored(entity.__table__))
    assert len(entity.__table__.primary_key.columns) <= 2  # columns.among_keys
