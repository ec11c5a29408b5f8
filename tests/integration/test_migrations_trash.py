"""The trash in the schema: going back puts what lies there back where it was."""

from sqlalchemy import select

import migrations
from backend.db import reading, session, tables
from backend.db.session import write_engine
from backend.services.projects import trash
from backend.values import Role, RoundStatus
from tests import rows


def test_going_back_empties_the_trash_into_where_it_came_from(database: str) -> None:
    project, other = rows.make_project("loop"), rows.make_project("other")
    admin = rows.make_actor(project, Role.admin)
    base = rows.make_checkpoint(project, "base")
    round_ = rows.make_round(project, base, status=RoundStatus.done)
    made = rows.make_checkpoint(project, "made", parent=base)
    with session() as db:
        db.get_one(tables.Round, round_.id).checkpoint_id = made.id
        db.add(tables.Membership(project_id=other.id, user_id=admin.user_id, role=Role.admin))
    trash.put_round(admin, round_.id)
    rows.make_checkpoint(project, "made")
    trash.put_project(admin, other.id)
    write_engine().dispose()
    migrations.downgrade("0032", database)
    migrations.upgrade(database)
    with reading() as db:
        names = list(db.scalars(select(tables.Project.name).where(tables.Project.trashed_at.is_(None))))
        assert sorted(names) == ["loop", "other"]
        assert db.query(tables.Project).count() == 2
        assert db.get_one(tables.Round, round_.id).project_id == project.id
        back = db.get_one(tables.Checkpoint, made.id)
        assert (back.project_id, back.name) == (project.id, f"made-{made.id}")
    entry_id = trash.put_round(admin, round_.id)
    with session() as db:
        home = db.get_one(tables.Project, project.id)
        assert db.get_one(tables.Project, entry_id).trash_of_id == home.id
