"""The trash: what goes there is seen no more, comes back as it was, and is deleted whole, also after a death."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import jobs
from backend.config import reread, settings
from backend.db import deleting, reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.pipeline import merge
from backend.services import audit, demo, projects, rounds
from backend.services.access import Actor
from backend.services.projects import deletion, own_files, trash
from backend.services.projects.own_files import Holdings
from backend.services.samples import detail
from backend.values import DatasetType, Role, RoundStatus, Stage
from tests import rows
from tests.integration.walking import make_world

KEPT = {"users", "events", "executors"}
"""What a deletion leaves: people, and what they did."""


def everything() -> dict[str, list[tuple]]:
    """Every row with all columns, but of projects, which know of the trash, and of the audit trail."""
    with reading() as db:
        fields = {}
        for table in tables.Base.metadata.sorted_tables:
            if table.name in ("events", "projects"):
                continue
            fields[table.name] = [tuple(row) for row in db.execute(select(table).order_by(*table.primary_key))]
        return fields


def make_place() -> tables.Project:
    """A project with two rounds, whose second one goes on from the first one's checkpoint, and a preview's rows."""
    project = rows.make_project()
    base, prompts = rows.make_checkpoint(project, "base"), rows.make_prompt_set(project)
    first = make_round(project, base, prompts, number=1)
    checkpoint = rows.make_checkpoint(project, "made", parent=base)
    with session() as db:
        db.get_one(tables.Round, first.id).checkpoint_id = checkpoint.id
        preview = tables.Preview(project_id=project.id, plan={})
        db.add(preview)
        db.flush()
        hidden = tables.Project(name=f"preview of {project.id}", preview_id=preview.id)
        db.add(hidden)
    make_round(project, checkpoint, prompts, number=2, parent_id=first.id)
    make_round(hidden, checkpoint, prompts, number=1)
    return project


def make_round(
    project: tables.Project, policy: tables.Checkpoint, prompts: tables.PromptSet, **columns: Any
) -> tables.Round:
    round_ = rows.make_round(project, policy, sets=[prompts], status=RoundStatus.done, stage=Stage.evaluate, **columns)
    texts = rows.make_samples(round_, prompts, scores=[1.0, 0.0])
    rows.make_judgments(texts)
    rows.make_decision(texts[0], rows.make_actor(project), "accept")
    pair = {"prompt_id": texts[0].prompt_id, "sample_id": texts[0].id, "rejected_id": texts[1].id}
    rows.make_dataset(round_, DatasetType.preference, [pair])
    return round_


def delete(owner: Actor, entry_id: int) -> Holdings:
    return deletion.delete_for_good(owner, entry_id, trash.get(owner, entry_id).trashed_at)


def make_owner() -> Actor:
    return rows.make_actor(None, name="Olga", is_owner=True)


def test_a_project_in_the_trash_is_nowhere_and_comes_back_as_it_was(database: str) -> None:
    world = make_world()
    admin, viewer, stranger = world.actor(Role.admin), world.actor(Role.viewer), world.actor(None)
    before = everything()
    entry_id = trash.put_project(admin, world.project.id)
    assert projects.list_mine(admin) == []
    assert projects.at(admin, world.project.slug) is None
    for ask in (
        lambda who: projects.get(who, world.project.id),
        lambda who: rounds.get(who, world.ids["round_id"]),
        lambda who: detail.detail(who, world.ids["sample_id"]),
    ):
        with pytest.raises(NotFound, match=rf"is in the trash since .* `rondo trash restore {entry_id}`"):
            ask(viewer)
        with pytest.raises(NotFound, match="There is no "):
            ask(stranger)
    (entry,) = trash.list_mine(viewer)
    assert (entry.name, entry.trashed_by, entry.may_restore, entry.may_delete) == (
        world.project.name,
        admin.name,
        False,
        False,
    )
    assert trash.list_mine(stranger) == []
    assert trash.at(viewer, world.project.slug) == entry
    assert trash.at(stranger, world.project.slug) is None
    with pytest.raises(PermissionDenied, match="needs the role admin"):
        trash.restore(viewer, entry_id)
    with pytest.raises(NotFound, match="nothing numbered"):
        trash.restore(stranger, entry_id)
    with pytest.raises(PermissionDenied, match="Only an owner"):
        delete(admin, entry_id)
    assert trash.restore(admin, entry_id) == world.project.id
    assert everything() == before
    assert [project_view.id for project_view in projects.list_mine(admin)] == [world.project.id]
    assert trash.list_mine(admin) == []


def test_what_runs_keeps_a_project_out_of_the_trash(database: str) -> None:
    project, owner = rows.make_project(), make_owner()
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.evaluate, project_id=project.id)
    with pytest.raises(Conflict, match=rf"jobs that are not over: {job.id} \(evaluate, queued\)"):
        trash.put_project(owner, project.id)
    with session() as db:
        jobs.cancel(db, job.id)
    trash.put_project(owner, project.id)
    with pytest.raises(Conflict, match="in the trash"), session() as db:
        jobs.enqueue(db, stage=Stage.evaluate, project_id=project.id)
    with pytest.raises(Conflict, match="in the trash"), session() as db:
        jobs.resume(db, job.id)


def lay(within: str) -> Path:
    path = settings().folder / within
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1000)
    return path


def test_a_project_that_is_deleted_leaves_the_audit_trail_alone(database: str) -> None:
    """Everything of a project that has something of everything goes; another one beside it keeps every row."""
    make_place()
    kept, world, owner = everything(), make_world(), make_owner()
    with session() as db:
        of = {name: world.ids[name] for name in ("question_id", "sample_id", "user_id")}
        round_id = db.get_one(tables.Sample, of["sample_id"]).round_id
        db.add(tables.Answer(**of, round_id=round_id, client_id="answered", value={"text": "fine"}))
        merging = jobs.enqueue(db, stage=Stage.train, project_id=world.project.id, spec={"kind": merge.KIND})
        jobs.cancel(db, merging.id)
    with reading() as db:
        dataset_id = db.scalar(select(tables.Dataset.id).where(tables.Dataset.project_id == world.project.id))
    files = [
        lay(f"checkpoints/round-{world.ids['round_id']}-abc/final/model.safetensors"),
        lay(f"jobs/{world.ids['job_id']}/log.txt"),
        lay(f"exports/samples-{world.ids['job_id']}.jsonl"),
        lay(f"exports/dataset-{dataset_id}-preference.jsonl"),
        lay(f"exports/datasets-{world.ids['job_id']}.jsonl"),
        lay(f"exports/.part-datasets-{world.ids['job_id']}.jsonl-x"),
        lay(f"checkpoints/merged-{merging.id}-abc/model.safetensors"),
        lay(f"checkpoints/.part-merged-{merging.id}/model.safetensors"),
        lay(f"exports/.part-push-{merging.id}/train.jsonl"),
        lay(f"exports/.part-samples-{merging.id}.jsonl-x"),
        lay(f"exports/.part-dataset-{dataset_id}-preference.jsonl-x"),
    ]
    not_a_merge = f"checkpoints/merged-{world.ids['job_id']}-abc/model.safetensors"
    beside = [
        lay("exports/samples-999.jsonl"),
        lay(not_a_merge),
        lay(f"exports/dataset-{dataset_id}0-preference.jsonl"),
    ]
    with pytest.raises(NotFound, match="nothing numbered"):
        delete(owner, world.project.id)
    entry_id = trash.put_project(owner, world.project.id)
    held = deletion.contents(owner, entry_id)
    assert (held.rounds, held.answers, held.num_bytes) == (2, 1, 11000)
    assert delete(owner, entry_id) == held
    assert {name: value for name, value in everything().items() if name not in KEPT} == {
        name: value for name, value in kept.items() if name not in KEPT
    }
    assert not any(path.exists() for path in files)
    assert all(path.exists() for path in beside)
    with reading() as db:
        query = select(tables.Event.verb, tables.Event.subject, tables.Event.details).order_by(tables.Event.id)
        replies = {row.verb: (row.subject, row.details) for row in db.execute(query)}
    assert replies["trash project"] == (world.project.name, {"project": world.project.name})
    assert replies["delete project"][0] == world.project.name
    assert replies["delete project"][1]["samples"] == held.samples


class Killed(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("after", [0, 9, 21])
def test_a_death_in_the_middle_leaves_what_can_only_be_deleted_again(
    database: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project with a preview's hidden rows, one group a transaction: it dies after so many of these."""
    other = make_place()
    kept, owner = everything(), make_owner()
    project = make_place()
    admin = rows.make_actor(project, Role.admin)
    entry_id = trash.put_project(owner, project.id)
    log, left = lay(f"checkpoints/round-{round_of(project)}-abc/final/model.safetensors"), after
    steps = deletion.steps

    def dying(project_id: int) -> Iterator[None]:
        nonlocal left
        for _ in steps(project_id):
            if not left:
                raise Killed
            left -= 1
            yield

    monkeypatch.setattr(deleting, "GROUPS", 1)
    with monkeypatch.context() as patched:
        patched.setattr(deletion, "steps", dying)
        with pytest.raises(Killed):
            delete(owner, entry_id)
    assert not log.exists()
    (entry,) = trash.list_mine(admin)
    assert entry.is_deleting
    with pytest.raises(NotFound, match="deleted in part and cannot come back"):
        projects.get(admin, project.id)
    with pytest.raises(Conflict, match="partly deleted"):
        trash.restore(admin, entry_id)
    with pytest.raises(PermissionDenied, match="Only an owner"):
        delete(admin, entry_id)
    delete(owner, entry_id)
    assert trash.list_mine(owner) == []
    assert {name: value for name, value in everything().items() if name not in KEPT} == {
        name: value for name, value in kept.items() if name not in KEPT
    }
    assert "delete project" in {element.verb for element in audit.listing(owner, other.id).entries}


def round_of(project: tables.Project) -> int:
    with reading() as db:
        return db.scalars(select(tables.Round.id).where(tables.Round.project_id == project.id)).first() or 0


def no_locks(_file: object, _how: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.on_sqlite
def test_what_is_written_during_a_deletion_goes_too(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's process that was only just cancelled writes after the files were deleted."""
    project, owner, written = make_place(), make_owner(), []
    entry_id, groups = trash.put_project(owner, project.id), deletion.groups

    def writing(round_id: int) -> Iterator[None]:
        written.append(lay(f"checkpoints/round-{round_id}-late/model.safetensors"))
        return groups(round_id)

    monkeypatch.setattr(deletion, "groups", writing)
    delete(owner, entry_id)
    assert len(written) == 3
    assert not any(path.parent.exists() for path in written)


@pytest.mark.on_sqlite
def test_files_go_before_their_rows_so_that_nobody_else_gets_their_number(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, owner = rows.make_project(), make_owner()
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.evaluate, project_id=project.id)
        jobs.cancel(db, job.id)
    entry_id, log = trash.put_project(owner, project.id), lay(f"jobs/{job.id}/log.txt")

    def die(_found: object, _kept: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(own_files, "remove", die)
        with pytest.raises(Killed):
            delete(owner, entry_id)
    with monkeypatch.context() as patched:
        patched.setattr(own_files.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Conflict, match=rf"deleted in part: .*jobs/{job.id} could not be deleted"):
            delete(owner, entry_id)
    with reading() as db:
        assert db.get(tables.Job, job.id) is not None
    with monkeypatch.context() as patched:
        patched.setattr(deletion.fcntl, "flock", no_locks)
        with pytest.raises(Conflict, match="cannot be locked: No locks available"):
            delete(owner, entry_id)
    with deletion.alone(), pytest.raises(Conflict, match="being deleted or archived just now"):
        delete(owner, entry_id)
    assert log.exists()
    delete(owner, entry_id)
    assert not log.parent.exists()


@pytest.mark.on_sqlite
def test_a_number_that_was_given_again_deletes_nothing_else(database: str) -> None:
    owner, project = make_owner(), rows.make_project("first")
    looked_at = trash.get(owner, trash.put_project(owner, project.id))
    delete(owner, looked_at.id)
    other = rows.make_project("second")
    assert other.id == looked_at.id  # SQLite gives the newest number again
    trash.put_project(owner, other.id)
    with pytest.raises(Conflict, match="second was put in the trash after you looked"):
        deletion.delete_for_good(owner, looked_at.id, looked_at.trashed_at)
    assert trash.restore(owner, other.id) == other.id


@pytest.mark.on_sqlite
def test_a_folder_that_a_model_of_another_project_needs_stays(database: str) -> None:
    """Its base is named by an adapter's own file, or within a list of an engine."""
    project, other, owner = rows.make_project(), rows.make_project(), make_owner()
    round_, two, gone = (rows.make_round(project, number=number) for number in (1, 2, 3))
    base, judge, rest = (
        lay(f"checkpoints/round-{each.id}-abc/final/model.safetensors") for each in (round_, two, gone)
    )
    for file in (base, judge, rest):
        rows.make_checkpoint(project, location=str(file.parent.relative_to(settings().folder)))
    adapter = lay("mine/adapter_config.json")
    adapter.write_text(json.dumps({"base_model_name_or_path": str(base.parent)}))
    rows.make_checkpoint(other, location="mine")
    rows.make_checkpoint(other, location="", engine={"name": "some", "judges": [{"model": str(judge.parent)}]})
    delete(owner, trash.put_project(owner, project.id))
    assert [file.exists() for file in (base, judge, rest)] == [True, True, False]


@pytest.mark.on_sqlite
def test_a_demo_in_the_trash_is_not_written_to(database: str) -> None:
    owner, project = make_owner(), rows.make_project(demo.NAME)
    trash.put_project(owner, project.id)
    before = everything()
    with pytest.raises(NotFound, match="is in the trash since"):
        demo.create(owner)
    assert everything() == before


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_machines_with_data_folders_of_their_own_delete_one_at_a_time(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deletion.alone():
        monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / "other"))
        reread()
        with pytest.raises(Conflict, match="being deleted or archived just now"), deletion.alone():
            pass
    with deletion.alone():
        assert settings().folder == tmp_path / "other"
