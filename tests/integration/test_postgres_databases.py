"""What the suite itself relies on: a PostgreSQL database that is used again is as if it were new."""

from sqlalchemy import create_engine, text

from tests.postgres_databases import Databases


def test_an_emptied_database_is_as_a_new_one_and_a_changed_one_is_dropped(migrated_postgres: Databases) -> None:
    name = migrated_postgres.take()
    engine = create_engine(f"{migrated_postgres.server}/{name}")
    with engine.begin() as db:
        db.execute(text("INSERT INTO users (name, is_owner, is_active, created_at) VALUES ('x', true, true, now())"))
        assert db.scalar(text("SELECT max(id) FROM users")) == 1
    engine.dispose()
    kept = len(migrated_postgres.free)
    migrated_postgres.give_back(name)
    assert len(migrated_postgres.free) == kept + 1
    again = migrated_postgres.take()
    assert again != name, "what goes by a database's address must not find the one before"
    engine = create_engine(f"{migrated_postgres.server}/{again}")
    with engine.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM users")) == 0
        db.execute(text("INSERT INTO users (name, is_owner, is_active, created_at) VALUES ('y', true, true, now())"))
        assert db.scalar(text("SELECT max(id) FROM users")) == 1
        db.execute(text("ALTER TABLE users ADD COLUMN more text"))
    engine.dispose()
    migrated_postgres.give_back(again)
    assert len(migrated_postgres.free) == kept
