"""Whoever deletes a row looks for what refers to it: by an index, never through a whole table."""

from collections.abc import Iterator

from sqlalchemy import ForeignKeyConstraint, Table

from backend.db.tables import Base, User

NEVER_DELETED = {User.__tablename__: "a person who leaves is deactivated, and stays as the author of what they did"}
"""Tables whose rows nothing deletes, so that nothing looks for what refers to them."""


def _beginnings(table: Table) -> Iterator[list[str]]:
    """The columns of each index, unique constraint and primary key of the whole table, in order."""
    yield [column.name for column in table.primary_key.columns]
    for constraint in table.constraints:
        if type(constraint).__visit_name__ == "unique_constraint":
            yield [column.name for column in constraint.columns]
    for index in table.indexes:
        where = index.dialect_options["sqlite"]["where"]
        columns = [column.name for column in index.columns]
        if where is None or str(where) == f"{columns[0]} IS NOT NULL":
            yield columns


def _is_found(table: Table, key: ForeignKeyConstraint) -> bool:
    columns = [column.name for column in key.columns]
    return any(text[: len(columns)] == columns for text in _beginnings(table))


def test_an_index_begins_with_each_foreign_key_to_rows_that_are_deleted() -> None:
    bare = {
        f"{table.name}.{key.columns[0].name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_key_constraints
        if key.referred_table.name not in NEVER_DELETED and not _is_found(table, key)
    }
    assert bare == set(), "Add an index to the table, and a migration that makes it."
