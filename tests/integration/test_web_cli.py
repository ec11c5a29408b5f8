"""The command line as a person meets it: real ports, one JSON object, and what a process says where it is one."""

import gc
import io
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app import web
from app.cli import main, serving
from backend import log
from backend.config import reread
from backend.db import dispose
from backend.errors import Conflict
from backend.values import RoundStatus, Stage
from tests import rows
from tests.installation import leave, point_at
from tests.waiting import until

ROOT = Path(__file__).parents[2]
Rondo = Callable[..., subprocess.CompletedProcess[str]]


def environment(folder: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    return clean | {"RONDO_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)} | more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def process(folder: Path, tmp_path: Path) -> Rondo:
    """Run `rondo` as the shell does."""

    def run(*arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            input=given,
            cwd=tmp_path,
            env=environment(folder, **more),
        )

    return run


@pytest.fixture
def rondo(
    folder: Path,
    tmp_path: Path,
    migrated_sqlite: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Rondo:
    """Run the same here, on an installation that is there already: a process takes seconds to import what it needs."""
    folder.mkdir()
    shutil.copy(migrated_sqlite, folder / "rondo.db")

    def run(*arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        mask = os.umask(0o077)
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            for name in [name for name in os.environ if name.startswith("RONDO_")]:
                patched.delenv(name)
            for name, value in ({"RONDO_DATA_DIR": str(folder)} | more).items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["rondo", *arguments])
            patched.setattr(sys, "stdin", io.StringIO(given))
            # What holds for the whole process from then on.
            patched.setattr(log, "setup", lambda: None)
            patched.setattr(serving, "_share_one_arena", lambda: None)
            dispose()
            reread()
            code: object = 0
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
        os.umask(mask)
        leave()
        reply = capsys.readouterr()
        if isinstance(code, int):
            return subprocess.CompletedProcess(arguments, code, reply.out, reply.err)
        return subprocess.CompletedProcess(arguments, 1, reply.out, f"{reply.err}{code}\n")  # as the interpreter ends

    return run


def output_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object on stdout."""
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    return json.loads(done.stdout)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr, without a traceback."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_what_ends_a_start_is_told_beside_the_one_result(
    rondo: Rondo, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def begin(_making: web._Making) -> None:
        until((folder / "address").exists, "the address")
        raise Conflict("Two parts are named alike.")

    monkeypatch.setattr(web._Making, "begin", begin)
    # In a thread of its own: a browser test before this one may have left a loop in this one.
    with ThreadPoolExecutor(1) as aside:
        done = aside.submit(rondo, "up", "--port", "0", "--no-worker", "--json").result()
    assert done.returncode == 1
    assert set(json.loads(done.stdout)) == {"address", "link", "user", "data_dir", "process_id"}
    assert done.stderr.splitlines()[-1] == "Rondo cannot go on, see the log above: Two parts are named alike."
    assert "Traceback" in caplog.text
    assert gc.isenabled()


def test_a_busy_port_that_was_asked_for_is_refused_with_a_way_out(process: Rondo, rondo: Rondo, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = refused(process("up", "--port", str(port), "--data-dir", str(tmp_path / "new")))
        assert message == (
            f"Port {port} of 127.0.0.1 is in use. Stop what uses it, or choose another: --port {port + 1}, or "
            f"RONDO_PORT={port + 1}."
        )
        assert not (tmp_path / "new").exists(), "nothing was made for what does not start"
        assert "is in use" in refused(rondo("up", RONDO_PORT=str(port)))


def test_a_setting_that_means_nothing_is_named(process: Rondo, rondo: Rondo) -> None:
    message = refused(process("user", "list", RONDO_PORT="abc"))
    assert message.startswith("RONDO_PORT is 'abc': ")
    done = rondo("user", "list", "--json", RONDO_PORT="abc")
    assert json.loads(done.stdout)["error"]["type"] == "InvalidInput"


def test_an_address_that_is_not_ours_is_refused(rondo: Rondo) -> None:
    assert "Choose --host and --port." in refused(rondo("up", "--host", "192.0.2.1", "--port", "0"))


def test_a_folder_that_cannot_be_written_is_refused_with_a_way_out(rondo: Rondo, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    message = refused(rondo("up", "--data-dir", str(blocked)))
    assert "cannot be written" in message
    assert "--data-dir" in message


def test_a_database_that_does_not_answer_is_named_without_its_password(rondo: Rondo) -> None:
    message = refused(rondo("user", "list", RONDO_DATABASE_URL="postgresql://ada:hunter2@127.0.0.1:1/x"))
    assert "does not answer" in message
    assert "hunter2" not in message


def test_users_are_added_linked_listed_and_shut_out(rondo: Rondo) -> None:
    ada = output_of(rondo("user", "add", "ada", "--owner", "--json"))
    assert "/login/link/" in ada["link"]
    assert rondo("user", "password", "ada", "--stdin", given="correct horse battery\n").returncode == 0
    assert "at least 10" in refused(rondo("user", "password", "ada", "--stdin", given="short\n"))
    assert output_of(rondo("user", "link", "ada", "--json"))["link"] != ada["link"]
    assert output_of(rondo("user", "deactivate", "ada", "--json")) == {"name": "ada", "is_active": False}
    users = {user["name"]: user for user in output_of(rondo("user", "list", "--json"))["users"]}
    assert (users["ada"]["is_active"], users["ada"]["has_password"]) == (False, True)
    assert users["owner"]["is_owner"] is True
    assert "There is no user named 'bob'" in refused(rondo("user", "link", "bob"))


def test_a_round_needs_a_project_and_says_so(rondo: Rondo) -> None:
    for command in (("round", "launch"), ("round", "status"), ("round", "list"), ("round", "close-review", "3")):
        assert "rondo demo" in refused(rondo(*command))


def test_prompts_are_previewed_and_imported(
    rondo: Rondo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at("", folder, monkeypatch)
    rows.make_project("Mine")
    leave()
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"q": "Name a river", "chosen": "Elbe", "rejected": "Alps"}\n')
    mapping = '{"prompt": "q", "chosen": "chosen", "rejected": "rejected"}'
    shown = rondo("prompts", "preview", str(file), "--mapping", mapping)
    assert "user: Name a river" in shown.stdout, shown.stderr
    assert "An imported completion, noted as rejected." in shown.stdout
    done = rondo("prompts", "import", str(file), "--name", "Pairs", "--mapping", mapping, "--json")
    assert json.loads(done.stdout)["num_completions"] == 2
    assert "The mapping cannot be read" in refused(
        rondo("prompts", "import", str(file), "--name", "x", "--mapping", "{")
    )


@pytest.mark.parametrize(("error", "code"), [("It kept nothing.", 1), (None, 0)])
def test_waiting_fails_where_a_round_went_back_to_people(
    rondo: Rondo, folder: Path, monkeypatch: pytest.MonkeyPatch, error: str | None, code: int
) -> None:
    point_at("", folder, monkeypatch)
    rows.make_round(rows.make_project(), status=RoundStatus.review, stage=Stage.review, error=error)
    leave()
    done = rondo("round", "wait", "1", "--json")
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["error"] == error


def test_a_dataset_that_is_not_there_cannot_be_exported(rondo: Rondo, tmp_path: Path) -> None:
    assert "dataset" in refused(rondo("export", "7", "--out", str(tmp_path / "x.jsonl")))
    assert not (tmp_path / "x.jsonl").exists()


def test_a_backup_is_a_database_that_opens_or_all_of_the_installation(rondo: Rondo, tmp_path: Path) -> None:
    output_of(rondo("user", "add", "ada", "--owner", "--json"))
    done = rondo("db", "backup", "--only-database", "--json")
    assert "are not in it" in done.stderr
    with closing(sqlite3.connect(output_of(done)["file"])) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT name FROM users ORDER BY id").fetchall() == [("owner",), ("ada",)]
    target = tmp_path / "mine.tar"
    assert output_of(rondo("db", "backup", str(target), "--json"))["files"] >= 1
    assert "exists already" in refused(rondo("db", "backup", str(target)))
    output_of(rondo("user", "add", "eve", "--owner", "--json"))
    output_of(rondo("db", "restore", str(target), "--yes", "--json"))
    assert [user["name"] for user in output_of(rondo("user", "list", "--json"))["users"]] == ["ada", "owner"]
    assert output_of(rondo("doctor", "--json"))["is_well"]


def test_the_schema_goes_down_and_up_again_and_keeps_the_rows(rondo: Rondo) -> None:
    output_of(rondo("user", "add", "ada", "--owner", "--json"))
    assert output_of(rondo("db", "downgrade", "0001", "--yes", "--json")) == {"revision": "0001"}
    assert output_of(rondo("db", "upgrade", "--json"))["revision"] == "head"
    assert len(output_of(rondo("user", "list", "--json"))["users"]) == 2


def test_a_wrong_option_is_explained(rondo: Rondo) -> None:
    done = rondo("up", "--port", "abc")
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, app.cli\ntry: app.cli.main()\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert "demo" in done.stdout
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert not loaded & {"gradio", "sqlalchemy", "dbos", "torch", "numpy", "plotly"}
