"""Held rounds and branches in the schema: going back leaves rounds of their own, and forgets limits and reasons."""

import migrations
from backend.db import reading, session, tables
from backend.db.session import write_engine
from backend.values import RoundStatus, Stage
from tests import rows


def test_going_back_cancels_what_is_held_and_keeps_every_round(database: str) -> None:
    project = rows.make_project(judge_health={"fewest": 30})
    first = rows.make_round(project, status=RoundStatus.held, stage=Stage.train, hold={"said": "red"})
    branch = rows.make_round(project, branch_of_id=first.id, branch_step=2)
    write_engine().dispose()
    migrations.downgrade("0021", database)
    migrations.upgrade(database)
    with reading() as db:
        was_held, was_branch = db.get_one(tables.Round, first.id), db.get_one(tables.Round, branch.id)
        assert (was_held.status, was_held.hold) == (RoundStatus.cancelled, {})
        assert (was_branch.status, was_branch.branch_of_id, was_branch.branch_step) == (RoundStatus.running, None, None)
        assert db.get_one(tables.Project, project.id).judge_health == {}
    with session() as db:
        db.get_one(tables.Round, branch.id).branch_of_id = first.id
    with session() as db:
        db.query(tables.Project).filter_by(id=project.id).delete()
    with reading() as db:
        assert db.query(tables.Round).count() == 0, "a project goes with its branches"
