"""Where a test's installation lies: its settings, and a migrated one to copy."""

from pathlib import Path

import pytest

import migrations
from backend import jobs
from backend.config import reread
from backend.db import dispose


def point_at(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings be an installation's: this database, this data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("RONDO_DATA_DIR", str(folder))
    monkeypatch.setenv("RONDO_DATABASE_URL", url)
    # In this order: a page of the test before may still ask, and would keep an engine made by the old settings.
    reread()
    dispose()


def migrate(url: str, folder: Path) -> None:
    """Build an installation by the real migrations; every test of the run begins with a copy of it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        point_at(url, folder, monkeypatch)
        migrations.upgrade(url or None)
        jobs.prepare()
        dispose()
    reread()
