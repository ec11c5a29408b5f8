"""Schema changes, oldest first, and the one way to apply them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, inspect, text

from backend.config import settings

FOLDER = Path(__file__).parent


def config(url: str | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.set_main_option("sqlalchemy.url", (url or settings().url).replace("%", "%%"))
    return made


def upgrade(url: str | None = None, revision: str = "head") -> None:
    """Bring the schema to `revision`."""
    command.upgrade(config(url), revision)


def downgrade(revision: str, url: str | None = None) -> None:
    """Take the schema back to `revision`. Raises `RuntimeError` while a round is archived."""
    _refuse_archived(url or settings().url)
    command.downgrade(config(url), revision)


def _refuse_archived(url: str) -> None:
    """Its rows lie in files that only a schema with the same columns can take back."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        there = inspect(connection)
        if not there.has_table("rounds") or "archived_at" not in {c["name"] for c in there.get_columns("rounds")}:
            return
        row = connection.execute(
            text("SELECT id FROM rounds WHERE archived_at IS NOT NULL ORDER BY id LIMIT 1")
        ).first()
    if row is not None:
        raise RuntimeError(
            f"Rows of a round lie in files, which an older schema cannot say: round {row.id}. Restore it first."
        )
