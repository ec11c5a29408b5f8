"""Whatever dies while a round is archived or restored: it is gone on from, either way, and no row is lost."""

import os
import signal
import subprocess
import sys

import pytest

from backend.config import settings
from backend.db import reading, tables
from backend.errors import MissingPrerequisite
from backend.services import round_archive
from backend.services.access import Actor
from backend.services.round_archive import columns, files
from tests.integration.archiving import place as place  # a fixture
from tests.integration.archiving import snapshot

KILLED = """
import os, sys
from backend.services import round_archive
from backend.services.access import Actor
from backend.services.projects import deletion

user_id, round_id, last = map(int, sys.argv[1:])
with deletion.alone():
    for number, _ in enumerate(round_archive.archive_steps(Actor(user_id, "admin"), round_id), 1):
        if number == last:
            os.kill(os.getpid(), 9)
"""


@pytest.mark.on_sqlite
def test_a_death_at_any_step_is_gone_on_from_either_way(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before = snapshot()
    num_steps = sum(1 for _ in round_archive.archive_steps(admin, round_.id))
    steps_back = sum(1 for _ in round_archive.restore_steps(admin, round_.id))
    num_files = len([*columns.removed(1), *columns.beside(1)])
    assert snapshot() == before
    first = num_files + 3  # the first after which its files are whole
    for step in (2, first, first + 6, num_steps):
        for goes_on in (round_archive.archive, round_archive.restore):
            dying = round_archive.archive_steps(admin, round_.id)
            for _ in range(step):
                next(dying)
            view = goes_on(admin, round_.id)
            if goes_on is round_archive.archive:
                assert view.archive["state"] == "archived"
                round_archive.restore(admin, round_.id)
            assert snapshot() == before, step
            dying.close()
    for step in range(1, steps_back + 1, 9):
        round_archive.archive(admin, round_.id)
        dying = round_archive.restore_steps(admin, round_.id)
        for _ in range(step):
            next(dying)
        if step % 2:
            round_archive.archive(admin, round_.id)
        round_archive.restore(admin, round_.id)
        assert snapshot() == before, step
        dying.close()
    assert snapshot() == before


@pytest.mark.on_sqlite
def test_a_fault_while_files_are_written_changes_nothing(
    place: tuple[Actor, tables.Round], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, round_ = place
    before = snapshot()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "_write_whole", full)
        with pytest.raises(MissingPrerequisite, match=r"No space left on device\. Nothing of the round is gone"):
            round_archive.archive(admin, round_.id)
    assert snapshot() == before
    assert not [*(settings().folder / "archives").iterdir()]


@pytest.mark.on_sqlite
def test_a_killed_process_leaves_a_round_that_comes_back(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before, num_files = snapshot(), len([*columns.removed(1), *columns.beside(1)])
    texts = [str(n) for n in (admin.user_id, round_.id, num_files + 8)]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run([sys.executable, "-c", KILLED, *texts], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    with reading() as db:
        assert db.get_one(tables.Round, round_.id).archive["state"] == "leaving"
    assert len(snapshot()["examples"]) < len(before["examples"])
    assert round_archive.restore(admin, round_.id).archived_at is None
    assert snapshot() == before
