"""What a filter of samples finds, as files: the same as the list, for everyone, in every format and at one moment."""

import csv
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.config import settings
from backend.db import now, reading, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TooManyAttempts
from backend.jobs import transitions
from backend.pipeline import export_places
from backend.pipeline.run import run_job
from backend.services import file_jobs, samples
from backend.services.access import Actor
from backend.services.samples import detail, export_jobs, export_rows, exports
from backend.services.samples.exports import ExportRequest
from backend.services.samples.rows import SampleRow
from backend.services.stage_process import EXPORT
from backend.values import DecisionKind, JobStatus, Role, RoundStatus, Verdict
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, REJECT, Team


def lines(actor: Actor, project_id: int, wanted: ExportRequest) -> list[dict[str, Any]]:
    export_file = exports.export(actor, project_id, wanted)
    contents = [json.loads(line) for line in export_file.path.read_text(encoding="utf-8").splitlines()]
    export_file.path.unlink()
    export_file.release()
    assert export_file.num_rows == len(contents)
    return contents


def of(team: Team, **wishes: Any) -> ExportRequest:
    return ExportRequest((team.round.id,), **wishes)


def end(job_id: int, ago: timedelta) -> None:
    """Have the job end so long ago."""
    with session() as db:
        db.get_one(tables.Job, job_id).finished_at = now() - ago


def shown(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a list shows of it, too."""
    return (
        row["sample_id"],
        row["score"],
        row["verdict"],
        row["label_by"],
        row["spread"],
        row["is_overridden"],
        row["is_unparsed"],
        row["is_flagged"],
        row["kind"],
        row["finish_reason"],
        row["num_tokens"],
        row["text"],
        row["step"],
        row["role"],
        row["metadata"],
        row["is_hidden"],
    )


def listed(row: SampleRow) -> tuple[Any, ...]:
    reply = (row.id, row.score, row.verdict, row.source, row.spread, row.is_overridden, row.is_unparsed, row.is_flagged)
    result = (row.kind, row.finish_reason, row.num_tokens, row.text, row.step, row.role, row.metadata, row.is_hidden)
    return reply + result


def decided_team(**review: Any) -> Team:
    """Ann has decided, rewritten and flagged some; Bob nothing."""
    team = Team(prompts=3, **review)
    with session() as db:
        db.query(tables.Prompt).update({"extra": {"level": "hard"}, "answer": "7"})
        for prompt in db.query(tables.Prompt):
            prompt.external_id = f"wrong-{prompt.id}"
        db.query(tables.Label).filter_by(sample_id=team.ids[3]).update({"machine_spread": 0.5, "is_unparsed": True})
    team.act("ann", team.ids[0], REJECT, note="dull")
    team.act("ann", team.ids[1], DecisionKind.flag)
    entry = team.act("ann", team.ids[2], ACCEPT)
    team.take_back("ann", entry)
    team.act("ann", team.ids[4], DecisionKind.edit, text="better")
    return team


def test_a_file_shows_everyone_what_their_list_and_pages_show(database: str) -> None:
    for review in ({}, {"others_visible": True}, {"is_blind": False}):
        team = decided_team(**review)
        reader = rows.make_actor(team.project, Role.viewer)
        for actor in (team.curator, reader, team.who("ann"), team.who("bob")):
            result = lines(actor, team.project.id, of(team))
            assert [shown(row) for row in result] == [
                listed(row) for row in samples.page(actor, team.round.id, limit=200).rows
            ]
            for row in result:
                sample_detail = detail.detail(actor, row["sample_id"])
                assert (row["machine_score"], row["machine_verdict"]) == (
                    sample_detail.machine_score,
                    sample_detail.machine_verdict,
                )
                assert (row["prompt"], row["answer"], row["author"]) == (
                    sample_detail.messages,
                    sample_detail.answer,
                    sample_detail.author,
                )
                assert row["text"] == sample_detail.text
                assert row["checkpoint"] == sample_detail.checkpoint
                assert row["noted"] == sample_detail.noted
                judged = [
                    (judgment.judge, judgment.score, judgment.rationale, judgment.raw)
                    for judgment in sample_detail.judgments
                ]
                assert [(j["judge"], j["score"], j["rationale"], j["raw"]) for j in row["judgments"]] == judged
                records = [
                    (
                        decision.id,
                        decision.kind,
                        decision.who,
                        decision.note,
                        decision.is_override,
                        decision.is_retracted,
                        decision.value,
                    )
                    for decision in sample_detail.history
                ]
                names = ("id", "kind", "who", "note", "is_override", "is_retracted", "value")
                assert [tuple(decision[name] for name in names) for decision in row["decisions"]] == records
            assert all((row["prompt_external_id"] is None) is (row["metadata"] == {}) for row in result)
        assert {"hard"} == {row["metadata"].get("level") for row in lines(team.curator, team.project.id, of(team))}


def test_a_word_about_a_group_stands_at_each_sample_that_it_speaks_of(database: str) -> None:
    team = Team(prompts=2, mode="group")
    team.act("ann", team.ids[0], DecisionKind.prefer, value={"best": team.ids[1], "worst": team.ids[0]})
    result = lines(team.curator, team.project.id, of(team))
    for row in result:
        history = detail.detail(team.curator, row["sample_id"]).history
        assert [decision["id"] for decision in row["decisions"]] == [sample_row.id for sample_row in history]
    assert [len(row["decisions"]) for row in result] == [1, 1, 0, 0]


@pytest.mark.parametrize("key", [key for key in SortKey if key is not SortKey.prompt])
def test_rows_come_as_the_list_has_them(database: str, key: SortKey) -> None:
    team = Team(prompts=4, scores=(5.0, None, 2.0, 5.0))
    with session() as db:
        db.query(tables.Label).filter(tables.Label.sample_id.in_(team.ids[::3])).update({"machine_spread": 0.5})
    for filters in (
        Filters(),
        Filters(min_score=2.0),
        Filters(text="sample"),
        Filters(verdict=("reject",), prompt="1"),
    ):
        for descending in (False, True):
            sort = Sort(key, descending=descending)
            ids = [row.id for row in samples.page(team.curator, team.round.id, filters, sort, limit=200).rows]
            result = lines(team.curator, team.project.id, of(team, filters=filters, sort=sort))
            assert [row["sample_id"] for row in result] == ids


@pytest.mark.on_sqlite
def test_every_format_holds_the_same_and_no_cell_is_a_formula(database: str) -> None:
    import pyarrow.parquet as pq

    team = Team(prompts=1, n=3)
    texts = ["=1+1", '-2 "quoted", ä\nsecond line', " fine"]
    with session() as db:
        for sample_id, text in zip(team.ids, texts, strict=True):
            db.get_one(tables.Sample, sample_id).text = text
    written = lines(team.curator, team.project.id, of(team))
    assert [row["text"] for row in written] == texts
    table = exports.export(team.curator, team.project.id, of(team, format="parquet"))
    table.release()
    read = pq.read_table(table.path).to_pylist()
    as_json = ("metadata", "noted", "judgments", "decisions", "answers", "tags", "turns")
    for row in read:
        row |= {name: json.loads(row[name]) for name in as_json if row[name] is not None}
    assert read == written
    cells = exports.export(team.curator, team.project.id, of(team, format="csv"))
    cells.release()
    with cells.path.open(newline="", encoding="utf-8") as file:
        spread = list(csv.DictReader(file))
    assert [row["text"] for row in spread] == ["'=1+1", f"'{texts[1]}", " fine"]
    assert list(spread[0]) == list(written[0]) == list(export_rows.COLUMNS)
    assert spread[0]["prompt"] == written[0]["prompt"][0]["content"]
    assert json.loads(spread[0]["judgments"]) == written[0]["judgments"]
    assert (spread[0]["score"], spread[0]["is_hidden"], spread[0]["logprob"]) == ("5.0", "false", "")


def test_all_rows_are_of_the_moment_at_which_the_file_was_begun(database: str, tmp_path: Path) -> None:
    team = Team(prompts=2)

    def meanwhile(total: int) -> None:
        assert total == 4
        team.act("ann", team.ids[3], REJECT)
        with session() as db:
            db.delete(db.get_one(tables.Sample, team.ids[2]))

    path = tmp_path / "all.jsonl"
    exports.write(team.curator, team.project.id, of(team), path, begin=meanwhile)
    contents = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["sample_id"] for row in contents] == team.ids
    assert [row["decisions"] for row in contents] == [[]] * 4
    assert len(lines(team.curator, team.project.id, of(team))) == 3


@pytest.mark.on_sqlite
def test_what_is_hidden_cannot_be_asked_for_and_others_projects_are_not_there(database: str) -> None:
    team, other = Team(prompts=1), Team(prompts=1)
    by_score = of(team, filters=Filters(min_score=1.0))
    for act in (exports.export, exports.count, export_jobs.start):
        with pytest.raises(PermissionDenied):
            act(team.who("bob"), team.project.id, by_score)
        with pytest.raises(NotFound):
            act(other.curator, team.project.id, of(team))
        with pytest.raises(NotFound):
            act(team.curator, team.project.id, of(other))
    with pytest.raises(InvalidInput, match="no export format"):
        of(team, format="xlsx")


@pytest.mark.on_sqlite
def test_rounds_follow_each_other_and_too_many_samples_go_into_the_background(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(prompts=1)
    second = rows.make_round(team.project)
    later = rows.make_samples(second, rows.make_prompt_set(team.project), n=1)
    result = lines(team.curator, team.project.id, ExportRequest())
    assert [row["sample_id"] for row in result] == [*team.ids, *(sample.id for sample in later)]
    assert {row["round"] for row in result} == {team.round.number, second.number}
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    assert exports.count(team.curator, team.project.id, ExportRequest()) == 3
    with pytest.raises(InvalidInput, match="in the background"):
        exports.export(team.curator, team.project.id, ExportRequest())
    assert list(export_places.folder().glob("*")) == []
    assert len(lines(team.curator, team.project.id, of(team))) == 2


def run(job_id: int) -> None:
    """What a worker does with the job."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job_id, job.workflow_id, "test")
    assert attempt is not None
    assert export_jobs.SAMPLES.kind == EXPORT
    run_job(job_id, attempt, others={EXPORT: export_jobs.run})


def test_a_job_writes_what_its_asker_may_see_when_it_runs(database: str) -> None:
    team = Team(prompts=2)
    job_id = export_jobs.start(team.who("bob"), team.project.id, of(team, filters=Filters(text="sample"), format="csv"))
    assert export_jobs.newest(team.who("bob"), team.project.id) == (waiting := export_jobs.get(team.who("bob"), job_id))
    assert (waiting.status, waiting.is_ready, waiting.name) == (JobStatus.queued, False, "samples-round-1.csv")
    with pytest.raises(Conflict, match="not written yet"):
        export_jobs.file_of(team.who("bob"), job_id)
    team.act("bob", team.ids[0], REJECT)
    run(job_id)
    done = export_jobs.get(team.who("bob"), job_id)
    assert (done.status, done.is_ready, done.num_rows, done.done, done.total) == (JobStatus.done, True, 4, 4, 4)
    path, name = export_jobs.file_of(team.who("bob"), job_id)
    with path.open(newline="") as file:
        assert [row["is_hidden"] for row in csv.DictReader(file)] == ["false", "true", "true", "true"]
    assert (name, path.stat().st_size) == ("samples-round-1.csv", done.num_bytes)
    for somebody in (team.who("ann"), team.curator):
        with pytest.raises(NotFound, match="of yours"):
            export_jobs.file_of(somebody, job_id)


@pytest.mark.on_sqlite
def test_a_file_of_before_a_review_does_not_tell_what_the_review_hides(database: str) -> None:
    team = Team(prompts=1)
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.done
    job_id = export_jobs.start(team.who("bob"), team.project.id, of(team))
    run(job_id)
    assert export_jobs.file_of(team.who("bob"), job_id)
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.review
    with pytest.raises(Conflict, match="reviewed again"):
        export_jobs.file_of(team.who("bob"), job_id)
    sample_export = export_jobs.get(team.who("bob"), job_id)
    assert (sample_export.is_ready, "reviewed again" in (sample_export.error or "")) == (False, True)
    assert export_jobs.newest(team.who("bob"), team.project.id) is None


@pytest.mark.on_sqlite
def test_files_go_after_a_week_and_one_person_does_not_fill_the_queue(database: str) -> None:
    team = Team(prompts=1)
    jobs = [export_jobs.start(team.curator, team.project.id, of(team)) for _ in range(file_jobs.MAX_WAITING)]
    with pytest.raises(TooManyAttempts):
        export_jobs.start(team.curator, team.project.id, of(team))
    run(jobs[0])
    path, _ = export_jobs.file_of(team.curator, jobs[0])
    export_places.forget_old()
    assert path.exists()
    end(jobs[0], timedelta(days=export_places.KEPT_DAYS, seconds=60))
    assert not export_jobs.get(team.curator, jobs[0]).is_ready, "its time is over, though the file is not deleted yet"
    with pytest.raises(NotFound, match="after 7 days"):
        export_jobs.file_of(team.curator, jobs[0])
    end(jobs[0], timedelta())
    assert export_jobs.get(team.curator, jobs[0]).is_ready
    old = time.time() - (export_places.KEPT_DAYS * 86_400 + 60)
    os.utime(path, (old, old))
    export_places.forget_old()
    assert not path.exists()
    assert not export_jobs.get(team.curator, jobs[0]).is_ready
    with pytest.raises(NotFound, match="after 7 days"):
        export_jobs.file_of(team.curator, jobs[0])


@pytest.mark.on_sqlite
def test_programs_take_a_file_along(database: str) -> None:
    team = Team(prompts=2)
    with site.with_token(team.curator) as client:
        asked = {"round": team.round.id, "verdict": "accept", "format": "jsonl"}
        got = client.get(f"/api/v1/projects/{team.project.id}/samples/export", params=asked)
        assert (got.status_code, got.headers["x-rows"]) == (200, "2")
        assert [json.loads(line)["verdict"] for line in got.text.splitlines()] == [Verdict.accept] * 2
        assert got.headers["content-disposition"].endswith('filename="samples-round-1.jsonl"')
        assert list((settings().folder / "exports").iterdir()) == []
        started = client.post(f"/api/v1/projects/{team.project.id}/samples/exports", params=asked)
        job_id = started.json()["job_id"]
        assert client.get(f"/api/v1/sample-exports/{job_id}/file").status_code == 409
        run(job_id)
        assert client.get(f"/api/v1/sample-exports/{job_id}").json()["num_rows"] == 2
        assert client.get(f"/api/v1/sample-exports/{job_id}/file").text == got.text
        wrong = client.get(f"/api/v1/projects/{team.project.id}/samples/export", params={"text": "/(/"})
        assert (wrong.status_code, wrong.json()["error"]["type"]) == (422, "InvalidInput")
