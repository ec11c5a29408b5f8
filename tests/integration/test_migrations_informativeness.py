"""The order of the queue keeps its rows under the new name of its table, both ways."""

from sqlalchemy import select, text

import migrations
from backend.db import now, reading, session, tables
from backend.db.session import write_engine
from tests import rows


def test_informativeness_keeps_its_rows_when_the_schema_goes_back_and_up(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    (sample,) = rows.make_samples(round_, rows.make_prompt_set(project, prompts=1), n=1)
    row = tables.Informativeness
    with session() as db:
        db.add(row(sample_id=sample.id, round_id=round_.id, informativeness=0.1 + 0.2, why="cut", is_open=False))
    write_engine().dispose()
    migrations.downgrade("0048", database)
    with write_engine().begin() as db:
        before = db.execute(text("SELECT sample_id, round_id, worth, why, is_open FROM worths")).one()
        assert tuple(before) == (sample.id, round_.id, 0.1 + 0.2, "cut", False)
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
    assert kept == {"state": "archived", "rows": {"samples": 1, "informativeness": 1}}
