"""The database's own files: opened by SQLite only, and missed when they are gone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend import demo
from backend.config import settings
from backend.db import dispose, reading, session, tables
from backend.errors import InvalidInput, MissingPrerequisite, NotFound
from backend.files import is_private
from backend.services import checkpoints, prompts
from backend.services.access import Actor
from backend.services.datasets import exports
from backend.services.people import accounts
from backend.values import DatasetType, Role
from tests import rows
from tests.integration import site
from tests.integration.calls import join, listeners
from tests.integration.canaries import META

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

OPENS_AND_CLOSES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM projects").fetchone()[0])
connection.close()
"""

LOSES = """
import os, sqlite3, subprocess, sys
path, other = sys.argv[1:]
ours = sqlite3.connect(path, isolation_level=None)
ours.execute("PRAGMA journal_mode=WAL")
ours.execute("INSERT INTO kept VALUES (1)")
if os.environ["OPENS"]:
    open(path, "rb").close()
subprocess.run([sys.executable, "-c", other, path], check=True)
ours.execute("INSERT INTO kept VALUES (2)")
os._exit(0)  # killed: what is committed is in the log
"""


def run(program: str, *arguments: object, **environment: str) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | environment, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize(("opens", "kept"), [("", "2"), ("1", "1")], ids=["SQLite only", "opened past SQLite"])
def test_what_this_is_about(database: str, tmp_path: Path, opens: str, kept: str) -> None:
    """Opening and closing the file in the process that holds it loses what is committed after another closes it."""
    path = tmp_path / "kept.db"
    other = OPENS_AND_CLOSES.replace("projects", "kept")
    run("import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE kept (n)')", path)
    run(LOSES, path, other, OPENS=opens)
    assert run(other, path) == kept


def number_of_projects() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(tables.Project)) or 0


def model_that_names(folder: Path, target: str) -> Path:
    """A model whose list of weights names another file."""
    shutil.copytree(demo.MODEL_FOLDER, folder)
    index = {"weight_map": {"a": target}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_naming_the_database_in_every_way_loses_nothing(database: str, tmp_path: Path) -> None:
    accounts.local_owner()
    project = rows.make_project()
    curator = rows.make_actor(project, Role.admin)
    path = settings().folder / "rondo.db"
    imports, models = settings().folder / "imports", settings().folder / "models"
    imports.mkdir()
    (imports / "hard.jsonl").hardlink_to(path)
    (imports / "soft.jsonl").symlink_to(path)
    model_that_names(models / "up", "../../rondo.db")
    linked = model_that_names(models / "linked", "model-1.safetensors")
    (linked / "model-1.safetensors").hardlink_to(path)
    with site.signed_in(curator) as client:
        for fn in listeners()[:20]:
            file = {"path": str(path), "meta": META}
            _, address, how = join(fn._id, [file] * max(1, len(fn.inputs)), "x", file)
            client.post(address, **how)
            with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "x"}) as pieces:
                pieces.close()
        client.get(f"/gradio_api/file={path}")
    for name in ("hard.jsonl", "soft.jsonl", "../rondo.db"):
        with pytest.raises(InvalidInput):
            prompts.preview(curator, project.id, name)
        with pytest.raises(InvalidInput):
            prompts.import_file(curator, project.id, "x", name)
    assert prompts.importable(curator, project.id) == []
    shell = Actor(curator.user_id, curator.name, via="cli")
    with pytest.raises(InvalidInput, match="Rondo's own"):
        prompts.preview(shell, project.id, path)
    for location in ("models/up", "models/linked", "."):
        with pytest.raises(InvalidInput):
            checkpoints.register(curator, project.id, name="c", location=location)
    before = number_of_projects()
    assert run(OPENS_AND_CLOSES, path) == str(before)
    rows.make_project("kept")
    assert run(OPENS_AND_CLOSES, path) == str(before + 1)
    with site.visitor() as client:
        assert client.get("/healthz").text == "ok"


def test_an_export_does_not_overwrite_the_database(database: str) -> None:
    project = rows.make_project()
    prompt_set = rows.make_prompt_set(project, "p", prompts=["a"])
    round_ = rows.make_round(project, rows.make_checkpoint(project), sets=[prompt_set])
    dataset = rows.make_dataset(round_, DatasetType.prompt_completion, [])
    admin = rows.make_actor(project, Role.admin)
    shell = Actor(admin.user_id, admin.name, via="cli")
    with pytest.raises(InvalidInput, match="would be lost"):
        exports.export(shell, dataset.id, out=settings().folder / "rondo.db")


def lose(how: str, path: Path) -> None:
    if how == "replaced":
        shutil.copy(path, path.with_name("other.db"))
        path.with_name("other.db").replace(path)
    else:
        Path(f"{path}{'-wal' if how == 'its log' else ''}").unlink()


@pytest.mark.parametrize("how", ["deleted", "replaced", "its log"])
def test_a_database_that_is_gone_is_noticed_and_nothing_more_is_promised(database: str, how: str) -> None:
    accounts.local_owner()
    rows.make_project()
    path = settings().folder / "rondo.db"
    with site.visitor() as client:
        assert client.get("/healthz").status_code == 200
        aside = shutil.copytree(settings().folder, settings().folder.parent / "aside")
        lose(how, path)
        answer = client.get("/healthz")
        assert answer.status_code == 503
        assert str(path) not in answer.text, "anybody may ask"
        assert "Stop Rondo" in answer.text
        with pytest.raises(MissingPrerequisite, match="deleted or replaced"), session():
            pass
        dispose()
        for file in aside.glob("rondo.db*"):
            shutil.copy(file, settings().folder)
        with session():
            pass
        assert client.get("/healthz").text == "ok"
    assert number_of_projects() == 1


def test_connections_that_come_and_go_are_no_loss(database: str) -> None:
    """The log is made anew after the last connection is closed."""
    for _ in range(3):
        rows.make_project(f"p{number_of_projects()}")
        dispose()
    with reading(), reading(), session():
        pass
    assert number_of_projects() == 3


@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device", "folder", "process", "hole"])
def test_what_is_no_file_is_not_imported(database: str, kind: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    imports = settings().folder / "imports"
    imports.mkdir()
    place = imports / "odd.jsonl"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "hole":
        with place.open("wb") as file:
            file.truncate(17 * 1024**3)
    elif kind != "device":
        place.symlink_to("/dev/zero" if kind == "link to a device" else "/proc/self/environ")
    with pytest.raises((InvalidInput, NotFound)):
        prompts.preview(curator, project.id, "/dev/zero" if kind == "device" else place.name)
    assert prompts.importable(curator, project.id) == ([place.name] if kind == "hole" else [])


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"])
def test_a_model_that_is_no_files_is_refused(database: str, name: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    for kind in ("pipe", "/dev/zero", "secret"):
        folder = settings().folder / "models" / kind.strip("/").replace("/", "-")
        shutil.copytree(demo.MODEL_FOLDER, folder)
        place = folder / name
        place.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "secret":
            (settings().folder / "secret.key").write_text("k")
            place.hardlink_to(settings().folder / "secret.key")
            assert is_private(place)
        else:
            place.symlink_to(kind)
        with pytest.raises(InvalidInput, match=r"no file but|Rondo's own"):
            checkpoints.register(curator, project.id, name="c", location=str(folder))
