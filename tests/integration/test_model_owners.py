"""A model in the data folder belongs to a project: no other can register it, however its path is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend import jobs
from backend.config import settings
from backend.db import session, tables
from backend.errors import InvalidInput, PermissionDenied
from backend.pipeline import merge
from backend.services import checkpoints
from backend.services.access import Actor
from backend.values import Role, RoundStatus, Stage
from tests import rows
from tests.integration.folders import make_adapter, make_folder

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


def trained(project: tables.Project) -> str:
    """The location of what a round of the project trained."""
    base = rows.make_checkpoint(project)
    round_ = rows.make_round(project, base, status=RoundStatus.done)
    location = f"checkpoints/round-{round_.id}-0123abcd/final"
    make_folder(settings().folder / location)
    rows.make_checkpoint(project, "trained", location=location, engine={"name": "transformers"})
    return location


def both(role: Role, *projects: tables.Project) -> Actor:
    """Somebody with that role in all of the projects."""
    actor = rows.make_actor(projects[0], role)
    with session() as db:
        for project in projects[1:]:
            db.add(tables.Membership(project_id=project.id, user_id=actor.user_id, role=role))
    return actor


def link_to_folder(location: str) -> str:
    (settings().folder / "mine").symlink_to(settings().folder / location)
    return "mine"


def link_from_outside(location: str) -> str:
    link = settings().folder.parent / "outside"
    link.symlink_to(settings().folder / location)
    return str(link)


def own_folder_with_a_linked_file(location: str) -> str:
    weights = make_folder(settings().folder / "own") / "model.safetensors"
    weights.unlink()
    weights.symlink_to(settings().folder / location / "model.safetensors")
    return "own"


def folder_outside_with_a_linked_file(location: str) -> str:
    folder = make_folder(settings().folder.parent / "elsewhere")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(settings().folder / location / "model.safetensors")
    return str(folder)


def adapter_on_it(location: str) -> str:
    make_adapter(settings().folder / "adapter", location)
    return "adapter"


def half_way(location: str) -> str:
    """What a training left before its end lies beside the final weights."""
    place = Path(location).parent / "trainer" / "checkpoint-20"
    make_folder(settings().folder / place)
    return str(place)


WAYS: dict[str, Callable[[str], str]] = {
    "its path": lambda location: location,
    "its absolute path": lambda location: str(settings().folder / location),
    "dots": lambda location: f"models/../{location}",
    "a half-way checkpoint": half_way,
    "a link": link_to_folder,
    "a link from outside": link_from_outside,
    "a file that is a link": own_folder_with_a_linked_file,
    "a folder outside with a file that is a link": folder_outside_with_a_linked_file,
    "an adapter's base": adapter_on_it,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_owner", [False, True])
def test_what_another_projects_round_trained_is_refused(way: str, is_owner: bool) -> None:
    mine, theirs = rows.make_project("mine"), rows.make_project("theirs")
    (settings().folder / "models").mkdir(exist_ok=True)
    location = WAYS[way](trained(theirs))
    actor = rows.make_actor(is_owner=True) if is_owner else both(Role.admin, mine, theirs)
    with pytest.raises(PermissionDenied, match="belongs to another project"):
        checkpoints.register(actor, mine.id, name="stolen", location=location)


def test_what_the_projects_own_round_trained_may_be_registered_again() -> None:
    mine = rows.make_project()
    location = trained(mine)
    assert checkpoints.register(rows.make_actor(mine, Role.curator), mine.id, name="again", location=location)
    adapter = make_adapter(settings().folder / "adapter", location)
    assert checkpoints.register(rows.make_actor(mine, Role.curator), mine.id, name="on it", location=str(adapter))


def test_what_another_projects_merge_wrote_is_refused_and_so_is_what_is_being_written() -> None:
    mine, theirs = rows.make_project("mine"), rows.make_project("theirs")
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.train, project_id=theirs.id, spec={"kind": merge.KIND})
    location = f"checkpoints/merged-{job.id}-0123abcd"
    make_folder(settings().folder / location)
    make_folder(settings().folder / "checkpoints/.part-merged-7")
    actor = both(Role.admin, mine, theirs)
    with pytest.raises(PermissionDenied, match="belongs to another project"):
        checkpoints.register(actor, mine.id, name="stolen", location=location)
    with pytest.raises(InvalidInput, match="is being written"):
        checkpoints.register(actor, mine.id, name="half", location="checkpoints/.part-merged-7")
    assert checkpoints.register(actor, theirs.id, name="again", location=location)
    make_folder(settings().folder / "checkpoints/merged-999-0123abcd")  # its job is gone
    with pytest.raises(PermissionDenied, match="belongs to another project"):
        checkpoints.register(actor, mine.id, name="left", location="checkpoints/merged-999-0123abcd")


def test_the_folder_of_a_round_that_is_gone_is_nobodys() -> None:
    mine = rows.make_project()
    make_folder(settings().folder / "checkpoints/round-999-0123abcd/final")
    with pytest.raises(PermissionDenied):
        checkpoints.register(rows.make_actor(mine), mine.id, name="x", location="checkpoints/round-999-0123abcd/final")


def test_a_folder_that_was_put_there_is_the_first_projects_and_an_owner_shares_it() -> None:
    mine, theirs = rows.make_project("mine"), rows.make_project("theirs")
    make_folder(settings().folder / "models/shared")
    curator = both(Role.curator, mine, theirs)
    assert checkpoints.register(curator, theirs.id, name="first", location="models/shared")
    with pytest.raises(PermissionDenied):
        checkpoints.register(curator, mine.id, name="second", location="models/shared")
    assert checkpoints.register(rows.make_actor(is_owner=True), mine.id, name="second", location="models/shared")
    assert checkpoints.register(curator, mine.id, name="third", location="models/shared")
