"""Schema changes, oldest first, and the one way to apply them."""

from pathlib import Path

from alembic import command
from alembic.config import Config

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
    """Take the schema back to `revision`."""
    command.downgrade(config(url), revision)
