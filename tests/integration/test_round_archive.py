"""A round's rows in files and back: the same rows with the same ids, whatever dies in between."""

import json
import os

import pytest
from sqlalchemy import JSON, Text, cast, func, select

import migrations
from backend import jobs
from backend.config import settings
from backend.db import reading, session, tables
from backend.db.session import dispose
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, PermissionDenied
from backend.pipeline import rewrite
from backend.services import archived, datasets, installation, round_archive, round_report
from backend.services.access import Actor
from backend.services.checkpoints import delete
from backend.services.operations import clean_up, contents
from backend.services.plans import branches, checks
from backend.services.projects import deletion, trash
from backend.services.round_archive import columns
from backend.services.rounds import failures
from backend.services.team import adjudication, agreement, question_agreement, reviewers
from backend.values import DatasetType, Role, RoundStatus, Stage
from tests import rows
from tests.integration.archiving import leaving, snapshot
from tests.integration.archiving import place as place  # a fixture


def test_an_archived_round_comes_back_as_it_was(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before, held = snapshot(), leaving(round_.id)
    assert all(held.values()), held  # whoever adds a table to what leaves writes rows of it here
    raw, ends = _json_texts(), _last_ids()
    with reading() as db:
        dataset_id = db.scalar(select(tables.Dataset.id).where(tables.Dataset.round_id == round_.id)) or 0
    checks_of = datasets.verify(admin, dataset_id)
    view = round_archive.archive(admin, round_.id)
    assert view.archive["state"] == "archived"
    assert set(view.archive) == {"state", "rows", "num_bytes", "folder"}
    assert view.counts == {"samples": 24}
    assert {name: view.archive["rows"][name] for name in held} == held
    left = leaving(round_.id)
    assert left["labels"] == left["leases"] == left["informativeness"] == left["gold_items"] == left["assignments"] == 0
    assert left["external_ids"] == 0
    if settings().url.startswith("sqlite"):  # its last rows keep their numbers from being given again
        assert 0 < left["samples"] < held["samples"] / 3
        assert left["examples"] == left["failures"] == 1
        assert _last_ids() == ends
    else:
        assert not any(left.values())
    with reading() as db:
        sample = rows.make_samples(
            round_, rows.make_prompt_set(db.get_one(tables.Project, round_.project_id), prompts=1), n=1
        )[0]
    assert sample.id > max(row[-2] for row in before["samples"])
    with session() as db:
        db.delete(db.get_one(tables.Group, sample.group_id))
    after = snapshot()
    changed = {name for name in before if before[name] != after[name]}
    back = round_archive.restore(admin, round_.id)
    assert (back.archived_at, back.archive) == (None, {})
    again = snapshot()
    assert {name: again[name] for name in changed - {"prompts", "prompt_sets"}} == {
        name: before[name] for name in changed - {"prompts", "prompt_sets"}
    }
    assert again["prompts"][: len(before["prompts"])] == before["prompts"]
    assert _json_texts() == raw
    assert datasets.verify(admin, dataset_id) == checks_of
    assert archived.place(round_.id).is_dir()


def _json_texts() -> dict[str, list[tuple]]:
    """Every JSON column as the database has it: hashes read the order of keys."""
    fields = {}
    with reading() as db:
        for entity in columns.REMOVED:
            table = entity.__table__
            texts = [cast(c, Text) for c in columns.stored(table) if isinstance(c.type, JSON)]
            if texts:
                query = select(*table.primary_key, *texts).order_by(*table.primary_key)
                fields[table.name] = [tuple(row) for row in db.execute(query)]
    return fields


def _last_ids() -> dict[str, int]:
    """The last number of each table that gives numbers."""
    numbered = [entry for entry in columns.REMOVED if "id" in entry.__table__.columns]
    with reading() as db:
        return {entry.__table__.name: db.scalar(select(func.max(entry.id))) for entry in numbered}


@pytest.mark.on_sqlite
def test_what_does_not_match_is_not_restored(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    round_archive.archive(admin, round_.id)
    folder = archived.place(round_.id)
    before = snapshot()
    aside = folder.with_name("aside")
    folder.rename(aside)
    with pytest.raises(InvalidInput, match="There is no archive in"):
        round_archive.restore(admin, round_.id)
    aside.rename(folder)
    manifest = (folder / "manifest.json").read_text()
    content = json.loads(manifest)
    for change, reason in (
        ({"database_id": "another"}, "in another database"),
        ({"format": 2}, "of format 2"),
        ({"number": 9}, "was changed since the round was archived"),
    ):
        (folder / "manifest.json").write_text(json.dumps(content | change))
        with pytest.raises(InvalidInput, match=reason):
            round_archive.restore(admin, round_.id)
    (folder / "manifest.json").write_text(manifest)
    samples = (folder / "samples.parquet").read_bytes()
    (folder / "samples.parquet").write_bytes(samples[:-1])
    with pytest.raises(InvalidInput, match=r"samples\.parquet is missing or was changed"):
        round_archive.restore(admin, round_.id)
    (folder / "samples.parquet").write_bytes(samples)
    assert snapshot() == before
    with session() as db:  # somebody takes the number of a row that left
        kept = set(db.scalars(select(tables.Sample.id)))
        gone = next(n for n in range(max(kept), 0, -1) if n not in kept)
        other = db.scalars(select(tables.Sample).where(tables.Sample.round_id != round_.id)).first()
        assert other is not None
        values = {c.name: getattr(other, c.name) for c in columns.stored(tables.Sample.__table__)}
        db.add(tables.Sample(**values | {"id": gone, "position": 99}))
    with pytest.raises(Conflict, match=rf"in samples, id {gone} is another row by now"):
        round_archive.restore(admin, round_.id)
    with session() as db:
        db.delete(db.get_one(tables.Sample, gone))
    assert snapshot() == before
    round_archive.restore(admin, round_.id)


@pytest.mark.on_sqlite
def test_what_needs_its_rows_keeps_a_round_from_being_archived(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    with reading() as db:
        project, base = db.get_one(tables.Project, round_.project_id), db.get_one(tables.Checkpoint, round_.policy_id)
        sample = db.scalars(select(tables.Sample).where(tables.Sample.round_id == round_.id)).first()
    assert sample is not None
    curator = rows.make_actor(project, Role.curator)
    with pytest.raises(PermissionDenied):
        round_archive.archive(curator, round_.id)
    below = rows.make_round(project, base, parent_id=round_.id, number=3)
    with pytest.raises(Conflict, match="Round 3 came from round 2 and may still read its rows"):
        round_archive.archive(admin, round_.id)
    with session() as db:
        db.get_one(tables.Round, below.id).status = RoundStatus.done
        job = jobs.enqueue(db, stage=Stage.select, project_id=project.id, round_id=below.id)
    with pytest.raises(Conflict, match=f"Job {job.id} may still read round 2"):
        round_archive.archive(admin, round_.id)
    with session() as db:
        jobs.cancel(db, job.id)
    dataset = rows.make_dataset(
        below, DatasetType.preference, [{"prompt_id": sample.prompt_id, "sample_id": sample.id}]
    )
    with pytest.raises(Conflict, match="the frozen dataset of round 3 holds its samples and would no longer be whole"):
        round_archive.archive(admin, round_.id)
    with session() as db:
        db.delete(db.get_one(tables.Dataset, dataset.id))
        arena = tables.Arena(project_id=project.id, first_id=base.id, second_id=base.id, secret="0" * 64)
        db.add(arena)
        db.flush()
        sides = {"first_sample_id": sample.id, "second_sample_id": sample.id, "prompt_id": sample.prompt_id}
        db.add(tables.ArenaMatch(arena_id=arena.id, **sides))
    with pytest.raises(Conflict, match="an arena compares its samples"):
        round_archive.archive(admin, round_.id)
    with session() as db:
        db.delete(db.get_one(tables.Arena, arena.id))
        db.get_one(tables.Round, round_.id).status = RoundStatus.review
    with pytest.raises(Conflict, match="Round 2 is review"):
        round_archive.archive(admin, round_.id)


@pytest.mark.on_sqlite
def test_nothing_is_made_of_rows_that_are_not_here(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    checkpoint = rows.make_checkpoint(tables.Project(id=round_.project_id), "made")
    with session() as db:
        db.execute(select(1))
        sample = db.scalars(select(tables.Sample).where(tables.Sample.round_id == round_.id)).first()
        assert sample is not None
        sample.checkpoint_id = checkpoint.id
        dataset_id = db.scalar(select(tables.Dataset.id).where(tables.Dataset.round_id == round_.id)) or 0
    round_archive.archive(admin, round_.id)
    with session() as db, pytest.raises(Conflict, match="Round 2 is archived, so nothing is done for it"):
        jobs.enqueue(db, stage=Stage.select, project_id=round_.project_id, round_id=round_.id)
    for reads in (datasets.verify, datasets.rows):
        with pytest.raises(Conflict, match="Round 2 is archived: its rows are in files"):
            reads(admin, dataset_id)
    assert datasets.get(admin, dataset_id).view.num_examples == 23
    for figures in (
        agreement.measure,
        question_agreement.measure,
        reviewers.everyone,
        reviewers.mine,
        reviewers.names,
        adjudication.count,
        adjudication.queue,
        failures.list_failures,
    ):
        with pytest.raises(Conflict, match="Round 2 is archived: its rows are in files"):
            figures(admin, round_.id)
    with reading() as db, pytest.raises(MissingPrerequisite, match="Round 2, whose rows are wanted here, is archived"):
        rewrite.gather(db, db.get_one(tables.Round, round_.id))
    with reading() as db:
        row = db.get_one(tables.Round, round_.id)
        assert "Round 2 is archived" in (branches.refusal(db, row, 2) or "")
    with pytest.raises(Conflict, match="archived rounds"):
        delete(admin, checkpoint.id)
    looks_back = checks.parse(rows.RECIPE | {"earlier_rounds": True})
    with reading() as db:
        checks.check_archived(db, round_.project_id, round_.id, checks.parse(rows.RECIPE))
        with pytest.raises(Conflict, match="Round 2, which this one would follow, is archived"):
            checks.check_archived(db, round_.project_id, round_.id, looks_back)
    report = round_report.get(admin, round_.id)
    assert (report.opening.head.number, report.opening.head.is_archived) == (2, True)
    reply = (report.texts.spreads.missing, report.work.people.missing, (report.work.failed.missing,))
    assert {*reply, (report.judge.sentence,)} == {(archived.IS_AWAY,)}
    owner = rows.make_actor(is_owner=True)
    assert not [leftover for leftover in clean_up.find(owner) if "archives" in leftover.path]
    assert [path for path in contents.find(settings().folder, []).changing if path.name == "manifest.json"]
    with pytest.raises(Conflict, match="archived already"):
        round_archive.archive(admin, round_.id)


def test_the_schema_does_not_go_back_while_a_round_is_archived(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.done)
    admin = rows.make_actor(project, Role.admin)
    round_archive.archive(admin, round_.id)
    dispose()
    with pytest.raises(RuntimeError, match=r"cannot say: round 1\. Restore it first"):
        migrations.downgrade("0035", database)
    dispose()
    round_archive.restore(admin, round_.id)
    dispose()
    migrations.downgrade("0035", database)
    migrations.upgrade(database)
    with reading() as db:
        row = db.get_one(tables.Round, round_.id)
        assert (row.status, row.archived_at, row.archive) == (RoundStatus.done, None, {})


@pytest.mark.on_sqlite
def test_an_archive_that_nothing_needs_is_cleaned_up(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    owner, folder = rows.make_actor(is_owner=True), archived.place(round_.id)
    installation.tie_folder()
    for done, result in ((round_archive.archive, []), (round_archive.restore, [f"archives/round-{round_.id}"])):
        done(admin, round_.id)
        for path in (folder, *folder.iterdir()):
            os.utime(path, (1, 1))
        assert [leftover.path for leftover in clean_up.find(owner)] == result
    round_archive.archive(admin, round_.id)
    entry = trash.get(owner, trash.put_project(owner, round_.project_id))
    deletion.delete_for_good(owner, entry.id, entry.trashed_at)
    assert not folder.exists()
