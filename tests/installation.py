"""Where a test's installation lies: its settings, and a migrated one to copy."""

import math
from pathlib import Path
from typing import Protocol

import pytest

import migrations
from backend import jobs
from backend.config import reread
from backend.db import dispose


class Door(Protocol):
    """What lets requests in to a server that all tests of the process share."""

    def shut(self) -> None: ...
    def open(self) -> None: ...


doors: list[Door] = []


def point_at(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings be an installation's: this database, this data folder."""
    _move(url, folder, monkeypatch)
    _stop_clocks(monkeypatch)
    for door in doors:
        door.open()


def leave() -> None:
    """The test is over: nobody comes in any more, who is inside is waited for, and nothing stays open."""
    for door in doors:
        door.shut()
    dispose()
    reread()


def migrate(url: str, folder: Path) -> None:
    """Build an installation by the real migrations; every test of the run begins with a copy of it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _move(url, folder, monkeypatch)
        migrations.upgrade(url or None)
        jobs.prepare()
        dispose()
    reread()


def _move(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for door in doors:
        door.shut()
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("RONDO_DATA_DIR", str(folder))
    monkeypatch.setenv("RONDO_DATABASE_URL", url)
    # In this order: a page of the test before may still ask, and would keep an engine made by the old settings.
    reread()
    dispose()


def _stop_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done another way once it took long is a matter of the machine, and of the tests that set these."""
    from backend.services.decisions import slow_counts
    from backend.services.people import accounts, sessions

    monkeypatch.setattr(slow_counts, "SLOW_SECONDS", math.inf)
    for throttle in (sessions.by_pair, sessions.by_name, sessions.by_address, accounts.by_account):
        throttle.clear()
        monkeypatch.setattr(throttle, "clock", lambda: 0.0)
