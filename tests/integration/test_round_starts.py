"""What a round can start from is what the overview's tree shows that has a checkpoint."""

import pytest

from backend.db import session, tables
from backend.errors import NotFound
from backend.services.projects import overview
from backend.values import Role
from tests import rows


def test_starts_are_the_lines_of_the_tree_that_have_a_checkpoint(database: str) -> None:
    project, stranger = rows.make_project(), rows.make_actor()
    viewer = rows.make_actor(project, Role.viewer)
    assert overview.starts(viewer, project.id) == ()
    first = rows.make_round(project)
    other = rows.make_round(project, rows.make_checkpoint(project))
    trained = rows.make_checkpoint(project, parent=rows.make_checkpoint(project))
    with session() as db:
        db.get_one(tables.Round, first.id).checkpoint_id = trained.id
    following = rows.make_round(project, trained)
    with session() as db:
        db.get_one(tables.Round, following.id).parent_id = first.id
    lines = overview.loop(viewer, project.id).lines
    wanted = [(line.checkpoint_id, line.checkpoint, line.round_id) for line in lines if line.checkpoint]
    starts = overview.starts(viewer, project.id)
    assert [(start.checkpoint_id, start.checkpoint, start.round_id) for start in starts] == wanted
    assert {start.round_id for start in starts} == {None, first.id}
    assert other.policy_id in {start.checkpoint_id for start in starts}
    with pytest.raises(NotFound):
        overview.starts(stranger, project.id)
