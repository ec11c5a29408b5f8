"""The trash of prompt sets: what keeps a set out of it, how it comes back, and what deletes it for good."""

import json

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

import migrations
from app.cli.commands import app
from app.widgets import asked
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.db.session import dispose
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.services import projects, prompts, round_trash
from backend.services.people import accounts
from backend.services.projects import deletion, trash
from backend.services.prompts import set_trash
from backend.values import Role, Split
from tests import rows
from tests.importing import lines, put
from tests.integration import site
from tests.integration.test_trash import everything

PAGE = {"accept": "text/html"}


def test_a_set_goes_to_the_trash_and_comes_back_as_it_was(database: str) -> None:
    project = rows.make_project()
    curator, viewer, stranger = (rows.make_actor(project, r) for r in (Role.curator, Role.viewer, Role.viewer))
    with session() as db:
        db.query(tables.Membership).filter_by(user_id=stranger.user_id).delete()
    file = put("a.jsonl", lines({"prompt": "one"}, {"prompt": "two"}))
    set_id = prompts.import_file(curator, project.id, "mine", file).sets[0].id
    before = everything()
    with pytest.raises(PermissionDenied, match="needs the role curator"):
        set_trash.put(viewer, set_id)
    entry = set_trash.put(curator, set_id)
    assert (entry.name, entry.num_prompts, entry.trashed_by) == ("mine", 2, curator.name)
    assert (entry.may_restore, entry.may_delete) == (True, False)
    assert set_trash.list_mine(viewer, project.id) == [set_trash.get(viewer, set_id)]
    assert not set_trash.get(viewer, set_id).may_restore
    assert set_trash.list_mine(stranger) == []
    assert prompts.list_sets(curator, project.id) == []
    assert (round_trash.list_mine(curator), trash.list_mine(curator)) == ([], [])
    with pytest.raises(NotFound, match=r"The prompt set 'mine' is in the trash since .*restore-prompts"):
        prompts.browse(curator, set_id)
    address = asked.set_not_here(viewer, project.id, set_id)
    assert "is in the trash since" in address
    assert f"put there by {curator.name}. A curator can bring it back" in address
    places = ((stranger, project.id, set_id), (viewer, rows.make_project().id, set_id), (viewer, project.id, 4_000))
    for actor, project_id, wanted in places:
        assert asked.set_not_here(actor, project_id, wanted).startswith(f"There is no prompt set {wanted} in this")
    for ask in (lambda: prompts.get(stranger, set_id), lambda: set_trash.get(stranger, set_id)):
        with pytest.raises(NotFound) as refused:
            ask()
        assert "since" not in str(refused.value)
    with pytest.raises(PermissionDenied, match="needs the role curator"):
        set_trash.restore(viewer, set_id)
    set_trash.restore(curator, set_id)
    assert everything() == before
    report = prompts.report(curator, set_id)
    assert report is not None
    assert report.num_imported == 2
    with pytest.raises(NotFound, match=r"is not in the trash|no prompt set"):
        set_trash.restore(curator, set_id)


def test_what_uses_a_set_keeps_it_out_of_the_trash(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    used, free = rows.make_prompt_set(project, "used"), rows.make_prompt_set(project, "free")
    round_ = rows.make_round(project, sets=[used])
    with pytest.raises(Conflict, match="'used' cannot be put in the trash: samples of 1 rounds stand on it"):
        set_trash.put(curator, used.id)
    with session() as db:
        db.get_one(tables.Round, round_.id).status = "done"
        db.get_one(tables.Round, round_.id).finished_at = now()
    round_trash.put(curator, round_.id)
    with pytest.raises(Conflict, match="round 1, which is in the trash, uses it"):
        set_trash.put(curator, used.id)
    set_trash.put(curator, free.id)
    assert [row.name for row in prompts.list_sets(curator, project.id)] == ["used"]


def test_a_set_does_not_come_back_over_what_came_meanwhile(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    mine = rows.make_prompt_set(project, "mine", prompts=["How far?"], split=Split.held_out)
    set_trash.put(curator, mine.id)
    other = rows.make_prompt_set(project, "mine", prompts=["Why?"])
    with pytest.raises(Conflict, match="another prompt set 'mine'"):
        set_trash.restore(curator, mine.id)
    set_trash.put(curator, other.id)
    train = rows.make_prompt_set(project, "train", prompts=["how  FAR?"])
    with pytest.raises(Conflict, match="'train', on the other side of the split, has the prompt"):
        set_trash.restore(curator, mine.id)
    set_trash.put(curator, train.id)
    set_trash.restore(curator, mine.id)
    assert [row.name for row in prompts.list_sets(curator, project.id)] == ["mine"]


def test_a_set_is_deleted_for_good_alone_and_with_its_project(database: str) -> None:
    project = rows.make_project()
    admin, curator = rows.make_actor(project), rows.make_actor(project, Role.curator)
    ids = []
    for name in ("first", "second"):
        file = put(f"{name}.jsonl", lines({"prompt": f"asked in {name}"}))
        ids.append(prompts.import_file(curator, project.id, name, file).sets[0].id)
        set_trash.put(curator, ids[-1])
    since = set_trash.get(admin, ids[0]).trashed_at
    with pytest.raises(PermissionDenied):
        set_trash.delete_for_good(curator, ids[0], since)
    with pytest.raises(Conflict, match="after you looked"):
        set_trash.delete_for_good(admin, ids[0], set_trash.get(admin, ids[1]).trashed_at)
    set_trash.delete_for_good(admin, ids[0], since)
    assert [row.id for row in set_trash.list_mine(admin)] == [ids[1]]
    reports = settings().folder / "reports"
    assert {path.name for path in reports.iterdir()} == {f"prompts-{ids[1]}.json", f"prompts-{ids[1]}.csv"}
    owner = accounts.local_owner()
    rows.make_prompt_set(project, "second")  # its name is taken again
    entry_id = trash.put_project(owner, project.id)
    assert set_trash.list_mine(owner) == []
    deletion.delete_for_good(owner, entry_id, trash.get(owner, entry_id).trashed_at)
    with reading() as db:
        for table in (tables.Project, tables.PromptSet, tables.Prompt):
            assert db.scalar(select(func.count()).select_from(table)) == 0
    assert list(reports.iterdir()) == []


def test_going_back_a_schema_brings_sets_back(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    first = rows.make_prompt_set(project, "mine")
    set_trash.put(curator, first.id)
    second = rows.make_prompt_set(project, "mine")
    set_trash.put(curator, second.id)
    dispose()
    migrations.downgrade("0056", database)
    migrations.upgrade(database)
    assert {(row.id, row.name, row.num_prompts) for row in prompts.list_sets(curator, project.id)} == {
        (first.id, "mine", 3),
        (second.id, f"mine ({second.id})", 3),
    }
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Project)) == 1


def test_going_back_brings_no_prompt_to_both_sides_of_the_split(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    trashed = rows.make_prompt_set(project, "mine", prompts=["one"])
    set_trash.put(curator, trashed.id)
    rows.make_prompt_set(project, "measured", prompts=["ONE"], split=Split.held_out)
    dispose()
    with pytest.raises(
        RuntimeError, match=r"The prompt set 'mine', which is in the trash, .* 'measured', on the other"
    ):
        migrations.downgrade("0056", database)
    migrations.upgrade(database)
    assert [entry.name for entry in set_trash.list_mine(curator)] == ["mine"]


@pytest.mark.on_sqlite
def test_forms_and_a_shell_bring_a_set_back_and_delete_it(database: str) -> None:
    project = rows.make_project()
    admin, curator = rows.make_actor(project), rows.make_actor(project, Role.curator)
    set_id, slug = rows.make_prompt_set(project, "mine").id, projects.get(admin, project.id).slug
    at = f"/projects/prompt-sets/{set_id}"

    def command(*words: str) -> str:
        result = CliRunner().invoke(app, [*words])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    assert f"`rondo trash restore-prompts {set_id}` brings it back." in command("prompts", "trash", str(set_id))
    assert json.loads(command("trash", "list", "--json"))["prompt_sets"][0]["name"] == "mine"
    with site.signed_in(curator) as client:
        listed = client.get("/projects", headers=PAGE).text
        assert f'action="{at}/restore"' in listed
        assert f"Prompt set mine of {project.name}" in listed
        assert f"{at}/delete" not in listed
        assert "Only an admin of its project" in client.get(f"{at}/delete", headers=PAGE).text
        assert client.post(f"{at}/restore").headers["location"] == f"/p/{slug}/prompts?set={set_id}"
    command("prompts", "trash", str(set_id))
    with site.signed_in(admin) as client:
        asked = client.get(f"{at}/delete", headers=PAGE).text
        assert f'action="{at}/delete"' in asked
        since = set_trash.get(admin, set_id).trashed_at.isoformat()
        assert client.post(f"{at}/delete", data={"since": since}).headers["location"] == "/projects#trash"
    assert command("trash", "list") == "The trash is empty."
