"""The order of the queue keeps its rows under the new name of its table, both ways."""

from sqlalchemy import select, text
from sqlalchemy.engine import Connection

import migrations
from backend.db import now, reading, session, tables
from backend.db.session import write_engine
from backend.values import JobStatus, Stage
from tests import rows

COUNTS = {"num_marked": 4, "num_left": 0}


def test_informativeness_keeps_its_rows_when_the_schema_goes_back_and_up(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    (sample,) = rows.make_samples(round_, rows.make_prompt_set(project, prompts=1), n=1)
    row = tables.Informativeness
    job = tables.Job.__table__
    of_job = {"project_id": project.id, "stage": Stage.select, "queue": "cpu", "status": JobStatus.done}
    looked = tables.Job(**of_job, workflow_id="a", spec={"kind": "near_duplicates", "result": COUNTS | {"num_sets": 2}})
    clustered = {"kind": "embeddings", "result": {"num_clusters": 3}}
    vectors = tables.Job(**of_job, workflow_id="b", spec=clustered)
    with session() as db:
        db.add_all([looked, vectors])
        db.add(row(sample_id=sample.id, round_id=round_.id, informativeness=0.1 + 0.2, why="cut", is_open=False))
        if db.get_bind().dialect.name == "sqlite":
            db.execute(text("ANALYZE"))
    write_engine().dispose()
    migrations.downgrade("0048", database)
    with write_engine().begin() as db:
        before = db.execute(text("SELECT sample_id, round_id, worth, why, is_open FROM worths")).one()
        assert tuple(before) == (sample.id, round_.id, 0.1 + 0.2, "cut", False)
        specs = select(job.c.spec).where(job.c.id == looked.id)
        assert db.scalar(specs)["result"] == COUNTS | {"num_clusters": 2}
        assert _is_measured(db, "worths")
        # An archive of then counts its rows by the old name.
        archived = tables.Round.__table__.update().where(tables.Round.id == round_.id)
        counts = {"samples": 1, "worths": 1}
        db.execute(archived.values(archived_at=now(), archive={"state": "archived", "rows": counts}))
    write_engine().dispose()
    migrations.upgrade(database)
    with reading() as db:
        columns = (row.sample_id, row.round_id, row.informativeness, row.why, row.is_open)
        assert db.execute(select(*columns)).one() == before
        kept = db.get_one(tables.Round, round_.id).archive
        assert db.scalar(specs)["result"] == COUNTS | {"num_sets": 2}
        assert db.get_one(tables.Job, vectors.id).spec == clustered, "its clusters are clusters"
        assert _is_measured(db.connection(), "informativeness")
    assert kept == {"state": "archived", "rows": {"samples": 1, "informativeness": 1}}


def _is_measured(db: Connection, table: str) -> bool:
    """Whether the planner has statistics of the table."""
    name = {"sqlite": "tbl FROM sqlite_stat1 WHERE tbl", "postgresql": "tablename FROM pg_stats WHERE tablename"}
    return db.execute(text(f"SELECT {name[db.dialect.name]} = :name"), {"name": table}).first() is not None
