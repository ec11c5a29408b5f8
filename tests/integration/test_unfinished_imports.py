"""On SQLite an import is many short transactions: others write between them, and it is there whole or not at all."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound
from backend.services import prompts, round_trash, rounds, unfinished
from backend.services.imports import chunks, import_jobs
from backend.services.imports.importing import ImportRequest
from backend.services.projects import deletion, trash
from backend.services.prompts import staging as prompt_staging
from backend.services.samples import exports
from backend.services.unfinished import import_lock
from backend.values import Role, Split
from tests import rows
from tests.integration.test_sample_imports import ASKED, HOSTILE, THREE, Place, everything, work

pytestmark = pytest.mark.on_sqlite
MANY = [
    *THREE,
    HOSTILE,
    {"id": "long", "prompt": "2+2?", "response": "long " * 5_000, "score": 0.1, "label": "accept", "annotator": "bob"},
    {"id": "more", "prompt": "1+1?", "response": "\u3042\u00ad z", "level": None, "deep": {"a": [1, {"b": "\x01"}]}},
    THREE[0],
]
IDS = ("sample_id", "prompt_id", "round", "decisions")


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row or two are a transaction."""
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(prompt_staging, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)


def num_projects() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(tables.Project)) or 0


def exported(place: Place, folder: Path) -> list[dict[str, Any]]:
    """The project's samples as they leave, without what another database numbers otherwise."""
    out = folder / "out.jsonl"
    wanted = exports.ExportRequest((), exports.Filters(), exports.Sort(), "jsonl")
    exports.export(place.curator, place.project.id, wanted, out=out)
    read = [json.loads(line) for line in out.read_bytes().split(b"\n")[:-1]]
    for row in read:
        row["decided"] = [(entry["who"], entry["kind"]) for entry in row["decisions"]]
    return [{name: value for name, value in row.items() if name not in IDS} for row in read]


def beside(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> list[int]:
    """Have `act` called between two transactions with the number of the pause; return these numbers."""
    pauses: list[int] = []

    def pause(_since: float) -> None:
        pauses.append(len(pauses))
        act(pauses[-1])

    monkeypatch.setattr(unfinished, "rest", pause)
    return pauses


def test_what_comes_in_parts_is_what_comes_at_once(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, other = Place(), Place.__new__(Place)
    at_once = place.bring(tmp_path, MANY)
    other.project, other.curator = rows.make_project(), place.curator
    rows.make_checkpoint(other.project)
    with session() as db:
        for person, role in ((place.curator, Role.curator), (place.ann, Role.reviewer), (place.bob, Role.reviewer)):
            db.add(tables.Membership(project_id=other.project.id, user_id=person.user_id, role=role))
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)
    in_parts = other.bring(tmp_path, MANY)
    assert {**vars(at_once), "round_id": 0} == {**vars(in_parts), "round_id": 0}
    assert at_once.num_repeated == 1
    assert exported(place, tmp_path) == exported(other, tmp_path)
    before = everything()
    assert other.bring(tmp_path, MANY).num_samples == 0
    assert everything() == before
    assert num_projects() == 2


def test_others_write_between_two_transactions_and_see_nothing_of_it(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()
    first = place.bring(tmp_path, THREE[:1])
    seen: list[Any] = []

    def act(_pause: int) -> None:
        with sqlite3.connect(settings().folder / "rondo.db", timeout=0, isolation_level=None) as another:
            another.execute("BEGIN IMMEDIATE")  # as another process would
            another.execute("ROLLBACK")
        another.close()
        with reading() as db:
            newest = db.scalar(select(func.max(tables.Round.id)))
        assert newest is not None
        assert newest != first.round_id
        with pytest.raises(NotFound, match="There is no"):
            rounds.get(place.curator, newest)
        listed = [entry.name for entry in prompts.list_sets(place.curator, place.project.id)]
        seen.append((listed, round_trash.list_mine(place.curator), len(exported(place, tmp_path))))
        with session() as db:  # takes the ids that come next
            sample = db.get_one(tables.Sample, db.scalars(select(func.min(tables.Sample.id))).one())
            kept = {
                column.key: getattr(sample, column.key) for column in sample.__table__.columns if column.key != "id"
            }
            db.add(tables.Sample(**kept | {"split": Split.held_out, "kind": "probe", "position": _pause}))

    pauses = beside(monkeypatch, act)
    assert place.bring(tmp_path, MANY).num_samples == 5
    assert len(pauses) == 4
    assert seen == [(["Old project"], [], 1)] * 4
    assert len(exported(place, tmp_path)) == 6


CHILD = """
import os, signal, sys
from pathlib import Path
from backend.services import unfinished
from backend.services.access import Actor
from backend.services.imports import chunks, importing
from backend.services.prompts import intake, staging as prompt_staging
chunks.ROWS_AT_ONCE = prompt_staging.ROWS_AT_ONCE = 2
what, user_id, project_id, path, pause = sys.argv[1], *map(int, sys.argv[2:4]), Path(sys.argv[4]), int(sys.argv[5])
pauses = []
def die(_since):
    pauses.append(1)
    if len(pauses) > pause:
        os.kill(os.getpid(), signal.SIGKILL)
unfinished.rest = die
actor = Actor(user_id, "cleo", via="cli")
if what == "samples":
    people = {"ann": "ann", "bob": "bob"}
    importing.import_samples(actor, project_id, path, importing.ImportRequest("Old project", people=people))
else:
    intake.import_file(actor, project_id, "Old project", path, held_out_share=0.5)
"""


@pytest.mark.parametrize("what", ["samples", "prompts"])
@pytest.mark.parametrize("pause", [0, 2])
def test_a_killed_import_leaves_nothing_that_is_seen_and_the_next_one_clears_it(
    database: str, tmp_path: Path, what: str, pause: int
) -> None:
    place = Place()
    given = MANY if what == "samples" else [{"prompt": f"{n}+{n}?", "answer": str(2 * n)} for n in range(9)]
    path = place.file(tmp_path, given)
    argv = [sys.executable, "-c", CHILD, what, str(place.curator.user_id), str(place.project.id), str(path), str(pause)]
    environment = os.environ | settings().environment()
    died = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert num_projects() == 2, "what it wrote is there, hidden"
    assert everything()[2] > 0 if pause else everything()[2] == 0
    assert prompts.list_sets(place.curator, place.project.id) == []
    assert rounds.list_rounds(place.curator, place.project.id) == []
    assert round_trash.list_mine(place.curator) == []
    if what == "samples":
        done = place.bring(tmp_path, given)
        assert (done.num_samples, done.num_present, done.round_number) == (6, 0, 1)
        assert len(exported(place, tmp_path)) == 6
    else:
        unfinished.clear_left()
        assert sum(everything()) == 0
        report = prompts.import_file(place.curator, place.project.id, "Old project", path, held_out_share=0.5)
        assert report.num_imported == 9
    assert num_projects() == 1


def test_a_project_is_deleted_after_what_a_killed_import_left_and_not_under_one(database: str, tmp_path: Path) -> None:
    place = Place()
    owner = rows.make_actor(place.project, Role.admin, name="olga", is_owner=True)
    path = place.file(tmp_path, MANY)
    argv = [sys.executable, "-c", CHILD, "samples", str(place.curator.user_id), str(place.project.id), str(path), "2"]
    subprocess.run(argv, env=os.environ | settings().environment(), capture_output=True, check=False)
    entry_id = trash.put_project(owner, place.project.id)
    (entry,) = trash.list_mine(owner)
    with (settings().folder / import_lock.LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="under way, or what a killed one left is not deleted yet"):
            deletion.delete_for_good(owner, entry_id, entry.trashed_at)
    deletion.delete_for_good(owner, entry_id, entry.trashed_at)
    assert (num_projects(), sum(everything())) == (0, 0)


def test_what_is_left_is_not_cleared_while_an_import_is_under_way(database: str) -> None:
    place = Place()
    with session() as db:
        unfinished.hide(db, place.project.id)
    with (settings().folder / import_lock.LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        unfinished.clear_left()
        assert num_projects() == 2
    unfinished.clear_left()
    assert num_projects() == 1


def test_what_fails_between_leaves_nothing(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()

    def held_out(pause: int) -> None:
        if pause == 3:
            rows.make_prompt_set(place.project, "measured", prompts=["1+1?"], split=Split.held_out)

    with monkeypatch.context() as patched:
        beside(patched, held_out)
        with pytest.raises(Conflict, match="Meanwhile the prompt '1\\+1\\?', which samples of the file answer"):
            place.bring(tmp_path, MANY)
    assert everything() == [0, 1, 1, *[0] * 7]
    with session() as db:
        db.delete(db.scalars(select(tables.PromptSet)).one())

    def put_in_trash(pause: int) -> None:
        if pause == 1:
            trash.put_project(place.curator, place.project.id)

    with session() as db:
        db.get_one(tables.Membership, (place.project.id, place.curator.user_id)).role = Role.admin
    with monkeypatch.context() as patched:
        beside(patched, put_in_trash)
        with pytest.raises(NotFound, match="is in the trash"):
            place.bring(tmp_path, MANY)
    assert sum(everything()) == 0
    assert num_projects() == 1


def test_a_worker_imports_in_parts_and_frees_the_way_however_it_ends(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()

    def held_out(pause: int) -> None:
        if pause == 2:
            rows.make_prompt_set(place.project, "measured", prompts=["2+2?"], split=Split.held_out)

    asked = ImportRequest("Old", people=ASKED.people)
    with monkeypatch.context() as patched:
        pauses = beside(patched, held_out)
        started = import_jobs.start(place.curator, place.project.id, place.file(tmp_path, THREE), asked)
        work(started)
        assert len(pauses) == 2
    done = import_jobs.get(place.curator, started)
    assert done.result is not None, done.error
    assert (done.result.num_samples, done.result.num_decisions) == (3, 2)
    given = [{"id": f"n{n}", "prompt": f"{n}+2?", "response": "4"} for n in (0, 1, 2, 3, 4, 5)]
    before = everything()
    with monkeypatch.context() as patched:
        beside(patched, held_out)
        started = import_jobs.start(place.curator, place.project.id, place.file(tmp_path, given), asked)
        work(started)
    error = import_jobs.get(place.curator, started).error or ""
    assert "came into a held-out set" in error
    assert everything() == [before[0], before[1] + 1, before[2] + 1, *before[3:]]
    assert num_projects() == 1
    place.bring(tmp_path, given[3:])
