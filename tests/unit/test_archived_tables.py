"""No table is forgotten by whoever archives a round: what refers to rows that leave goes with them, or says why not."""

import pytest
from sqlalchemy import Table

from backend.db.tables import Base
from backend.services.round_archive import columns, returning

STAYS = {
    "prompts.sample_id": "in a file of its own, columns.LINKS",
    "arena_matches.first_sample_id": "needs refuses",
    "arena_matches.second_sample_id": "needs refuses",
    "bench_samples.sample_id": "needs refuses",
    "bench_judgments.sample_id": "needs refuses",
}
OF_ROUND = {  # keyed by round and staying: a round's own measure, not its rows
    "datasets",
    "endpoint_uses",
    "events",
    "jobs",
    "judge_benches",
    "metrics",
    "presences",
    "prompt_sets",
    "round_prompt_sets",
    "round_roles",
    "rounds",
    "template_rewrites",
    "warnings",
}
LEAVES = [entity.__table__.name for entity in columns.REMOVED]
TABLES = Base.metadata.sorted_tables


def _keys(table: Table) -> list[tuple[str, str]]:
    return [(f"{table.name}.{key.parent.name}", key.column.table.name) for key in table.foreign_keys]


def test_what_refers_to_rows_that_leave_leaves_with_them_or_says_why_not() -> None:
    bare = {name for table in TABLES if table.name not in LEAVES for name, other in _keys(table) if other in LEAVES}
    assert bare == set(STAYS), "Add the table to columns.REMOVED, or say here what keeps its rows."


def test_every_table_of_a_round_leaves_or_stays_on_purpose() -> None:
    of_round = {table.name for table in TABLES for _, other in _keys(table) if other == "rounds"}
    assert of_round - set(LEAVES) == OF_ROUND


def test_what_leaves_refers_only_to_what_is_looked_for_before_it_is_put_back() -> None:
    known = {*LEAVES, *returning.ELSEWHERE, "rounds"}
    assert {other for entity in columns.REMOVED for _, other in _keys(entity.__table__)} <= known
    for place, entity in enumerate(columns.REMOVED):  # each finds what it refers to
        later = {name for name, other in _keys(entity.__table__) if other in LEAVES[place + 1 :]}
        assert later <= {"groups.parent_id"}


@pytest.mark.parametrize("entity", columns.REMOVED, ids=LEAVES)
def test_rows_of_every_table_that_leaves_fit_a_file(entity: type[Base]) -> None:
    columns.of_round(entity, 1)
    assert all(columns.arrow_type(column) for column in columns.stored(entity.__table__))
    assert len(entity.__table__.primary_key.columns) <= 2  # columns.among_keys
