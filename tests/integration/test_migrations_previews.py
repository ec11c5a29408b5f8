"""Previews in the schema: going back forgets them with all that they wrote, and leaves everything else."""

import migrations
from backend.db import reading, session, tables
from backend.db.session import write_engine
from backend.pipeline import preview_rows
from backend.values import DatasetType
from tests import rows

WRITTEN = (tables.Round, tables.Group, tables.Sample, tables.Label, tables.Judgment, tables.Dataset, tables.Example)


def make_rows(project: tables.Project) -> None:
    """A round with texts, judgments and rows, some of its prompts its own."""
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, rows.make_checkpoint(rows.make_project()), sets=[asked])
    samples = rows.make_samples(round_, asked, scores=[1.0, 0.0])
    rows.make_judgments(samples)
    pair = {"prompt_id": samples[0].prompt_id, "sample_id": samples[0].id, "rejected_id": samples[1].id}
    rows.make_dataset(round_, DatasetType.preference, [pair])
    with session() as db:
        own = db.get_one(tables.PromptSet, asked.id)
        own.round_id = round_.id
        db.query(tables.Prompt).filter_by(prompt_set_id=asked.id).first().sample_id = samples[0].id


def counts() -> dict[str, int]:
    with reading() as db:
        return {table.__tablename__: db.query(table).count() for table in WRITTEN}


def hide() -> int:
    """Another project with the same rows, a preview's; return the preview's id."""
    home = rows.make_project()
    with session() as db:
        preview = tables.Preview(project_id=home.id, plan={})
        db.add(preview)
        db.flush()
        hidden = tables.Project(name=f"hidden {preview.id}", preview_id=preview.id)
        db.add(hidden)
    make_rows(hidden)
    return preview.id


def test_going_back_forgets_previews_with_their_rows(database: str) -> None:
    project = rows.make_project()
    make_rows(project)
    before = counts()
    preview_id = hide()
    assert counts() == {name: 2 * number for name, number in before.items()}
    with session() as db:
        preview_rows.delete_rows(db, preview_id)
    assert counts() == before, "as a preview's end does"
    hide()
    write_engine().dispose()
    migrations.downgrade("0024", database)
    migrations.upgrade(database)
    assert counts() == before
    with reading() as db:
        assert db.query(tables.Preview).count() == 0
        assert db.get_one(tables.Project, project.id).preview_id is None
    hide()
    with session() as db:
        home = db.query(tables.Preview).one().project_id
        preview_rows.delete_rows(db, db.query(tables.Preview).one().id)
        db.query(tables.Project).filter_by(id=home).delete()
    assert counts() == before
