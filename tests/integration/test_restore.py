"""A backup that is made while others write, files that are no backup, and restores that are broken off or in the way."""

import errno
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend import in_use
from backend.config import settings
from backend.db import dispose, reading, session, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite
from backend.jobs import executors
from backend.services import installation
from backend.services.operations import archives, databases, members, replacing
from tests import rows

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.on_sqlite


def put(name: str, text: str) -> Path:
    path = settings().folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return sorted(tar.getnames())


def projects() -> list[str]:
    with reading() as db:
        return sorted(project.name for project in db.query(tables.Project))


def is_untouched() -> bool:
    folder = settings().folder
    return in_use.is_whole(folder) and not [*folder.glob("replaced-*"), *folder.glob(".restore-*")]


def test_a_backup_does_without_what_is_being_exported(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("exports/.part-x1", "half")
    put("exports/dataset-1.jsonl", "whole")
    old, growing = put("exports/dataset-0.jsonl", "old"), put("reports/grows.txt", "a")
    copy_whole = members._copy_whole

    def meanwhile(path: Path, between: Path) -> bool:
        old.unlink(missing_ok=True)  # as an export does that is the twenty-first
        return path != growing and copy_whole(path, between)

    monkeypatch.setattr(members, "_copy_whole", meanwhile)
    archive = archives.write(tmp_path / "copy.tar")
    assert names(archive.path) == ["data/exports/dataset-1.jsonl", "manifest.json", "rondo.db"]
    assert archive.left_out == ["reports/grows.txt"]


def test_a_backup_follows_links_within_and_tells_of_what_it_lacks(database: str, tmp_path: Path) -> None:
    project = rows.make_project()
    put("blobs/1", "weights")
    for name in ("models/a/weights", "models/b/own"):
        put(name, "").unlink()
    (settings().folder / "models/a/weights").symlink_to("../../blobs/1")
    (settings().folder / "models/b/round").symlink_to("../b")
    put("models/b/own", "own")
    outside = tmp_path / "outside"
    outside.write_text("far")
    (settings().folder / "models/b/far").symlink_to(outside)
    for place in ("models/a", "models/b", "checkpoints/round-1-gone", "some/hub-name", "."):
        rows.make_checkpoint(project, location=place)
    archive = archives.write(tmp_path / "copy.tar")
    assert {"data/models/a/weights", "data/models/b/own"} <= set(names(archive.path))
    assert not [name for name in names(archive.path) if "rondo.db-" in name or "round" in name or "lock" in name]
    assert {"checkpoints/round-1-gone", str(settings().folder / "models/b/far")} == set(archive.left_out)


def test_what_has_numbers_from_before_is_set_aside_whole(database: str, tmp_path: Path) -> None:
    rows.make_project("then")
    put("reports/prompts-1.json", "then")
    put("secret.key", "key")
    copy = archives.write(tmp_path / "copy.tar").path
    rows.make_project("later")
    for name in ("reports/prompts-2.json", "exports/dataset-9.jsonl", "jobs/7/log.txt", "imports/mine.csv"):
        put(name, "later")
    archives.restore(copy)
    assert projects() == ["then"]
    folder = settings().folder
    here = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and "replaced" not in str(p)}
    assert {entry for entry in here if "/" in entry} == {"reports/prompts-1.json", "imports/mine.csv"}
    (aside,) = folder.glob("replaced-*")
    kept = {p.relative_to(aside).as_posix() for p in aside.rglob("*") if p.is_file()}
    assert {"rondo.db", "reports/prompts-2.json", "exports/dataset-9.jsonl", "jobs/7/log.txt"} <= kept
    with closing(sqlite3.connect(aside / "rondo.db")) as db:  # with all that was in its log
        assert db.execute("SELECT name FROM projects ORDER BY id").fetchall() == [("then",), ("later",)]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_what_goes_wrong_at_the_last_step_is_taken_back(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    report = put("reports/one.txt", "then")
    copy = archives.write(tmp_path / "copy.tar").path
    rows.make_project("later")
    report.write_text("now")
    put("reports/deep/two.txt", "now")

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(replacing, "stage", fails)
    with pytest.raises((MissingPrerequisite, KeyboardInterrupt)):
        archives.restore(copy)
    monkeypatch.undo()
    assert (report.read_text(), put("reports/deep/two.txt", "now").read_text()) == ("now", "now")


def test_a_killed_restore_keeps_the_database_and_is_finished_by_the_next(database: str, tmp_path: Path) -> None:
    rows.make_project("then")
    report = put("reports/one.txt", "then")
    copy = archives.write(tmp_path / "it's.tar").path
    rows.make_project("later")
    report.write_text("now")
    dispose()
    in_use.let_go()
    script = (
        "import os, signal, sys; from pathlib import Path; from backend.services.operations import archives, databases;"
        "databases.put_back = lambda *_: os.kill(os.getpid(), signal.SIGKILL); archives.restore(Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script, str(copy)], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert report.read_text() == "then"
    with pytest.raises(Conflict, match=r"broken off.*rondo db restore .*it'"):
        installation.prepare()
    with pytest.raises(Conflict, match="broken off"):
        archives.write(tmp_path / "other.tar")
    assert projects() == ["later", "then"]
    archives.restore(copy)
    assert projects() == ["then"]
    assert in_use.is_whole(settings().folder)
    assert not list(settings().folder.glob(".restore-*"))
    assert len(list(settings().folder.glob("replaced-*/reports/one.txt"))) == 2


def test_a_restore_goes_from_disk_to_disk(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with volumes: nothing can be renamed from the data folder into `models`, and `exports` is a link elsewhere."""
    weights, folder = put("models/small/weights", "then"), settings().folder
    rows.make_checkpoint(rows.make_project("then"), location="models/small")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "exports").symlink_to(elsewhere)
    export = put("exports/dataset-1.jsonl", "then")
    copy = archives.write(tmp_path / "copy.tar").path
    weights.write_text("now")
    export.write_text("now")

    def disk(path: Any) -> bool:
        return Path(os.path.abspath(path)).is_relative_to(folder / "models")

    def across(rename: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def refuse(old: Any, new: Any) -> None:
            if disk(old) != disk(new):
                raise OSError(errno.EXDEV, "another disk")
            rename(old, new)

        return refuse

    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, across(getattr(os, name)))
    archives.restore(copy)
    assert (weights.read_text(), export.read_text()) == ("then", "then")
    assert (folder / "exports").is_symlink()
    assert [p.read_text() for p in elsewhere.glob("replaced-*/*")] == ["now"]
    assert [p.read_text() for p in weights.parent.glob(".replaced-*-weights")] == ["now"]


def test_nothing_is_restored_while_anything_runs(database: str, tmp_path: Path) -> None:
    rows.make_project("stays")
    copy = archives.write(tmp_path / "copy.tar").path
    script = (
        "import sys; from backend import in_use; from backend.config import settings;"
        "in_use.hold(settings().folder); print(1, flush=True); sys.stdin.read()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"1\n"
        with pytest.raises(Conflict, match="a web process, a worker or a command"):
            archives.restore(copy)
        other.communicate()
    lock = executors.claim("other-0")
    try:
        with pytest.raises(Conflict, match="other-0 runs"):
            archives.restore(copy)
    finally:
        lock.release()
    with closing(sqlite3.connect(settings().folder / "rondo.db")) as db:
        db.execute("SELECT count(*) FROM projects").fetchone()
        with pytest.raises(Conflict, match=r"has the database .* open"):
            archives.restore(copy)
    with in_use.alone(settings().folder):
        late = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
        assert b"is being restored" in late.stderr
    assert projects() == ["stays"]
    assert is_untouched()
    archives.restore(copy)


def test_a_damaged_database_is_replaced(database: str, tmp_path: Path) -> None:
    rows.make_project("then")
    copy = archives.write(tmp_path / "copy.tar").path
    dispose()
    put("rondo.db", "no database" * 1000)
    archives.restore(copy)
    assert projects() == ["then"]
    (kept,) = settings().folder.glob("replaced-*/rondo.db")
    assert kept.read_text() == "no database" * 1000
    dispose()
    (settings().folder / "rondo.db").unlink()
    put("rondo.db-wal", "left alone")
    archives.restore(copy)
    assert projects() == ["then"]
    (log,) = settings().folder.glob("replaced-*/rondo.db-wal")
    assert log.read_text() == "left alone"


def test_a_damaged_backup_changes_nothing(database: str, tmp_path: Path) -> None:
    rows.make_project("stays")
    whole = archives.write(tmp_path / "whole.tar").path.read_bytes()
    broken, changed = tmp_path / "broken.tar", tmp_path / "changed.tar"
    broken.write_bytes(whole[: len(whole) // 2])
    changed.write_bytes(whole.replace(b"stays", b"other"))
    for path, says in ((broken, "no whole backup"), (changed, "is damaged"), (tmp_path / "none", "no file")):
        with pytest.raises(InvalidInput, match=says):
            archives.restore(path)
    with session() as db:
        assert db.get_one(tables.Project, 1).name == "stays"
    assert is_untouched()


def forged(path: Path, files: list[str], reply: Any) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, text in [*((name, b"x") for name in files), ("manifest.json", json.dumps(reply).encode())]:
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return path


def test_a_file_says_nothing_that_is_believed(database: str, tmp_path: Path) -> None:
    path, x = tmp_path / "forged.tar", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    fields = {"bytes": 1, "sha256": x}
    good: dict[str, Any] = {"format": 1, "database": "rondo.db", "left_out": [], "files": {"rondo.db": fields}}
    out_of_it = ["../x", "/x", "data/../x", "data//x", "data", "x", ".", "rondo.db"]
    own = ["executors/w.lock", "rondo.db", "rondo.db-wal", "restoring.json", "in-use.lock", "backups/b.tar"]
    for number, name in enumerate([*out_of_it, *(f"data/{name}" for name in own)]):
        with pytest.raises(InvalidInput, match="which no backup of Rondo does"):
            members.unpack(forged(path, ["rondo.db", name], good), tmp_path / f"name{number}")
    for number, names in enumerate((["data/a", "data/a/b"], ["data/a/b", "data/a"])):
        with pytest.raises(InvalidInput, match="as a file and as a folder"):
            members.unpack(forged(path, ["rondo.db", *names], good), tmp_path / f"both{number}")
    bad: tuple[Any, ...] = ([], good | {"database": "../x"}, good | {"files": {}}, good | {"files": {"rondo.db": 1}})
    worse: tuple[Any, ...] = (
        {},
        good | {"files": []},
        good | {"left_out": 1},
        good | {"files": {"rondo.db": fields, "b": fields}},
        None,
    )
    for number, reply in enumerate((*bad, *worse)):
        with pytest.raises(InvalidInput, match=r"manifest that Rondo does not write|has format None"):
            members.unpack(forged(path, ["rondo.db"], reply), tmp_path / f"told{number}")
    assert members.unpack(forged(path, ["rondo.db"], good), tmp_path / "good").files == {"rondo.db": (1, x)}
    with pytest.raises(InvalidInput, match="cannot be read"):
        archives.restore(path)
    assert databases.name() == "rondo.db"
    assert is_untouched()
