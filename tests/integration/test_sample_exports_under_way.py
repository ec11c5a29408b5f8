"""Exports that are asked for, waited for, cancelled and taken: queues, slots, parts, and who may have the file."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from app.cli.commands import app
from backend import jobs, whole_files
from backend.db import listing_walk, listing_wanted, reading, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.errors import Conflict, InvalidInput, NotFound, TooManyAttempts
from backend.jobs.worker import Worker
from backend.pipeline import export_places
from backend.services import events
from backend.services.samples import export_ids, export_jobs, export_judgments, export_rows, exports
from backend.services.samples.export_judgments import Reader
from backend.services.samples.exports import ExportRequest
from backend.values import JobStatus, Role
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, Team
from tests.integration.test_sample_exports import lines, of, run

on_sqlite = pytest.mark.on_sqlite


@on_sqlite
def test_an_export_waits_in_a_queue_of_its_own_which_every_worker_takes_from(database: str) -> None:
    team = Team(prompts=1)
    job_id = export_jobs.start(team.curator, team.project.id, of(team))
    with reading() as db:
        assert db.get_one(tables.Job, job_id).queue == jobs.EXPORT
    assert Worker(["train"]).queues == ["train", jobs.EXPORT]


def test_whoever_asked_cancels_and_nobody_else(database: str) -> None:
    team = Team(prompts=1)
    reader = rows.make_actor(team.project, Role.viewer)
    job_id = export_jobs.start(reader, team.project.id, of(team))
    with pytest.raises(NotFound, match="of yours"):
        export_jobs.cancel(team.curator, job_id)
    export_jobs.cancel(reader, job_id)
    assert export_jobs.get(reader, job_id).status is JobStatus.cancelled
    assert export_jobs.newest(reader, team.project.id) is None
    done = export_jobs.start(reader, team.project.id, of(team))
    run(done)
    with pytest.raises(Conflict, match="already done"):
        export_jobs.cancel(reader, done)


@on_sqlite
def test_the_last_failure_is_shown_and_a_cancelled_one_hides_no_file(database: str) -> None:
    team = Team(prompts=1)
    ready, later = (export_jobs.start(team.curator, team.project.id, of(team)) for _ in range(2))
    run(ready)
    export_jobs.cancel(team.curator, later)
    sample_export = export_jobs.newest(team.curator, team.project.id)
    assert sample_export is not None
    assert (sample_export.job_id, sample_export.is_ready) == (ready, True)
    with session() as db:
        row = db.get_one(tables.Job, later)
        row.status, row.error = JobStatus.failed, "The disk is full."
    sample_export = export_jobs.newest(team.curator, team.project.id)
    assert sample_export is not None
    assert (sample_export.job_id, sample_export.error) == (later, "The disk is full.")


@on_sqlite
def test_a_file_is_for_members_and_of_rounds_that_are_there(database: str) -> None:
    team = Team(prompts=1)
    reader = rows.make_actor(
        team.project,
        Role.viewer,
    )
    job_id = export_jobs.start(reader, team.project.id, of(team))
    run(job_id)
    assert export_jobs.file_of(reader, job_id)
    with session() as db:
        verbs = [event.verb for event in db.scalars(select(tables.Event).order_by(tables.Event.id))]
        assert verbs[-3:] == ["start export", "export samples", "download export"]
        row = db.get_one(tables.Job, job_id)
        row.spec = row.spec | {"result": row.spec["result"] | {"hidden": {"999": [False, False]}}}
    with pytest.raises(NotFound, match="round that is gone"):
        export_jobs.file_of(reader, job_id)
    with session() as db:
        db.query(tables.Membership).filter_by(user_id=reader.user_id).delete()
    with pytest.raises(NotFound):
        export_jobs.file_of(reader, job_id)


@on_sqlite
def test_a_person_has_one_export_at_once_until_it_is_sent(database: str) -> None:
    team = Team(prompts=1)
    first = exports.export(team.curator, team.project.id, of(team))
    with pytest.raises(TooManyAttempts, match="of yours"):
        exports.export(team.curator, team.project.id, of(team))
    exports.export(team.who("bob"), team.project.id, of(team)).release()
    first.release()
    with site.with_token(team.curator) as client:
        for _ in range(2):
            path = f"/api/v1/projects/{team.project.id}/samples/export"
            assert client.get(path, params={"round": team.round.id}).status_code == 200


@on_sqlite
def test_nothing_is_left_of_an_export_that_fails_or_is_killed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(prompts=1)

    def fails(*_: object, **__: object) -> None:
        raise OSError("no more room")

    with monkeypatch.context() as broken:
        broken.setattr(events, "note", fails)
        with pytest.raises(OSError, match="no more room"):
            exports.export(team.curator, team.project.id, of(team))
    assert list(export_places.folder().iterdir()) == []
    job_id = export_jobs.start(team.curator, team.project.id, of(team))
    part = export_places.folder() / f".part-samples-{job_id}.jsonl-killed"
    part.touch()
    old = export_places.folder() / f"{whole_files.PART}samples-9999.jsonl-killed"
    old.touch()
    os.utime(old, (time.time() - 3_700,) * 2)
    run(job_id)
    assert [path.name for path in export_places.folder().iterdir()] == [f"samples-{job_id}.jsonl"]


def test_every_page_of_a_search_comes_along(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (export_ids, "READ"),
        (listing_wanted, "SORTED"),
        (listing_walk, "SLICE"),
        (export_rows, "FIRST"),
    ):
        monkeypatch.setattr(module, name, 3)
    monkeypatch.setattr(export_rows, "BYTES_AT_ONCE", 100)
    team = Team(prompts=8)
    fields = {}
    for filters in (Filters(text="sample"), Filters(prompt="number"), Filters(text="/sampl/"), Filters()):
        for sort in (Sort(), Sort(SortKey.score, descending=True)):
            ids = [
                row["sample_id"] for row in lines(team.curator, team.project.id, of(team, filters=filters, sort=sort))
            ]
            fields[filters, sort] = ids
            assert len(ids) == len(set(ids))
    everything = fields[Filters(), Sort()]
    assert fields[Filters(text="/sampl/"), Sort()] == fields[Filters(text="sample"), Sort()] == everything == team.ids
    assert {*fields[Filters(text="sample"), Sort(SortKey.score, descending=True)]} == {*team.ids}
    with reading() as db:
        read = Reader(db, select(tables.Sample.id), tables.Sample.id)
        for in_a_run in (100, 1):
            monkeypatch.setattr(export_judgments, "IN_A_RUN", in_a_run)
            for ids in (team.ids, team.ids[::2], team.ids[::-1], team.ids[:1], [*team.ids[:2], team.ids[-1]], []):
                assert sorted(n for (n,) in read.rows(ids)) == sorted(ids), "as ranges or by their numbers"


def test_no_row_between_the_wanted_ones_is_read() -> None:
    assert export_judgments.runs_of([3, 4, 5, 7, 9, 10]) == [(3, 5), (7, 7), (9, 10)]
    assert export_judgments.runs_of([8]) == [(8, 8)]


def test_of_rounds_that_ran_together_each_has_its_own_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(prompts=6)
    mine, others = team.ids[::2], team.ids[1::2]
    for sample_id in mine[:2] + others[:2]:
        team.act("ann", sample_id, ACCEPT)
    with session() as db:
        second = rows.make_round(team.project)
        for table, column in (
            (tables.Label, tables.Label.sample_id),
            (tables.Judgment, tables.Judgment.sample_id),
            (tables.Decision, tables.Decision.sample_id),
            (tables.Sample, tables.Sample.id),
        ):
            db.execute(update(table).where(column.in_(others)).values(round_id=second.id))
    told = []
    for in_a_run in (100, 1):
        monkeypatch.setattr(export_judgments, "IN_A_RUN", in_a_run)
        told.append(lines(team.curator, team.project.id, of(team)))
    assert told[0] == told[1]
    assert [row["sample_id"] for row in told[0]] == mine
    assert [len(row["judgments"]) for row in told[0]] == [1] * len(mine)
    assert [len(row["decisions"]) for row in told[0]] == [1, 1, 0, 0, 0, 0]


def test_as_much_is_read_at_once_as_rows_are_long() -> None:
    assert export_rows.next_size(100, 1) == 400
    assert export_rows.next_size(1_000, 1) == 1_000
    assert export_rows.next_size(100, 1_600 << 20) == 1
    assert export_rows.next_size(1_000, 64 << 20) == 250


@on_sqlite
def test_a_search_that_takes_too_long_goes_into_the_background(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(prompts=1)
    monkeypatch.setattr(exports, "SEARCH_SECONDS", -1.0)
    for act in (exports.count, exports.export):
        with pytest.raises(export_ids.TooSlow, match="in the background"):
            act(team.curator, team.project.id, of(team, filters=Filters(text="sample")))
    assert len(lines(team.curator, team.project.id, of(team))) == 2


@on_sqlite
def test_a_shell_is_told_where_a_file_cannot_be(database: str, tmp_path: Path) -> None:
    team = Team(prompts=1)
    (tmp_path / "file").touch()
    for out, reply in (
        (tmp_path / "x.xlsx", "does not tell the format"),
        (tmp_path / "file" / "x.csv", "cannot be written"),
        (tmp_path, "does not tell the format"),
    ):
        message = CliRunner().invoke(app, ["samples", "export", "--out", str(out), "--project", str(team.project.id)])
        assert message.exit_code != 0
        assert isinstance(message.exception, InvalidInput | SystemExit), message.exception
        assert reply in " ".join((message.output + str(message.exception)).split())
    with pytest.raises(InvalidInput, match="is a folder"):
        export_places.refuse_place(tmp_path)


@on_sqlite
@pytest.mark.parametrize(
    ("given", "reply"),
    [
        ("tags=hard", "There is no filter 'tags'. The names are min_score,"),
        ("hard", "is given as name=value, not 'hard'."),
    ],
)
def test_a_shell_is_told_whether_a_filter_has_another_name_or_none(
    database: str, tmp_path: Path, given: str, reply: str
) -> None:
    team = Team(prompts=1)
    place = ["--out", str(tmp_path / "x.csv"), "--project", str(team.project.id)]
    message = CliRunner().invoke(app, ["samples", "export", "--filter", given, *place])
    assert reply in " ".join(str(message.exception).split())


def test_wanted_comes_back_from_its_json() -> None:
    wanted = ExportRequest((3,), Filters(verdict=("accept",), text="a"), Sort(SortKey.score, descending=True), "csv")
    assert ExportRequest.of(wanted.to_json()) == wanted
