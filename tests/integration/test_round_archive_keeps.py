"""What nobody thought of while a round is archived keeps its rows: they are not deleted, or the round comes back."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound
from backend.services import archived, prompts, questions, round_archive
from backend.services.access import Actor
from backend.services.operations import archives
from backend.services.projects import deletion, own_files
from backend.services.samples import comments
from backend.services.team import removals
from backend.values import DatasetType, RoundStatus
from tests import rows
from tests.integration.archiving import place as place  # a fixture
from tests.integration.archiving import snapshot


def _sample(round_: tables.Round) -> tables.Sample:
    """One of a group of which nothing stays."""
    sample = tables.Sample
    with reading() as db:
        return db.scalars(select(sample).where(sample.round_id == round_.id).order_by(sample.id).offset(14)).first()


def _comment(sample: tables.Sample) -> None:
    with session() as db:
        of = {"project_id": sample.project_id, "round_id": sample.round_id, "sample_id": sample.id}
        db.add(tables.Comment(**of, text="late"))


def _match(sample: tables.Sample) -> None:
    with session() as db:
        base = db.scalar(select(tables.Checkpoint.id)) or 0
        arena = tables.Arena(project_id=sample.project_id, first_id=base, second_id=base, secret="0" * 64)
        db.add(arena)
        db.flush()
        sides = {"first_sample_id": sample.id, "second_sample_id": sample.id, "prompt_id": sample.prompt_id}
        db.add(tables.ArenaMatch(arena_id=arena.id, **sides))


def _edit(sample: tables.Sample) -> None:
    with session() as db:
        db.execute(update(tables.Label).where(tables.Label.sample_id == sample.id).values(score=9.5))


def test_what_is_worked_out_of_samples_leaves_with_them(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    sample, table = tables.Sample, tables.ClusteredSample
    with session() as db:
        ids = db.scalars(select(sample.id).where(sample.round_id == round_.id).order_by(sample.id)).all()
        for id_ in ids:
            db.add(tables.NearDuplicate(sample_id=id_, round_id=round_.id, first_id=ids[0]))
            db.add(table(sample_id=id_, job_id=1, round_id=round_.id, cluster=0))
    assert round_archive.archive(admin, round_.id).archive["state"] == "archived"
    with reading() as db:
        assert [db.scalars(select(derived)).all() for derived in (table, tables.NearDuplicate)] == [[], []]
    round_archive.restore(admin, round_.id)
    with reading() as db:
        assert db.scalars(select(sample.id).where(sample.round_id == round_.id).order_by(sample.id)).all() == ids


@pytest.mark.parametrize("change", [_comment, _match, _edit])
def test_what_changes_while_rows_are_deleted_is_not_deleted(
    place: tuple[Actor, tables.Round], change: Callable[[tables.Sample], None]
) -> None:
    """As whoever checks nothing would write it."""
    admin, round_ = place
    sample, dying = _sample(round_), round_archive.archive_steps(admin, round_.id)
    while True:
        next(dying)
        with reading() as db:
            if db.get_one(tables.Round, round_.id).archive["state"] == "leaving":
                break
    change(sample)
    with_change = snapshot()
    with pytest.raises(Conflict, match="so no more of its rows are deleted"):
        list(dying)
    round_archive.restore(admin, round_.id)
    after = snapshot()
    assert {name: after[name] for name in after if name != "rounds"} == {
        name: with_change[name] for name in after if name != "rounds"
    }


def test_what_is_written_while_files_are_written_is_counted(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    sample, writing = _sample(round_), round_archive.archive_steps(admin, round_.id)
    for _ in range(22):  # the files of what leaves are written
        next(writing)
    _comment(sample)
    before = snapshot()
    with pytest.raises(Conflict, match="its comments became 2 instead of 1, so nothing was deleted"):
        list(writing)
    after = snapshot()
    assert {name: after[name] for name in after if name != "rounds"} == {
        name: before[name] for name in before if name != "rounds"
    }
    with reading() as db:
        assert db.get_one(tables.Round, round_.id).archived_at is None
    assert not archived.place(round_.id).exists()


def test_what_an_archived_round_needs_stays_and_nothing_is_written_at_it(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before = snapshot()
    with reading() as db:
        set_id = db.scalar(
            select(tables.Prompt.prompt_set_id)
            .join(tables.Group, tables.Group.prompt_id == tables.Prompt.id)
            .where(tables.Group.round_id == round_.id)
        )
        question = db.scalars(select(tables.Question).where(tables.Question.key == f"q{round_.number}")).one()
        holdings = own_files.of_projects(db, [round_.project_id])
    with session() as db:  # as a set that the round adopted
        db.execute(delete(tables.RoundPromptSet).where(tables.RoundPromptSet.prompt_set_id == set_id))
    round_archive.archive(admin, round_.id)
    with pytest.raises(Conflict, match="rows of round 2, which is archived, stand on it"):
        prompts.delete_set(admin, set_id)
    assert questions.delete(admin, question.id).has_answers
    with reading() as db:
        assert own_files.of_projects(db, [round_.project_id]).samples == holdings.samples
        person = db.scalar(select(tables.Decision.user_id)) or 0
        kept = db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_.id)).first()
    for removal in (
        lambda: removals.preview(admin, round_.id, person),
        lambda: removals.remove(admin, round_.id, person, reason="x"),
    ):
        with pytest.raises(Conflict, match="Round 2 is archived"):
            removal()
    if kept is not None:
        with pytest.raises(Conflict, match="Round 2 is archived"):
            comments.write(admin, kept, "late")
    with reading() as db, pytest.raises(Conflict, match="external ids of its samples are in files"):
        archived.refuse_external_ids(db, round_.project_id)
    with session() as db:
        was = {"is_active": True, "version": question.version}
        db.execute(update(tables.Question).where(tables.Question.id == question.id).values(was))
        used = {"round_id": round_.id, "prompt_set_id": set_id, "use": "sample"}
    round_archive.restore(admin, round_.id)
    with session() as db:
        db.add(tables.RoundPromptSet(**used))
    assert snapshot() == before


def test_rounds_that_name_each_other_leave_in_order(place: tuple[Actor, tables.Round]) -> None:
    """The later one first would leave files whose rows name what is away."""
    admin, round_ = place
    with reading() as db:
        project, base = db.get_one(tables.Project, round_.project_id), db.get_one(tables.Checkpoint, round_.policy_id)
    sample = _sample(round_)
    later = rows.make_round(project, base, number=3, status=RoundStatus.done)
    rows.make_dataset(later, DatasetType.preference, [{"prompt_id": sample.prompt_id, "sample_id": sample.id}])
    before = snapshot()
    round_archive.archive(admin, later.id)
    with pytest.raises(Conflict, match="round 3, archived, named its samples"):
        round_archive.archive(admin, round_.id)
    round_archive.restore(admin, later.id)
    assert snapshot() == before


def test_what_is_taken_meanwhile_is_said_before_anything_is_put_back(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    row, first = tables.ExternalId, _sample(round_).id - 14
    with reading() as db:
        theirs = next(entry for entry in db.scalars(select(row)) if entry.sample_id >= first)
        other = next(entry for entry in db.scalars(select(row)) if entry.sample_id < first)
    round_archive.archive(admin, round_.id)
    with session() as db:
        db.get_one(row, other.sample_id).external_id = theirs.external_id
    before = snapshot()
    with pytest.raises(Conflict, match=f"external_id 1, {theirs.external_id} is another row's by now"):
        round_archive.restore(admin, round_.id)
    assert snapshot() == before
    with session() as db:
        db.get_one(row, other.sample_id).external_id = other.external_id
    round_archive.restore(admin, round_.id)


def test_a_reference_that_the_database_empties_does_not_keep_a_round_away(place: tuple[Actor, tables.Round]) -> None:
    """A failure names a job that is deleted meanwhile."""
    admin, round_ = place
    with session() as db:
        job = tables.Job(
            project_id=round_.project_id, stage="select", workflow_id="w", queue="q", status="done", finished_at=now()
        )
        db.add(job)
        db.flush()
        db.execute(update(tables.LeftOut).where(tables.LeftOut.round_id == round_.id).values(job_id=job.id))
        job_id = job.id
    round_archive.archive(admin, round_.id)
    with session() as db:
        db.delete(db.get_one(tables.Job, job_id))
    round_archive.restore(admin, round_.id)
    with reading() as db:
        assert db.scalars(select(tables.LeftOut.job_id).where(tables.LeftOut.round_id == round_.id)).all() == [None]


@pytest.mark.on_sqlite
def test_a_backup_has_an_archived_rounds_files_and_is_not_written_meanwhile(
    place: tuple[Actor, tables.Round], tmp_path: Path
) -> None:
    admin, round_ = place
    round_archive.archive(admin, round_.id)
    with deletion.alone():
        with pytest.raises(Conflict, match="Something is being deleted or archived just now, or a backup is written"):
            archives.write(tmp_path / "none.tar")
        stranger = rows.make_actor()
        with pytest.raises(NotFound):  # the lock says nothing to a stranger
            round_archive.restore(stranger, round_.id)
    archive = archives.write(tmp_path / "copy.tar")
    with tarfile.open(archive.path) as tar:
        names = {name for name in tar.getnames() if "archives/" in name}
    assert len(names) == len([*archived.place(round_.id).iterdir()])
