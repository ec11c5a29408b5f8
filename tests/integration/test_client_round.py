"""The program of the how-to, on an empty installation with a tiny model; the client as a package of its own."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.jobs import ACTIVE, transitions
from backend.pipeline.run import run_job
from backend.services.people import accounts, sessions
from tests import rows
from tests.integration import site
from tests.tiny import make_tiny_model
from tests.waiting import until

pytestmark = pytest.mark.on_sqlite

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/use-python.md"


def program() -> str:
    [block] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client alone, as it is where no Rondo is."""
    shutil.copytree(ROOT / "app/client", tmp_path / "alone/rondo_client")
    monkeypatch.syspath_prepend(tmp_path / "alone")
    yield importlib.import_module("rondo_client")
    for name in [name for name in sys.modules if name.partition(".")[0] == "rondo_client"]:
        del sys.modules[name]


def work_until(is_over: Any) -> None:
    """What a worker does, here: a process of its own takes seconds for each job."""
    while not is_over():
        with reading() as db:
            job = db.scalars(select(tables.Job).where(tables.Job.status.in_(ACTIVE))).first()
        if job is None:
            until(lambda: is_over() or has_work(), "the program's next act")
        else:
            attempt = transitions.start(job.id, job.workflow_id, "here")
            assert attempt is not None
            run_job(job.id, attempt)


def has_work() -> bool:
    with reading() as db:
        return db.scalar(select(tables.Job.id).where(tables.Job.status.in_(ACTIVE)).limit(1)) is not None


def test_the_how_to_runs_from_nothing_to_a_checkpoint_in_25_lines(
    database: str, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = program()
    assert len([line for line in code.splitlines() if line.strip()]) <= 25
    monkeypatch.chdir(tmp_path)
    problems = [{"prompt": f"What is {n} + 3?", "answer": str(n + 3)} for n in range(8)]
    Path("problems.jsonl").write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1)
    _, secret = sessions.create_token(accounts.local_owner(), name="program")
    monkeypatch.setenv("RONDO_URL", site.address())
    monkeypatch.setenv("RONDO_TOKEN", secret)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            exec(compile(code, PAGE, "exec"), {})
        except BaseException as error:
            failures.append(error)

    running = threading.Thread(target=run, daemon=True)
    running.start()
    work_until(lambda: not running.is_alive())
    assert failures == []
    status, names = capsys.readouterr().out.splitlines()
    assert status == "done"
    assert "'base'" in names
    assert names.count("'") == 4
    accepted = [json.loads(line) for line in Path("accepted.jsonl").read_text().splitlines()]
    assert {(content["label_by"], content["decisions"][0]["note"]) for content in accepted} == {
        ("person", "By program.")
    }
    assert [len(path.read_text().splitlines()) for path in Path().glob("rows-*.jsonl")] == [len(accepted)]


def test_a_refusal_and_a_list_of_several_pages(database: str, client: Any) -> None:
    _, secret = sessions.create_token(accounts.local_owner(), name="program")
    for name in ("a", "b", "c"):
        rows.make_project(name)
    with client.Rondo(site.address(), secret) as rondo:
        assert [entry["name"] for entry in client.every(rondo.projects.list_projects, limit=2)] == ["a", "b", "c"]
        with pytest.raises(client.Refused, match="There is no recipe") as refused:
            rondo.recipes.get_registered("no such recipe?")
    assert (refused.value.status, refused.value.kind) == (404, "NotFound")
    with client.Rondo(site.address(), "wrong") as rondo, pytest.raises(client.Refused, match="not signed in"):
        rondo.projects.list_projects()


def test_the_client_is_a_package_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app/client", tmp_path / "client")
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=tmp_path / "client", check=True, capture_output=True
    )
    [wheel] = tmp_path.glob("rondo_client-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("rondo_client/")}
    modules = {"__init__", "client", "connection", "routes", "shapes"}
    assert held == {f"rondo_client/{name}.py" for name in modules} | {"rondo_client/py.typed"}
