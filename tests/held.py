"""A SQLite database that somebody else writes to and does not let go of."""

import importlib
import sqlite3

import pytest

from backend.config import settings
from backend.db import dispose


class Held:
    """For as long as the block lasts nobody else can write."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(settings().folder / "rondo.db", isolation_level=None)

    def __enter__(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


def wait_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who meets a held database give up after a tenth of a second instead of fifteen."""
    module = importlib.import_module("backend.db.session")  # the package has a function of that name
    pragmas = tuple(entry.replace("15000", "100") for entry in module.SQLITE_PRAGMAS)
    monkeypatch.setattr(module, "SQLITE_PRAGMAS", pragmas)
    dispose()
