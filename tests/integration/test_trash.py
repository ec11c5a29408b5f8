"""The trash: what goes there is seen no more, comes back as it was, and is deleted whole, also after a death."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend import jobs
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import audit, projects, rounds
from backend.services.projects import deletion, trash
from backend.services.samples import detail
from backend.values import DatasetType, Role, RoundStatus, Stage
from tests import rows
from tests.integration.walking import World, make_world

KEPT = {"users", "events", "executors"}
"""What a deletion leaves: people, and what they did."""


def counts() -> dict[str, int]:
    with reading() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.Base.metadata.sorted_tables
        }


def everything() -> dict[str, list[tuple]]:
    """Every row with all columns, but of projects, which know of the trash, and of the audit trail."""
    with reading() as db:
        found = {}
        for table in tables.Base.metadata.sorted_tables:
            if table.name in ("events", "projects"):
                continue
            found[table.name] = [tuple(row) for row in db.execute(select(table).order_by(*table.primary_key))]
        return found


class Place:
    """A project with two rounds from one base: one that trained a checkpoint, and one beside it."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.admin = rows.make_actor(self.project, Role.admin, name="Ada")
        self.curator = rows.make_actor(self.project, Role.curator, name="Cleo")
        self.owner = rows.make_actor(None, name="Olga", is_owner=True)
        self.base = rows.make_checkpoint(self.project, "base")
        self.prompts = rows.make_prompt_set(self.project)
        self.first = self.make_round(1)
        self.made = self.checkpoint_of(self.first)
        self.second = self.make_round(2)

    def make_round(self, number: int) -> tables.Round:
        ended = {"number": number, "status": RoundStatus.done, "stage": Stage.evaluate}
        made = rows.make_round(self.project, self.base, sets=[self.prompts], **ended)
        texts = rows.make_samples(made, self.prompts, scores=[1.0, 0.0])
        rows.make_judgments(texts)
        rows.make_decision(texts[0], self.admin, "accept")
        pair = {"prompt_id": texts[0].prompt_id, "sample_id": texts[0].id, "rejected_id": texts[1].id}
        rows.make_dataset(made, DatasetType.preference, [pair])
        return made

    def checkpoint_of(self, round_: tables.Round) -> tables.Checkpoint:
        made = rows.make_checkpoint(self.project, f"round-{round_.number}", parent=self.base)
        with session() as db:
            db.get_one(tables.Round, round_.id).checkpoint_id = made.id
        return made


@pytest.fixture
def place(database: str) -> Place:
    return Place()


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
    with pytest.raises(PermissionDenied, match="needs an owner"):
        deletion.delete_for_good(admin, entry_id)
    assert trash.restore(admin, entry_id) == world.project.id
    assert everything() == before
    assert [one.id for one in projects.list_mine(admin)] == [world.project.id]
    assert trash.list_mine(admin) == []


def test_what_runs_keeps_a_project_and_a_round_out_of_the_trash(place: Place) -> None:
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=place.project.id, round_id=place.first.id)
    for put in (
        lambda: trash.put_project(place.admin, place.project.id),
        lambda: trash.put_round(place.curator, place.first.id),
    ):
        with pytest.raises(Conflict, match=rf"jobs that are not over: {job.id} \(generate, queued\)"):
            put()
    with session() as db:
        db.get_one(tables.Round, place.second.id).status = RoundStatus.review
    with pytest.raises(Conflict, match=r"Round 2 is review.*Cancel it first"):
        trash.put_round(place.curator, place.second.id)
    with session() as db:
        jobs.cancel(db, job.id)
    trash.put_project(place.admin, place.project.id)
    with pytest.raises(Conflict, match="in the trash"), session() as db:
        jobs.enqueue(db, stage=Stage.generate, project_id=place.project.id, round_id=place.first.id)
    with pytest.raises(Conflict, match="in the trash"), session() as db:
        jobs.resume(db, job.id)


def test_a_round_goes_to_the_trash_with_what_it_made_and_comes_back_as_it_was(place: Place) -> None:
    before = everything()
    entry_id = trash.put_round(place.curator, place.first.id)
    assert [one.number for one in rounds.list_rounds(place.admin, place.project.id)] == [2]
    with reading() as db:
        here = tables.Checkpoint.project_id == place.project.id
        assert list(db.scalars(select(tables.Checkpoint.name).where(here))) == ["base"]
        sample_id = db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == place.first.id)).first()
    assert sample_id is not None
    for ask in (
        lambda: rounds.get(place.admin, place.first.id),
        lambda: detail.detail(place.owner, sample_id),
    ):
        with pytest.raises(NotFound, match=rf"Round 1 is in the trash since .* `rondo trash restore {entry_id}`"):
            ask()
    (entry,) = trash.list_mine(place.curator)
    assert (entry.id, entry.kind, entry.may_restore, entry.may_delete) == (entry_id, "round", True, False)
    assert trash.restore(place.curator, entry_id) == place.project.id
    assert everything() == before


@pytest.mark.on_sqlite
def test_a_round_that_is_launched_meanwhile_does_not_take_its_number(database: str) -> None:
    world = make_world()
    curator = world.actor(Role.curator)
    with reading() as db:
        stopped = db.scalars(select(tables.Round).where(tables.Round.status == RoundStatus.failed)).one()
    entry_id = trash.put_round(curator, stopped.id)
    launched = rounds.launch(curator, world.project.id, rounds.defaults(curator, world.project.id, None))
    trash.restore(curator, entry_id)
    numbers = {one.id: one.number for one in rounds.list_rounds(curator, world.project.id)}
    assert (numbers[stopped.id], numbers[launched]) == (2, 3)


def test_every_table_that_names_round_and_project_goes_with_a_round() -> None:
    """Lists of a project find these by its number: `trash.MOVED` has them, or nothing lists them by it."""
    both = {
        table.name for table in tables.Base.metadata.sorted_tables if {"project_id", "round_id"} <= {*table.c.keys()}
    }
    stay = {"samples", "decisions", "events", "judge_benches"}
    assert both - stay == {table.__tablename__ for table in trash.MOVED}


def test_what_was_built_on_a_round_is_named_and_keeps_it(place: Place) -> None:
    third = rows.make_round(place.project, place.made, parent_id=place.first.id, status=RoundStatus.failed)
    with session() as db:
        db.get_one(tables.Project, place.project.id).baseline_id = place.made.id
        db.add(tables.Arena(project_id=place.project.id, first_id=place.made.id, second_id=place.base.id, secret="0"))
        db.add(tables.JudgeBench(project_id=place.project.id, round_id=place.first.id))
    rows.make_checkpoint(place.project, "child", parent=place.made)
    with pytest.raises(Conflict) as refused:
        trash.put_round(place.curator, place.first.id)
    for said in (
        f"round {third.number} uses its checkpoint",
        f"round {third.number} goes on from it",
        "the checkpoint child is made of its checkpoint",
        "compares its checkpoint",
        "its checkpoint is the baseline",
        "is about it",
    ):
        assert said in refused.value.message


def test_a_name_that_was_taken_meanwhile_is_told(place: Place) -> None:
    entry_id = trash.put_round(place.curator, place.first.id)
    other = rows.make_checkpoint(place.project, place.made.name)
    with pytest.raises(Conflict, match="Rename that, then restore it"):
        trash.restore(place.curator, entry_id)
    with session() as db:
        db.get_one(tables.Checkpoint, other.id).name = "other"
    assert trash.restore(place.curator, entry_id) == place.project.id


def files_of(world: World) -> list[Path]:
    made = [
        settings().folder / "checkpoints" / f"round-{world.ids['round_id']}-abc" / "final" / "model.safetensors",
        settings().folder / "jobs" / str(world.ids["job_id"]) / "log.txt",
    ]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
    return made


def test_a_project_that_is_deleted_leaves_the_audit_trail_alone(database: str) -> None:
    """Everything of a project that has something of everything goes; another one beside it keeps every row."""
    Place()
    before = counts()
    kept = everything()
    world = make_world()
    files = files_of(world)
    owner = rows.make_actor(None, name="Owner", is_owner=True)
    with session() as db:
        db.add(tables.Preview(project_id=world.project.id, plan={}))
    with pytest.raises(NotFound, match="nothing numbered"):
        deletion.delete_for_good(owner, world.project.id)
    entry_id = trash.put_project(owner, world.project.id)
    held = deletion.contents(owner, entry_id)
    assert (held.rounds, held.num_bytes) == (2, 2000)
    assert deletion.delete_for_good(owner, entry_id) == held
    after = counts()
    assert {name: number for name, number in after.items() if name not in KEPT} == {
        name: number for name, number in before.items() if name not in KEPT
    }
    assert {name: said for name, said in everything().items() if name not in KEPT} == {
        name: said for name, said in kept.items() if name not in KEPT
    }
    assert not any(path.exists() or path.parent.exists() for path in files)
    with reading() as db:
        query = select(tables.Event.verb, tables.Event.subject, tables.Event.details).order_by(tables.Event.id)
        told = {row.verb: (row.subject, row.details) for row in db.execute(query)}
    assert told["trash project"] == (world.project.name, {"project": world.project.name})
    assert told["delete project"][0] == world.project.name
    assert told["delete project"][1]["samples"] == held.samples


@pytest.mark.parametrize("after", [0, 2, 4, 5])
def test_a_death_in_the_middle_leaves_what_can_only_be_deleted_again(
    place: Place, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = trash.put_round(place.curator, place.first.id)
    whole = counts()

    class Killed(BaseException):
        pass

    steps = deletion._steps

    def dying(project_id: int) -> Iterator[None]:
        for number, _ in enumerate(steps(project_id)):
            if number == after:
                raise Killed
            yield

    with monkeypatch.context() as patched:
        patched.setattr(deletion, "_steps", dying)
        with pytest.raises(Killed):
            deletion.delete_for_good(place.admin, entry_id)
    assert counts() != whole
    (entry,) = trash.list_mine(place.curator)
    assert entry.is_deleting
    with pytest.raises(Conflict, match="partly deleted"):
        trash.restore(place.curator, entry_id)
    with pytest.raises(NotFound, match=r"There is no round|is in the trash"):
        rounds.get(place.admin, place.first.id)
    with pytest.raises(PermissionDenied, match="the role admin"):
        deletion.delete_for_good(place.curator, entry_id)
    deletion.delete_for_good(place.admin, entry_id)
    assert trash.list_mine(place.curator) == []
    with reading() as db:
        assert list(db.scalars(select(tables.Round.number))) == [2]
        assert set(db.scalars(select(tables.Sample.round_id))) == {place.second.id}
        assert list(db.scalars(select(tables.Checkpoint.name))) == ["base"]
    assert "delete round" in {entry.verb for entry in audit.listing(place.curator, place.project.id).entries}
