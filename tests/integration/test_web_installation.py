"""The installation's schema and backup, on both databases."""

import shutil
from pathlib import Path

import pytest

import migrations
from app.cli import asking
from backend.config import reread
from backend.db import dispose
from backend.errors import Conflict, MissingPrerequisite
from backend.services import installation
from backend.services.people import accounts


def test_a_migrated_database_is_current_and_an_older_one_is_brought_up(database: str) -> None:
    assert installation.is_current()
    accounts.local_owner()
    installation.downgrade("0001")
    assert not installation.is_current()
    installation.prepare()
    assert installation.is_current()
    assert accounts.local_owner().user_id == 1


def test_an_empty_database_is_not_current(database: str) -> None:
    installation.require_current()
    installation.downgrade("base")
    with pytest.raises(Conflict, match="rondo db upgrade"):
        asking.owner(migrate=False)
    assert not installation.is_current()
    installation.prepare()
    assert installation.is_current()


def test_what_counts_as_newest_is_what_alembic_says(database: str) -> None:
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(migrations.config()).get_current_head()
    newest = max(path.name.partition("_")[0] for path in (migrations.FOLDER / "versions").glob("[0-9]*_*.py"))
    assert head == newest


def test_a_backup_is_written_whole_or_not_at_all(database: str, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    installation.backup(target)
    magic = b"SQLite format 3" if database.startswith("sqlite") else b"PGDMP"
    assert target.read_bytes().startswith(magic)
    with pytest.raises(Conflict, match="exists already"):
        installation.backup(target)
    assert [path.name for path in tmp_path.glob("*.part")] == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_without_pg_dump_a_backup_says_what_to_install(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert shutil.which("pg_dump") is None
    with pytest.raises(MissingPrerequisite, match="Install PostgreSQL's client programs"):
        installation.backup()


def test_a_database_that_does_not_answer_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RONDO_DATABASE_URL", "postgresql://ada:hunter2@127.0.0.1:1/x")
    reread()
    dispose()
    try:
        with pytest.raises(MissingPrerequisite, match="does not answer") as caught:
            installation.prepare()
        assert "hunter2" not in caught.value.message
    finally:
        dispose()
        reread()
