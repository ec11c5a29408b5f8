"""The trash of rounds: what keeps a round out of it, what stays, how it comes back, and what deletes it for good."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

import migrations
from app.cli.commands import app
from backend import jobs
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.db.session import dispose
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import checkpoints, datasets, events, plans, projects, round_report, round_trash, rounds
from backend.services.access import Actor
from backend.services.people import accounts
from backend.services.projects import deletion, overview, trash
from backend.services.results.summaries import lines_of
from backend.services.round_trash import emptying
from backend.services.rounds import moving
from backend.values import Role, RoundStatus, Stage
from tests import rows
from tests.integration import site
from tests.integration.test_trash import everything, make_owner, make_place
from tests.integration.walking import make_world

PAGE = {"accept": "text/html"}


def rounds_of(project: tables.Project) -> list[int]:
    with reading() as db:
        row = tables.Round
        return list(db.scalars(select(row.id).where(row.project_id == project.id).order_by(row.number)))


def test_a_round_goes_to_the_trash_and_comes_back_as_it_was(database: str) -> None:
    world = make_world()
    curator, reviewer, stranger = world.actor(Role.curator), world.actor(Role.reviewer), world.actor(None)
    owner = make_owner()
    round_id, project_id = world.ids["round_id"], world.ids["project_id"]
    with session() as db:
        known = {"sample_id": world.ids["sample_id"], "project_id": project_id, "external_id": "theirs-1"}
        db.add(tables.ExternalId(**known, digest=1, digest_version=1))
    before = everything()
    with pytest.raises(PermissionDenied, match="needs the role curator"):
        round_trash.put(reviewer, round_id)
    with session() as db:
        lease = {"sample_id": world.ids["sample_id"], "user_id": reviewer.user_id, "round_id": round_id}
        db.add(tables.Lease(**lease, slot=0, expires_at=now()))
    entry = round_trash.put(curator, round_id)
    assert (entry.name, entry.trashed_by, entry.may_restore, entry.may_delete) == (
        f"Round 1 of {world.project.name}",
        curator.name,
        True,
        False,
    )
    assert round_trash.list_mine(reviewer, project_id) == [round_trash.get(reviewer, round_id)]
    assert not round_trash.list_mine(reviewer)[0].may_restore
    assert round_trash.list_mine(stranger) == []
    for ask in (lambda: rounds.get(stranger, round_id), lambda: round_trash.get(stranger, round_id)):
        with pytest.raises(NotFound) as refused:
            ask()
        assert "since" not in str(refused.value)
    for again in (lambda: round_trash.put(curator, round_id), lambda: plans.again(curator, project_id, round_id)):
        with pytest.raises(NotFound, match="is in the trash since"):
            again()
    with pytest.raises(PermissionDenied, match="needs the role curator"):
        round_trash.restore(reviewer, round_id)
    assert trash.list_mine(owner) == []
    with reading() as db:
        assert moving.last_number(db, project_id) == 2
        assert db.scalar(select(func.count()).select_from(tables.Lease)) == 0
        (hidden_id,) = db.scalars(moving.hidden_of(project_id))
        with pytest.raises(Conflict, match="'theirs-1' is in the trash with round 1, so nothing was imported"):
            moving.refuse_ids(db, project_id, ["theirs-1"])
    with pytest.raises(Conflict, match="The round is in the trash"), session() as db:
        jobs.enqueue(db, stage=Stage.select, project_id=hidden_id, round_id=round_id)
    with pytest.raises(NotFound):
        trash.get(owner, hidden_id)
    round_trash.restore(curator, round_id)
    assert everything() == before
    with pytest.raises(NotFound, match="is not in the trash"):
        round_trash.restore(curator, round_id)


def test_what_goes_on_keeps_a_round_out_of_the_trash(database: str) -> None:
    project = make_place()
    admin, (first, second) = rows.make_actor(project, Role.admin), rounds_of(project)

    def change(round_id: int, **columns: object) -> None:
        with session() as db:
            db.execute(update(tables.Round).where(tables.Round.id == round_id).values(**columns))

    with session() as db:
        job = jobs.enqueue(db, stage=Stage.evaluate, project_id=project.id, round_id=second)
    why = round_trash.why_not(admin, first)
    assert why.startswith(f"Job {job.id} (evaluate) is queued and may read round 1. Cancel")
    with session() as db:
        jobs.cancel(db, job.id)
    change(second, status=RoundStatus.review)
    assert "Round 2 came from round 1 and may still read its rows" in round_trash.why_not(admin, first)
    change(second, auto={"left": 2, "rules": []})
    assert "2 more rounds are to follow round 2" in round_trash.why_not(admin, second)
    change(second, auto={}, status=RoundStatus.done)
    with session() as db:
        checkpoint_id = db.get_one(tables.Round, first).checkpoint_id
        db.get_one(tables.Project, project.id).baseline_id = checkpoint_id
    with pytest.raises(Conflict, match="made the project's baseline"):
        round_trash.put(admin, first)
    assert round_trash.list_mine(admin) == []


def test_what_was_made_of_a_round_stays_and_says_where_it_is(database: str) -> None:
    project = make_place()
    admin, (first, second) = rows.make_actor(project, Role.admin), rounds_of(project)
    round_trash.put(admin, first)
    trained = next(row for row in checkpoints.tree(admin, project.id) if row.name == "made")
    assert (trained.round_number, trained.is_round_in_trash) == (1, True)
    assert checkpoints.detail(admin, trained.id).row == trained
    of_first = next(view for view in datasets.list_datasets(admin, project.id) if view.round_id == first)
    assert of_first.is_round_in_trash
    assert len(datasets.rows(admin, of_first.id).rows) == 1
    head = round_report.opening(admin, second).head
    assert (head.parent_number, head.is_parent_in_trash) == (1, True)
    lines = overview.loop(admin, project.id).lines
    assert [(line.number, line.trashed_parent, line.checkpoint) for line in lines] == [(0, None, "made"), (2, 1, "")]
    round_trash.restore(admin, first)
    with reading() as db:
        assert [line.trashed_parent for line in lines_of(db, project.id)] == [None, None, None]


def test_an_owner_deletes_a_round_for_good_unless_something_needs_it(database: str) -> None:
    project, owner = make_place(), make_owner()
    first, second = rounds_of(project)
    for round_id in (second, first):
        round_trash.put(owner, round_id)
    log = settings().folder / f"checkpoints/round-{second}-abc/final/model.safetensors"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * 1000)
    assert emptying.why_not(owner, first) == (
        "Round 1 stays in the trash: it made the checkpoint made, of which nobody could say any more what it learned "
        "from; round 2 came from it; delete that first."
    )
    with pytest.raises(Conflict, match="stays in the trash"):
        delete(owner, first)
    with pytest.raises(PermissionDenied, match="Only an owner"):
        delete(rows.make_actor(project, Role.admin), second)
    held = emptying.contents(owner, second)
    assert (held.rounds, held.samples, held.decisions, held.checkpoints, held.num_bytes) == (1, 6, 1, 0, 1000)
    with session() as db:
        export = jobs.enqueue(db, stage=Stage.select, queue=jobs.EXPORT, project_id=project.id)
    with pytest.raises(Conflict, match=f"stays in the trash: job {export.id} .* may read the datasets"):
        delete(owner, second)
    with session() as db:
        jobs.cancel(db, export.id)
        ours = db.scalar(select(tables.Sample.id).where(tables.Sample.round_id == second))
        db.get_one(tables.Round, first).few_shot = {"0": {"ids": [ours], "hash": ""}}
    with pytest.raises(Conflict, match="round 1 shows its samples before prompts"):
        delete(owner, second)
    with session() as db:
        db.get_one(tables.Round, first).few_shot = {}
        # A preview that failed may have been of a round from this one; it keeps its rows until they are in the way.
        preview = tables.Project.preview_id.is_not(None)
        of_preview = tables.Round.project_id.in_(select(tables.Project.id).where(preview))
        db.execute(update(tables.Round).where(of_preview).values(parent_id=second, number=3))
    assert emptying.why_not(owner, second) == ""
    assert delete(owner, second) == held
    assert not Path(log).exists()
    with reading() as db:
        counts = [db.scalar(select(func.count()).where(t.round_id == second)) for t in (tables.Sample, tables.Dataset)]
        assert counts == [0, 0]
        assert db.get(tables.Round, second) is None
    assert [entry.number for entry in round_trash.list_mine(owner)] == [1]
    trash.put_project(owner, project.id)
    assert round_trash.list_mine(owner) == []
    other = rows.make_project("another")
    deletion.delete_for_good(owner, project.id, trash.get(owner, project.id).trashed_at)
    with reading() as db:
        assert list(db.scalars(select(tables.Project.id).where(tables.Project.preview_id.is_(None)))) == [other.id]
        assert db.get(tables.Round, first) is None


def test_going_back_brings_rounds_home_but_not_what_is_deleted_in_part(database: str) -> None:
    world = make_world()
    before, curator = everything(), world.actor(Role.curator)
    round_trash.put(curator, world.ids["round_id"])
    with session() as db:  # by whoever read of the round before it went
        (hidden_id,) = db.scalars(moving.hidden_of(world.project.id))
        events.note(db, curator, "tag samples", "late", project_id=hidden_id)

    def set_deleting(value: bool) -> None:
        with session() as db:
            hidden = tables.Project.trash_of_id.is_not(None)
            db.execute(update(tables.Project).where(hidden).values(is_deleting=value))
        dispose()

    set_deleting(True)
    with pytest.raises(RuntimeError, match=r"Deleted in part.*, round 1\. Delete"):
        migrations.downgrade("0050", database)
    migrations.upgrade(database)
    set_deleting(False)
    migrations.downgrade("0050", database)
    migrations.upgrade(database)
    after = everything()
    for name in ("users", "memberships", "sample_tags"):  # of schemas after the trash's
        after[name] = before[name]
    assert after == before
    with reading() as db:
        late = select(tables.Event.project_id).where(tables.Event.subject == "late")
        assert db.scalars(late).all() == [world.project.id]


@pytest.mark.on_sqlite
def test_forms_take_a_round_to_the_trash_and_back(database: str) -> None:
    project = make_place()
    admin, viewer = rows.make_actor(project, Role.admin), rows.make_actor(project, Role.viewer)
    second = rounds_of(project)[1]
    slug, at = projects.get(admin, project.id).slug, f"/projects/rounds/{second}"
    with site.signed_in(admin) as client:
        german = client.get(f"{at}/trash", headers=PAGE | {"accept-language": "de"}).text
        assert "Runde 2 in den Papierkorb verschieben?" in german
        assert f'action="{at}/trash"' in german
        assert client.post(f"{at}/trash").headers["location"] == "/projects#trash"
        listed = client.get("/projects", headers=PAGE).text
        assert f'action="{at}/restore"' in listed
        assert f"Round 2 of {project.name}" in listed
        assert f"{at}/delete" not in listed
    with site.signed_in(viewer) as client:
        assert f'action="{at}/restore"' not in client.get("/projects", headers=PAGE).text
        assert client.post(f"{at}/restore").status_code == 403
    with site.signed_in(rows.make_actor(None)) as client:
        assert client.post(f"{at}/restore").status_code == client.get(f"{at}/delete").status_code == 404
    with site.signed_in(accounts.local_owner()) as client:
        asked = client.get(f"{at}/delete", headers=PAGE).text
        assert f'action="{at}/delete"' in asked
        assert client.post(f"{at}/restore").headers["location"] == f"/p/{slug}/round?round={second}"


@pytest.mark.on_sqlite
def test_a_shell_takes_a_round_to_the_trash_and_back(database: str) -> None:
    make_place()

    def command(*words: str) -> str:
        result = CliRunner().invoke(app, [*words])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    assert "`rondo round restore 2` brings it back." in command("round", "trash", "2")
    assert "Round 2" not in command("round", "list")
    listed = json.loads(command("trash", "list", "--json"))
    assert ([entry["number"] for entry in listed["rounds"]], listed["trash"]) == ([2], [])
    assert "is back." in command("round", "restore", "2")
    command("round", "trash", "2")
    assert "is deleted: 1 rounds, 6 samples" in command("trash", "delete-round", "2", "--yes")
    assert command("trash", "list") == "The trash is empty."


def delete(owner: Actor, round_id: int) -> object:
    return emptying.delete_for_good(owner, round_id, round_trash.get(owner, round_id).trashed_at)
