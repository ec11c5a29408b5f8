"""A project's baseline in the schema: forgotten by going back, and by deleting its checkpoint."""

from sqlalchemy import delete

import migrations
from backend.db import reading, session, tables
from backend.db.session import write_engine
from tests import rows


def test_a_baseline_is_forgotten_where_the_schema_goes_back_and_projects_stay(database: str) -> None:
    project = rows.make_project()
    checkpoint = rows.make_checkpoint(project)

    def put() -> None:
        with session() as db:
            db.get_one(tables.Project, project.id).baseline_id = checkpoint.id

    def stored_baseline() -> tuple[str, int | None]:
        with reading() as db:
            row = db.get_one(tables.Project, project.id)
            return row.name, row.baseline_id

    put()
    write_engine().dispose()
    migrations.downgrade("0019", database)
    migrations.upgrade(database)
    assert stored_baseline() == (project.name, None)
    put()
    assert stored_baseline() == (project.name, checkpoint.id)
    with session() as db:
        db.execute(delete(tables.Checkpoint).where(tables.Checkpoint.id == checkpoint.id))
    assert stored_baseline() == (project.name, None)
    put_again = rows.make_checkpoint(project)
    with session() as db:
        db.get_one(tables.Project, project.id).baseline_id = put_again.id
    with session() as db:
        db.execute(delete(tables.Project).where(tables.Project.id == project.id))
    with reading() as db:
        assert db.get(tables.Project, project.id) is None
