"""The trash in the schema: going back brings back what lies there, but never what is deleted in part."""

import pytest
from sqlalchemy import select

import migrations
from backend.db import reading, session, tables
from backend.db.session import dispose
from backend.services.projects import trash
from backend.values import Role
from tests import rows


def test_going_back_empties_the_trash_into_where_it_came_from(database: str) -> None:
    project, other = rows.make_project("loop"), rows.make_project("other")
    admin = rows.make_actor(project, Role.admin)
    trash.put_project(admin, project.id)
    with session() as db:
        db.get_one(tables.Project, project.id).is_deleting = True
    dispose()
    with pytest.raises(RuntimeError, match=r"Deleted in part.*: loop\. Delete"):
        migrations.downgrade("0032", database)
    migrations.upgrade(database)  # SQLite has gone back as far as what was refused
    with session() as db:
        db.get_one(tables.Project, project.id).is_deleting = False
    dispose()
    migrations.downgrade("0032", database)
    migrations.upgrade(database)
    with reading() as db:
        query = select(tables.Project.id, tables.Project.trashed_at, tables.Project.trashed_by)
        assert set(db.execute(query).tuples()) == {(project.id, None, None), (other.id, None, None)}
    assert trash.put_project(admin, project.id) == project.id
