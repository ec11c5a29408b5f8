"""Shared files: what one machine made another one has, and what nothing refers to goes, there as in the data folder."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from app.cli.commands import app
from backend import shared_files
from backend.config import reread, settings
from backend.db import reading, session, tables
from backend.engines._model_check import CheckLevel
from backend.errors import Conflict, MissingPrerequisite, PermissionDenied
from backend.pipeline import bind, export_places
from backend.services import archived, installation, round_archive
from backend.services.access import Actor
from backend.services.datasets import scans
from backend.services.operations import archives, clean_up, examination, shared_leftovers, sharing
from backend.services.people import accounts
from backend.services.plans import contexts
from backend.services.projects import deletion, own_files, trash
from backend.services.round_archive import files as archive_files
from backend.shared_files import FileList, FileStore
from backend.shared_files.driver import Driver
from backend.shared_files.store import OWNER
from backend.values import DatasetType, Role, RoundStatus
from tests import rows
from tests.integration.archiving import leaving
from tests.integration.archiving import place as place  # a fixture

pytestmark = pytest.mark.on_sqlite
Move = Callable[[str], Path]


@pytest.fixture
def move(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Move:
    """Shares files from now on; goes to another machine of the installation, with a data folder of its own."""
    monkeypatch.setenv("RONDO_FILES_URL", str(tmp_path / "shared"))

    def move(machine: str) -> Path:
        monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / machine))
        reread()
        return settings().folder

    move("data")
    return move


def lay(within: str) -> Path:
    path = settings().folder / within
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(within)
    return path


def shared_names() -> list[str]:
    return [entry.name for entry in sharing.list_all(accounts.local_owner())]


def test_another_machine_restores_an_archived_round(move: Move, place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    accounts.local_owner()
    held = leaving(round_.id)
    round_archive.archive(admin, round_.id)
    name = f"archives/round-{round_.id}"
    assert shared_names() == [name]
    assert shared_leftovers.look(time.time() + 60) == []
    move("other")
    assert not archived.place(round_.id).exists()
    round_archive.restore(admin, round_.id)
    assert leaving(round_.id) == held
    later = time.time() + 60
    assert shared_leftovers.look(time.time() - 60) == []
    leftovers = shared_leftovers.look(later)
    assert [(entry.path, entry.why, entry.is_shared) for entry in leftovers] == [
        (name, f"round {round_.id} is not archived", True)
    ]
    gone = shared_leftovers.delete(later)
    assert [entry.path for entry in gone] == [name, "content"]
    assert gone[0].num_bytes == gone[1].num_bytes > 0
    assert (shared_names(), shared_leftovers.look(later)) == ([], [])


def test_a_round_that_two_machines_archived_in_turn_comes_back_from_its_newest_archive(
    move: Move, place: tuple[Actor, tables.Round]
) -> None:
    (admin, round_), owner = place, accounts.local_owner()
    for machine in ("data", "other"):
        move(machine)
        installation.tie_folder()
        round_archive.archive(admin, round_.id)
        if machine == "data":
            move("other")
            round_archive.restore(admin, round_.id)
            with session() as db:
                db.execute(update(tables.Sample).where(tables.Sample.round_id == round_.id).values(text="since"))
    name = f"archives/round-{round_.id}"
    newest = archive_files.hash_of(archived.place(round_.id))
    move("data")
    assert archive_files.hash_of(archived.place(round_.id)) != newest
    assert list(sharing.share_all(owner)) == [sharing.SharedName(name, is_shared=False)]
    sharing.bring_archives()
    assert archive_files.hash_of(archived.place(round_.id)) == newest
    assert sorted(path.name for path in archived.place(round_.id).parent.iterdir()) == [archived.place(round_.id).name]
    round_archive.restore(admin, round_.id)
    with reading() as db:
        assert set(db.scalars(select(tables.Sample.text).where(tables.Sample.round_id == round_.id))) == {"since"}


def test_nothing_waits_for_an_address_that_is_down_but_what_needs_it(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    installation.tie_folder()
    rows.make_checkpoint(
        project, location="checkpoints/round-1-ab/final", engine={"name": "transformers", "model": "m"}
    )

    def down(*_: object) -> None:
        raise OSError("the line is down")

    monkeypatch.setattr(Driver, "read", down)
    monkeypatch.setattr(Driver, "below", down)
    assert bind.resolve("org/model") == "org/model"
    assert bind.lies_elsewhere({"name": "transformers", "model": "checkpoints/round-1-ab/final"})
    assert not bind.lies_elsewhere({"name": "transformers", "model": "org/model"})
    export_places.forget_old_shared()
    backup = archives.write()
    assert (backup.left_out, backup.shared) == (["checkpoints/round-1-ab/final"], [])
    with pytest.raises(MissingPrerequisite, match="the line is down"):
        bind.resolve("checkpoints/round-1-ab/final")


def test_what_a_worker_is_given_is_shared_before_the_transaction_and_lies_nowhere_else(
    move: Move, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    curator = rows.make_actor(project, Role.curator)
    samples = rows.make_samples(round_, rows.make_prompt_set(project, prompts=1), n=2)
    (a, b), message = samples[:2], [{"role": "user", "content": "?"}]
    row = {"prompt_id": a.prompt_id, "sample_id": a.id, "rejected_id": b.id, "messages": message}
    dataset = rows.make_dataset(round_, DatasetType.preference, [row])
    (reference := tmp_path / "bench.txt").write_text("a question of a benchmark\n")
    put = FileStore.put

    def outside(self: FileStore, *given: Any, **how: Any) -> FileList:
        with session() as db:  # on SQLite one writes at a time: this would wait for an open one
            db.execute(update(tables.Project).values(description="free"))
        return put(self, *given, **how)

    monkeypatch.setattr(FileStore, "put", outside)
    scan_id = scans.start(curator, dataset.id, reference=reference)
    (name,) = FileStore.names(shared_files.store(), "exports/")  # type: ignore[arg-type]
    assert not list(settings().folder.glob("exports/*"))
    with pytest.raises(Conflict, match="looks through dataset"):
        scans.start(curator, dataset.id, reference=reference)
    assert shared_names() == [name], "what no job came of is taken back"
    with reading() as db:
        job_id = db.get_one(tables.Scan, scan_id).job_id
        assert name.removeprefix("exports/") == db.get_one(tables.Job, job_id).spec["file"]
        assert name in own_files.patterns(db, [project.id])


def test_what_no_row_names_is_found_and_checkpoints_and_jobs_of_rounds_are_kept(move: Move) -> None:
    project, owner = rows.make_project(), accounts.local_owner()
    done, failed = (
        rows.make_round(project, number=n, status=status)
        for n, status in enumerate((RoundStatus.done, RoundStatus.failed), 1)
    )
    used, resumed = f"checkpoints/round-{done.id}-used/final", f"checkpoints/round-{failed.id}-resumed/final"
    left = ["checkpoints/round-999-ab/final", f"checkpoints/round-{done.id}-old/final", "jobs/999/log.txt"]
    for name in (used, resumed, "models/mine", *left):
        shared_files.share(lay(f"{name}/model.safetensors").parent if "log" not in name else lay(name))
    checkpoint = rows.make_checkpoint(project, location=used, engine={"name": "transformers", "model": used})
    later = time.time() + 60
    assert sorted(entry.path for entry in shared_leftovers.look(later)) == sorted(left)
    with pytest.raises(PermissionDenied):
        clean_up.find(rows.make_actor(project, Role.admin))
    assert clean_up.find(owner) == [], "all of it is young"
    assert {entry.path for entry in shared_leftovers.delete(later)} == {*left, shared_leftovers.CONTENT}
    assert shared_names() == sorted([used, resumed, "models/mine"])
    folder = move("other")
    assert bind.resolve(used) == str(folder / used)
    assert (folder / used / "model.safetensors").read_text() == f"{used}/model.safetensors"
    assert bind.resolve("org/model") == "org/model"
    move("third")
    assert contexts.context_of(checkpoint) is None, "no form waits for what another machine made"
    backup = archives.write()
    assert (backup.left_out, backup.shared) == ([used], [used])
    assert sharing.missing(owner) == []
    entry = trash.get(owner, trash.put_project(owner, project.id))
    deletion.delete_for_good(owner, entry.id, entry.trashed_at)
    assert shared_names() == ["models/mine"]


def test_only_what_this_machine_has_is_shared_later_and_the_rest_is_named(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, owner = rows.make_project(), accounts.local_owner()
    installation.tie_folder()
    here, gone = "checkpoints/round-1-ab/final", "checkpoints/round-2-ab/final"
    lay(f"{here}/model.safetensors")
    for location in (here, gone, "org/model"):
        rows.make_checkpoint(project, location=location, engine={"name": "transformers", "model": location})
    assert list(sharing.share_all(owner)) == [sharing.SharedName(here, is_shared=True)]
    assert (shared_names(), sharing.missing(owner)) == ([here], [gone])
    with pytest.raises(PermissionDenied):
        list(sharing.share_all(rows.make_actor(project, Role.admin)))
    shared, listed = (CliRunner().invoke(app, ["files", verb]) for verb in ("share", "list"))
    assert f"{gone} is neither here nor shared: share it from the machine that has it." in shared.output
    assert (shared.exit_code, "1 are shared at file://" in shared.output) == (0, True)
    assert (listed.exit_code, here in listed.output) == (0, True)
    later = time.time() + 60
    with session() as db:
        db.execute(update(tables.Checkpoint).values(location="", engine={"name": "scripted"}))
    monkeypatch.setattr(clean_up, "_latest", lambda hours: later)
    cleaned = CliRunner().invoke(app, ["clean-up", "--delete", "--yes"])
    assert (cleaned.exit_code, f"shared: {here}" in cleaned.output) == (0, True)
    assert shared_names() == []


def test_files_of_another_database_are_left_alone_and_the_doctor_tries_the_address(
    move: Move, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = shared_files.store()
    assert files is not None
    installation.tie_files()
    assert files.owner() is None, "nothing is a database's that has no account"
    files.note_owner("another")
    with pytest.raises(Conflict, match="are not those of the database"):
        installation.tie_files()
    files._driver.remove(OWNER)
    accounts.local_owner()
    [line] = examination._shared_files()
    assert (line.outcome, "written, read and deleted at file://" in line.text) == (CheckLevel.passed, True)
    assert [*examination._owner()] == []
    installation.tie_files()
    assert files.owner() == installation.database_id()
    files.note_owner("another")
    for asked in (installation.tie_files, clean_up.look):
        with pytest.raises(Conflict, match="are not those of the database"):
            asked()
    [line] = examination._owner()
    assert (line.name, line.outcome) == ("shared files", CheckLevel.fail)
    lay("shared")  # a file where a folder should be
    monkeypatch.setenv("RONDO_FILES_URL", str(settings().folder / "shared"))
    reread()
    [line] = examination._shared_files()
    assert (line.outcome, line.text.startswith("Nothing can be written at file://")) == (CheckLevel.fail, True)
    monkeypatch.setenv("RONDO_FILES_URL", "")
    reread()
    [line] = examination._shared_files()
    assert (line.outcome, shared_leftovers.look(0)) == (CheckLevel.absent, [])
    with pytest.raises(MissingPrerequisite, match="No files are shared"):
        shared_names()
