"""Questions that begin no transaction, and connections to PostgreSQL that are gone when they are taken again."""

from collections.abc import Callable

import pytest
from sqlalchemy import bindparam, event, func, select, text, update
from sqlalchemy.exc import DBAPIError

from backend.db import alive, find_row, glancing, reading, session, tables
from backend.db.session import read_engine
from tests import rows

POSTGRES = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
NUMBER = select(func.count()).select_from(tables.Project)


def test_a_glance_sees_what_was_committed_and_writes_nothing(database: str) -> None:
    rows.make_project()
    with glancing() as db:
        assert db.scalar(NUMBER) == 1
    rows.make_project()
    with glancing() as db:
        assert db.scalar(NUMBER) == 2
        with pytest.raises(DBAPIError):
            db.execute(update(tables.Project).values(name="another"))
    with reading() as db:
        assert "another" not in set(db.scalars(select(tables.Project.name)))
        assert db.scalar(NUMBER) == 2
    rows.make_project()  # whoever writes is not kept from it
    with glancing() as db:
        assert db.scalar(NUMBER) == 3


def test_a_row_is_found_by_one_statement_which_begins_and_writes_nothing(database: str) -> None:
    project, ran = rows.make_project(), list[str]()
    row = tables.Project
    query = select(row.id, row.name).where(row.id == bindparam("n"))
    event.listen(read_engine(), "before_cursor_execute", lambda *given: ran.append(given[2]))
    assert find_row(query, {"n": project.id + 1}) is None
    with session() as db:
        db.execute(update(row).values(name="renamed"))
    assert find_row(query, {"n": project.id}) == (project.id, "renamed")
    assert [statement.split()[0] for statement in ran] == ["SELECT", "SELECT"]
    with pytest.raises(DBAPIError):
        find_row(
            update(row).where(row.id == bindparam("n")).values(name="another").returning(row.id), {"n": project.id}
        )
    ran.clear()
    with glancing() as db:  # several statements still see the same on SQLite
        assert db.scalar(select(row.name)) == "renamed"
    assert (ran[0] == "BEGIN") is database.startswith("sqlite")


@POSTGRES
def test_each_statement_of_a_glance_sees_what_was_committed_before_it(database: str) -> None:
    with glancing() as db:
        before = db.scalar(NUMBER)
        rows.make_project()
        assert (before, db.scalar(NUMBER)) == (0, 1)


def nothing_comes(patch: pytest.MonkeyPatch) -> None:
    """As behind a proxy that stays while the server goes."""
    patch.setattr(alive, "_has_news", lambda _connection: False)
    patch.setattr(alive, "REST_SECONDS", 3600)
    patch.setattr(alive, "ASKED_SECONDS", 0)


def just_used(patch: pytest.MonkeyPatch) -> None:
    """What came from the server is all there is to go by."""
    patch.setattr(alive, "REST_SECONDS", 3600)
    patch.setattr(alive, "ASKED_SECONDS", 3600)


@POSTGRES
@pytest.mark.parametrize("case", [nothing_comes, just_used])
def test_a_connection_that_the_server_ended_is_not_handed_out(
    database: str, case: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    case(monkeypatch)
    number = text("SELECT pg_backend_pid()")
    with reading() as db:
        first = db.scalar(number)
    with glancing() as db:
        assert db.scalar(number) == first, "a connection of the pool is used again"
    with session() as db:
        # Waited for, so that what the server sends is there.
        assert db.scalar(text("SELECT pg_terminate_backend(:number, 10000)"), {"number": first})
    with glancing() as db:
        assert db.scalar(number) != first
        with pytest.raises(DBAPIError):  # the new one refuses writes, too
            db.execute(update(tables.Project).values(name="another"))
