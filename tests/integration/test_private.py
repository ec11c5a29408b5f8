"""The data folder is its owner's: modes of what is there and of what comes, seen from outside the process."""

import json
import logging
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend import private
from backend.config import reread, settings
from backend.jobs import transitions
from backend.pipeline import run as pipeline_run
from backend.services import demo, rounds
from backend.services.people import accounts
from backend.services.plans import recipe_choice
from backend.values import RoundStatus
from tests.integration.loop import Loop

OPEN = {"rondo.db": 0o644, "models/m/model.safetensors": 0o664, "secret.key": 0o600, "models/run.sh": 0o755}


@pytest.fixture(autouse=True)
def umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that would leave everything readable, as most are started; the tests' own is left as it was."""
    before = os.umask(0o022)
    yield
    os.umask(before)
    monkeypatch.undo()
    reread()


def modes(folder: Path) -> dict[str, int]:
    fields = {".": stat.S_IMODE(folder.stat().st_mode)}
    return fields | {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


def rondo(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"RONDO_DATA_DIR": str(folder), "RONDO_DATABASE_URL": ""} | settings
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def make_open(folder: Path) -> None:
    for name, mode in OPEN.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        path.chmod(mode)
    folder.chmod(0o755)


def test_what_the_command_line_makes_is_closed_and_what_was_open_before_is_closed_with_a_word(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "weights").write_text("x")
    outside = tmp_path / "outside"
    outside.write_text("x")
    (folder / "link").symlink_to(outside)
    done = rondo(folder, "user", "add", "Ada", "--owner")
    backup = json.loads(rondo(folder, "db", "backup", "--json").stdout)
    numbers = modes(folder)
    assert "rondo.db" in numbers
    assert Path(backup["file"]).exists()
    assert {name: oct(mode) for name, mode in numbers.items() if mode & 0o077} == {}
    assert f"{folder} could be read by others; 3 files and folders" in done.stderr
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644, "what a link leads to is not ours"
    assert "could be read" not in rondo(folder, "user", "list").stderr


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_of_the_demo_and_a_round_of_it_can_be_read_by_others(database: str) -> None:
    """Files are copied from the package, imported, logged, and written by a training: all are the owner's alone."""
    folder = settings().folder
    private.keep()
    private.tighten(folder)
    actor = accounts.local_owner()
    project_id = demo.create(actor)
    plan = rounds.defaults(actor, project_id)
    changes = {
        "generator": {"n": 4},
        "judge": {"name": "countdown"},
        "trainer": {"max_steps": 1},
        "mix_share": 0.0,
        "metrics": [],
    }
    recipe = recipe_choice.changed(plan.recipe, changes)
    round_id = rounds.launch(actor, project_id, replace(plan, recipe=recipe, num_prompts=8, is_reviewed=False))
    while (job := Loop.waiting(round_id)) is not None:
        attempt = transitions.start(job.id, job.workflow_id, "here")
        assert attempt is not None
        pipeline_run.run_job(job.id, attempt)
    ended = rounds.get(actor, round_id)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    numbers = modes(folder)
    assert {"models", "rondo.db"} < numbers.keys()
    assert len([name for name in numbers if name.endswith(".safetensors")]) > 1, "the base and what was trained"
    assert {name: oct(mode) for name, mode in numbers.items() if mode & 0o077} == {}


def test_a_childs_files_are_closed_however_it_was_started(tmp_path: Path) -> None:
    code = "import os; from backend.jobs.child import guard; guard(); open('made', 'w').close(); os.mkdir('folder')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700


def test_only_what_others_can_reach_is_changed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_open(tmp_path)
    with caplog.at_level(logging.WARNING, "rondo.private"):
        private.tighten(tmp_path)
        private.tighten(tmp_path)
    assert modes(tmp_path) == {
        ".": 0o700,
        "models": 0o700,
        "models/m": 0o700,
        "rondo.db": 0o600,
        "models/m/model.safetensors": 0o600,
        "secret.key": 0o600,
        "models/run.sh": 0o700,
    }
    assert len(caplog.messages) == 1
    assert "6 files and folders" in caplog.messages[0]


def test_the_group_keeps_its_access_where_the_settings_say_so(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    make_open(folder)
    folder.chmod(0o2775)
    (folder / "rondo.db").unlink()
    rondo(folder, "user", "list", RONDO_GROUP_ACCESS="true")
    numbers = modes(folder)
    assert numbers["."] == 0o2770
    assert numbers["rondo.db"] == 0o660
    assert numbers["models/m/model.safetensors"] == 0o660
    assert not [name for name, mode in numbers.items() if mode & 0o007]


def test_a_home_folder_is_not_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_open(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with caplog.at_level(logging.WARNING, "rondo.private"):
        private.tighten(tmp_path)
    assert modes(tmp_path)["rondo.db"] == 0o644
    assert "no folder for Rondo alone" in caplog.messages[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_a_folder_of_somebody_else_is_used_as_it_is() -> None:
    """A volume that is mounted open and belongs to root: Rondo works there, and says what it could not close."""
    code = """
import os, sys
from pathlib import Path
from backend import private
folder = Path(sys.argv[1])
os.setuid(65534)
private.keep()
(folder / "made").write_text("x")
private.tighten(folder)
print(oct((folder / "made").stat().st_mode))
"""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        environment = os.environ | {"HOME": "/nonexistent"}
        done = subprocess.run(
            [sys.executable, "-c", code, name], env=environment, capture_output=True, text=True, check=False
        )
    assert done.stdout.strip() == "0o100600", done.stderr
    assert "1 files and folders belong to others" in done.stderr
