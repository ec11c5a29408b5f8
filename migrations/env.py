"""Alembic's environment: one connection without foreign-key enforcement, our tables only."""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, event, pool

from backend.db.base import JsonColumn, UtcDateTime
from backend.db.folding import indexed
from backend.db.tables import Base

config = context.config
ADDED_WITH_THEIR_COLUMN = (
    ("prompts", "sample_id"),
    ("projects", "baseline_id"),
    ("projects", "preview_id"),
    ("projects", "trashed_by"),
    ("projects", "trash_of_id"),
)


def include_object(item: Any, name: str | None, type_: str, reflected: bool, _compare_to: Any) -> bool:
    """Leave the job engine's tables and the full-text index alone.

    And on SQLite the foreign keys that were added with their column: SQLAlchemy cannot read what they do when their row
    is deleted. That they do so has tests of its own.
    """
    if type_ == "table":
        return not reflected or name in Base.metadata.tables
    if type_ == "foreign_key_constraint" and context.get_context().dialect.name == "sqlite":
        return (item.table.name, *(column.name for column in item.columns)) not in ADDED_WITH_THEIR_COLUMN
    return not (reflected and name is not None and name.endswith("search_vector"))


def render_item(type_: str, item: Any, autogen_context: Any) -> str | bool:
    """Write our types as plain ones: a migration must run without importing the backend of its day."""
    if type_ == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if type_ == "type" and item is JsonColumn:
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def run() -> None:
    """Upgrade or downgrade in one transaction. A table rebuild on SQLite must not cascade: keys are off here."""
    engine = create_engine(config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            # The triggers of the text index call it.
            connection.create_function("rondo_fold", 1, indexed, deterministic=True)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA busy_timeout=15000")
            connection.execute("PRAGMA foreign_keys=OFF")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            render_item=render_item,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":
                # The web process and a worker may start at the same moment on an empty database.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(728364)")
            context.run_migrations()
    engine.dispose()


run()
