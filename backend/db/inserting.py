"""INSERT as both databases know it, with `ON CONFLICT`, which SQLAlchemy's own has not."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_into(db: Session, table: Any) -> Any:
    """Return an INSERT into a table of the session's database."""
    return insert_on(db.get_bind().dialect.name, table)


def insert_on(database: str, table: Any) -> Any:
    """The same by the name of the database: `sqlite` or `postgresql`."""
    return (sqlite if database == "sqlite" else postgresql).insert(table)
