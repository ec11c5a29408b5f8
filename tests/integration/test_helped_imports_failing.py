"""A large import that fails on the way, by a full disk, a kill or what no database holds, leaves nothing half done."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import reading, tables
from backend.db.numbered import write_file
from backend.errors import InvalidInput, MissingPrerequisite
from backend.helper_process import HelperProcess
from backend.services import unfinished
from backend.services.imports import chunks, importing
from tests.integration.test_helped_imports import wait_for_end
from tests.integration.test_sample_imports import ASKED, THREE, Place, everything
from tests.integration.test_unfinished_imports import MANY, num_projects

pytestmark = pytest.mark.on_sqlite


def test_a_full_disk_is_said_as_such_and_leaves_nothing(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the files of rows SQLite says it, and not the system."""
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)
    place, connect = Place(), sqlite3.connect
    before = everything()

    def connect_small(path: Path, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        if Path(path).name == "rows-1":
            connection.execute("PRAGMA max_page_count = 12")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_small)
    with pytest.raises(MissingPrerequisite, match=r"^The disk of .* is full; nothing was imported"):
        place.bring(tmp_path, [*THREE, {**THREE[0], "id": "huge", "response": "long " * 20_000}, *MANY[4:]])
    assert everything() == before
    assert num_projects() == 1
    monkeypatch.undo()
    assert place.bring(tmp_path, MANY).num_samples == 6


def test_a_file_whose_name_is_no_utf8_is_imported(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name stands on each decision."""
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)
    place = Place()
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl"))
    place.file(tmp_path, MANY).rename(path)
    assert importing.import_samples(place.curator, place.project.id, path, ASKED).num_decisions == 3
    with reading() as db:
        assert {value["imported"]["file"] for value in db.scalars(select(tables.Decision.value))} == {
            "caf\\udce9.jsonl"
        }


@pytest.mark.parametrize("value", ["half of \ud83d", 2**63], ids=["text", "number"])
def test_what_no_database_holds_is_refused_in_words(tmp_path: Path, value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"half of an emoji|more than 64 bits"):
        write_file(tmp_path / "rows", {tables.Prompt: [(1, value)]}, {tables.Prompt: "id, text"})


def full(path: str) -> Any:
    """One item, and then no room."""
    yield path
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def test_a_full_disk_of_the_helper_is_raised_as_if_there_were_none(tmp_path: Path) -> None:
    with HelperProcess() as helper:
        items = helper.ahead(full, "rows")
        assert next(items) == "rows"
        with pytest.raises(OSError, match="No space left") as raised:
            next(items)
        assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, "rows")
        assert next(helper.ahead(full, "more")) == "more"


CHILD = """
import os, signal, sys
from pathlib import Path
from backend.db.numbered import NumberedRows
from backend.helper_process import HelperProcess
from backend.services import unfinished
from backend.services.access import Actor
from backend.services.imports import chunks, importing, prepared, staging
chunks.ROWS_AT_ONCE, staging.LARGE, prepared.MANY, unfinished.REST_SECONDS = 2, 0, 0, 0.0
insert, start, helpers, files = NumberedRows.insert, HelperProcess._started, [], []
def started(helper):
    helpers.append(start(helper).pid)
    return helper._process
def die(rows, *given):
    insert(rows, *given)
    files.append(1)
    if len(files) == 2:
        print(helpers[0], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
NumberedRows.insert, HelperProcess._started = die, started
people = {"ann": "ann", "bob": "bob"}
asked = importing.ImportRequest("Old project", people=people)
importing.import_samples(Actor(int(sys.argv[1]), "cleo", via="cli"), int(sys.argv[2]), Path(sys.argv[3]), asked)
"""


def test_a_kill_while_a_file_of_rows_is_attached_leaves_whole_chunks_and_no_helper(
    database: str, tmp_path: Path
) -> None:
    place = Place()
    path = place.file(tmp_path, MANY)
    argv = [sys.executable, "-c", CHILD, str(place.curator.user_id), str(place.project.id), str(path)]
    environment = os.environ | settings().environment()
    died = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert num_projects() == 2, "the hidden project is there, with the chunk before"
    assert everything()[4] == 1
    wait_for_end(int(died.stdout))
    assert place.bring(tmp_path, MANY).num_samples == 6
    assert (num_projects(), everything()[4]) == (1, 6)
