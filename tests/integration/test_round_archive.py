"""A round's rows in files and back: the same rows with the same ids, whatever dies in between."""

import json
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import jobs
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, PermissionDenied
from backend.services import archived, datasets, round_archive, round_report
from backend.services.access import Actor
from backend.services.checkpoints import delete
from backend.services.operations import clean_up, contents
from backend.services.plans import branches, checks
from backend.services.round_archive import columns, files
from backend.values import DatasetType, Role, RoundStatus, Split, Stage
from tests import rows

AUDIT = {"events"}


def snapshot() -> dict[str, list[tuple]]:
    """Every row with all columns, but the audit trail's."""
    with reading() as db:
        return {
            table.name: [tuple(row) for row in db.execute(select(table).order_by(*table.primary_key))]
            for table in tables.Base.metadata.sorted_tables
            if table.name not in AUDIT
        }


def leaving(round_id: int) -> dict[str, int]:
    """How many rows of each kind that leaves are in the database."""
    with reading() as db:
        return {
            entity.__table__.name: db.scalar(
                select(func.count()).select_from(entity).where(columns.of_round(entity, round_id))
            )
            or 0
            for entity in columns.REMOVED
        }


def make_round(project: tables.Project, base: tables.Checkpoint, **values: Any) -> tables.Round:
    """A round that is done, with rows of every kind that leaves."""
    prompts = rows.make_prompt_set(project, prompts=12, extras=[{"ü": [1.5, None]}] * 12)
    held_out = rows.make_prompt_set(project, prompts=2, split=Split.held_out)
    status = {"status": RoundStatus.done, "stage": Stage.evaluate, "counts": {"samples": 24}}
    round_ = rows.make_round(project, base, sets=[prompts], held_out=[held_out], **status | values)
    samples = rows.make_samples(round_, prompts, texts=["naïve\n\t\u2028", "", "b"], scores=[1.0, 0.1, None])
    rows.make_samples(round_, held_out, n=1, split=Split.held_out)
    rows.make_judgments(samples, votes=2)
    rows.make_dataset(
        round_,
        DatasetType.preference,
        [{"prompt_id": a.prompt_id, "sample_id": a.id, "rejected_id": b.id} for a, b in pairwise(samples)],
    )
    person = rows.make_actor(project, Role.reviewer)
    first = rows.make_decision(samples[0], person, "accept", note="gut", value={"a": [1, {"b": None}]})
    rows.make_decision(samples[0], person, "retract", retracts_id=first.id)
    rows.make_decision(samples[5], person, "score", score=0.1 + 0.2)
    linked = rows.prompts_of(held_out)[0].id
    of = {"sample_id": samples[3].id, "round_id": round_.id}
    with session() as db:
        db.add(tables.Lease(**of, slot=0, user_id=person.user_id, expires_at=now()))
        db.add(tables.Assignment(**of, user_id=person.user_id, created_at=now()))
        db.add(tables.GoldItem(**of, verdict="accept", reason="known", created_at=now()))
        db.add(tables.Informativeness(**of, informativeness=0.3, why="cut"))
        asked = {"round_id": round_.id, "prompt_id": samples[0].prompt_id, "split": Split.train, "step": 2}
        group = tables.Group(**asked, position=0, parent_id=samples[0].id, messages=[{"role": "user", "content": "?"}])
        db.add(group)
        db.flush()
        text = {"project_id": project.id, "round_id": round_.id, "prompt_id": group.prompt_id, "finish_reason": "stop"}
        edit = {"kind": "edit", "author_id": person.user_id, "edited_from_id": samples[0].id}
        db.add(
            tables.Sample(**text, **edit, group_id=samples[0].group_id, position=0, text="mine", num_tokens=1, seed=0)
        )
        db.add(tables.Sample(**text, group_id=group.id, position=0, text="why", num_tokens=1, seed=0, turns=[{"x": 1}]))
        left = {"project_id": project.id, "round_id": round_.id, "stage": "generate", "group_id": group.id}
        db.add(tables.LeftOut(**left, item="1/-/-/-", kind="filter", reason="filtered", prompt_id=group.prompt_id))
        db.get_one(tables.Prompt, linked).sample_id = samples[7].id
        metric = {"project_id": project.id, "round_id": round_.id, "name": "held_out_accuracy", "value": 0.5}
        db.add(tables.Metric(**metric, checkpoint_id=base.id, n=2, details={}))
    return round_


@pytest.fixture
def place(database: str) -> tuple[Actor, tables.Round]:
    """A round between two others of its project, of which none came from it."""
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    make_round(project, base)
    round_ = make_round(project, base)
    return rows.make_actor(project, Role.admin), round_


def test_an_archived_round_comes_back_as_it_was(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before, held = snapshot(), leaving(round_.id)
    view = round_archive.archive(admin, round_.id)
    assert (view.archive["state"], view.archive["by"]) == ("archived", admin.name)
    assert view.counts == {"samples": 24}
    assert {name: view.archive["rows"][name] for name in held} == held
    left = leaving(round_.id)
    assert left["labels"] == left["leases"] == left["worths"] == left["gold_items"] == left["assignments"] == 0
    if settings().url.startswith("sqlite"):  # its last rows keep their numbers from being given again
        assert 0 < left["samples"] < held["samples"] / 3
        assert left["examples"] == left["failures"] == 1
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
    assert archived.place(round_.id).is_dir()


@pytest.mark.on_sqlite
def test_a_death_at_any_step_is_gone_on_from_either_way(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before = snapshot()
    num_steps = sum(1 for _ in round_archive.archive_steps(admin, round_.id))
    steps_back = sum(1 for _ in round_archive.restore_steps(admin, round_.id))
    num_files = len([*columns.removed(1), *columns.beside(1)])
    assert snapshot() == before
    for step in (1, 4, *range(num_files, num_steps + 1)):
        for goes_on in (round_archive.archive, round_archive.restore):
            dying = round_archive.archive_steps(admin, round_.id)
            for _ in range(step):
                next(dying)
            view = goes_on(admin, round_.id)
            if goes_on is round_archive.archive:
                assert view.archive["state"] == "archived"
                round_archive.restore(admin, round_.id)
            assert snapshot() == before, step
            dying.close()
    for step in range(1, steps_back + 1, 3):
        round_archive.archive(admin, round_.id)
        dying = round_archive.restore_steps(admin, round_.id)
        for _ in range(step):
            next(dying)
        if step % 2:
            round_archive.archive(admin, round_.id)
        round_archive.restore(admin, round_.id)
        assert snapshot() == before, step
        dying.close()
    assert snapshot() == before


@pytest.mark.on_sqlite
def test_a_fault_while_files_are_written_changes_nothing(
    place: tuple[Actor, tables.Round], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, round_ = place
    before = snapshot()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "_write_whole", full)
        with pytest.raises(MissingPrerequisite, match=r"No space left on device\. Nothing of the round is gone"):
            round_archive.archive(admin, round_.id)
    assert snapshot() == before
    assert not [*(settings().folder / "archives").iterdir()]


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
    told = json.loads(manifest)
    for change, reason in (
        ({"database_id": "another"}, "in another database"),
        ({"format": 2}, "of format 2"),
        ({"number": 9}, "was changed since the round was archived"),
    ):
        (folder / "manifest.json").write_text(json.dumps(told | change))
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
    made = rows.make_checkpoint(tables.Project(id=round_.project_id), "made")
    with session() as db:
        db.execute(select(1))
        sample = db.scalars(select(tables.Sample).where(tables.Sample.round_id == round_.id)).first()
        assert sample is not None
        sample.checkpoint_id = made.id
        dataset_id = db.scalar(select(tables.Dataset.id).where(tables.Dataset.round_id == round_.id)) or 0
    round_archive.archive(admin, round_.id)
    with session() as db, pytest.raises(Conflict, match="Round 2 is archived, so nothing is done for it"):
        jobs.enqueue(db, stage=Stage.select, project_id=round_.project_id, round_id=round_.id)
    for reads in (datasets.verify, datasets.rows):
        with pytest.raises(Conflict, match="Round 2 is archived: its rows are in files"):
            reads(admin, dataset_id)
    assert datasets.get(admin, dataset_id).view.num_examples == 23
    with reading() as db:
        row = db.get_one(tables.Round, round_.id)
        assert "Round 2 is archived" in (branches.refusal(db, row, 2) or "")
    with pytest.raises(Conflict, match="archived rounds"):
        delete(admin, made.id)
    looks_back = checks.parse(rows.RECIPE | {"earlier_rounds": True})
    with reading() as db:
        checks.check_archived(db, round_.id, checks.parse(rows.RECIPE))
        with pytest.raises(Conflict, match="Round 2, which this one would follow, is archived"):
            checks.check_archived(db, round_.id, looks_back)
    report = round_report.get(admin, round_.id)
    assert report.opening.head.number == 2
    owner = rows.make_actor(is_owner=True)
    assert not [one for one in clean_up.find(owner) if "archives" in one.path]
    assert [path for path in contents.find(settings().folder, []).changing if path.name == "manifest.json"]
    with pytest.raises(Conflict, match="archived already"):
        round_archive.archive(admin, round_.id)
