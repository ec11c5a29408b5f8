"""Which errors say that PostgreSQL is away, for which a job begins again, and which say that something is wrong."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from backend.db import reading, session
from backend.db.away import is_away
from backend.errors import NotFound
from tests.ports import reserve_port


def failed(statement: str) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as raised, session() as db:
        db.execute(text(statement))
    return raised.value


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ends_is_no_fault_of_the_statement(database: str) -> None:
    lost = failed("SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_away(lost)
    other = NotFound("The row is not there.")
    other.__context__ = lost  # raised while the first one was handled
    assert is_away(other)
    assert not is_away(failed("SELECT no_such_column"))
    assert not is_away(failed("SET LOCAL statement_timeout = 10; SELECT pg_sleep(60)"))
    with reading() as db:  # the next one finds it again
        assert db.scalar(text("SELECT 1")) == 1


def test_a_server_that_nobody_reaches_is_away() -> None:
    reserved, port = reserve_port()  # bound, and not listened on
    engine = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{port}/none")
    with reserved, pytest.raises(SQLAlchemyError) as raised:
        engine.connect()
    assert is_away(raised.value)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_is_a_file_and_never_away(database: str) -> None:
    assert not is_away(failed("SELECT no_such_column"))
    assert not is_away(None)
