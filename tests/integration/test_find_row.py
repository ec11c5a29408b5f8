"""What is looked up with neither session nor transaction writes nothing, and leaves its connection as others want it."""

from typing import Any

import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError

from backend.db import find_row, glancing, reading, session, tables
from backend.db.built import built_once
from backend.db.session import read_engine
from tests import rows


@built_once
def by_id() -> Any:
    return select(tables.Project.name).where(tables.Project.id == bindparam("of"))


@built_once
def renamed() -> Any:
    project = tables.Project
    return update(project).where(project.id == bindparam("of")).values(name="written").returning(project.name)


def name_of(project_id: int) -> str | None:
    row = find_row(by_id(), {"of": project_id})
    return None if row is None else row.name


def rename(project_id: int, name: str) -> None:
    with session() as db:
        db.get_one(tables.Project, project_id).name = name


def test_each_look_up_sees_what_was_committed_before_it(database: str) -> None:
    project = rows.make_project(name="first")
    assert name_of(project.id) == "first"
    rename(project.id, "second")
    assert (name_of(project.id), name_of(project.id + 1)) == ("second", None)


def test_a_look_up_cannot_write(database: str) -> None:
    project = rows.make_project(name="first")
    with pytest.raises(DBAPIError, match=r"readonly database|read-only transaction"):
        find_row(renamed(), {"of": project.id})
    assert name_of(project.id) == "first"


def test_whoever_has_the_connection_next_has_a_transaction_of_its_own(database: str) -> None:
    """The pool hands out the connection that came back last."""
    project, is_sqlite = rows.make_project(name="first"), database.startswith("sqlite")
    assert name_of(project.id) == "first"
    assert read_engine().pool.checkedout() == 0  # type: ignore[attr-defined]
    for read in (reading, glancing):
        rename(project.id, "before")
        with read() as db:
            query = select(tables.Project.name).where(tables.Project.id == project.id)
            names = [db.scalar(query)]
            rename(project.id, "after")
            names.append(db.scalar(query))
            assert name_of(project.id) == "after"
        # PostgreSQL's statements each see what was committed before them.
        assert names == ["before", "before" if is_sqlite else "after"]
