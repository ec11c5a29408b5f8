"""What the suite itself relies on: a PostgreSQL database that is used again is as if it were new."""

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.postgres_databases import Databases


def test_an_emptied_database_is_as_a_new_one_and_a_changed_one_is_dropped(migrated_postgres: Databases) -> None:
    address = migrated_postgres.take()
    engine = create_engine(address)
    with engine.begin() as db:
        db.execute(text("INSERT INTO users (name, is_owner, is_active, created_at) VALUES ('x', true, true, now())"))
        assert db.scalar(text("SELECT max(id) FROM users")) == 1
        db.execute(text("CREATE TEMP TABLE mine (n int)"))
        db.execute(text("SET search_path TO nowhere"))
        backend = db.scalar(text("SELECT pg_backend_pid()"))
    engine.dispose()
    kept = len(migrated_postgres.free)
    migrated_postgres.give_back(address)
    assert len(migrated_postgres.free) == kept + 1
    again = migrated_postgres.take()
    assert again != address, "what goes by a database's address must not find the one before"
    with pytest.raises(OperationalError, match="This test is over"):
        engine.connect()
    engine = create_engine(again)
    with engine.begin() as db:
        assert db.scalar(text("SELECT pg_backend_pid()")) == backend, "the same connection"
        assert db.scalar(text("SELECT to_regclass('mine')")) is None
        assert db.scalar(text("SELECT count(*) FROM users")) == 0
        db.execute(text("INSERT INTO users (name, is_owner, is_active, created_at) VALUES ('y', true, true, now())"))
        assert db.scalar(text("SELECT max(id) FROM users")) == 1
        db.execute(text("ALTER TABLE users ADD COLUMN more text"))
    engine.dispose()
    migrated_postgres.give_back(again)
    assert len(migrated_postgres.free) == kept


def test_a_database_is_dropped_where_a_program_stayed_and_emptied_where_a_thread_did(
    migrated_postgres: Databases,
) -> None:
    address = migrated_postgres.take()
    engine = create_engine(address)
    kept = len(migrated_postgres.free)
    with engine.connect() as db:
        db.execute(text("SELECT count(*) FROM users"))
        migrated_postgres.give_back(address)
        db.invalidate()
    engine.dispose()
    assert len(migrated_postgres.free) == kept + 1
    address = migrated_postgres.take()
    with psycopg.connect(address.replace("+psycopg", "")):
        migrated_postgres.give_back(address)
    assert len(migrated_postgres.free) == kept
