"""Samples of other tools come over with scores and labels: once, whole, and known by their external ids."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text
from typer.testing import CliRunner

import migrations
from app.cli.commands import app
from backend.db import arriving, reading, session, tables
from backend.db.arriving import Arrival
from backend.db.session import dispose
from backend.errors import Conflict, InvalidInput
from backend.jobs import transitions
from backend.pipeline import run as pipeline_run
from backend.recipes import judge_of
from backend.services import queue as review_queue
from backend.services import reviews, samples, stage_process
from backend.services.imports import chunks, importing
from backend.services.imports.importing import ImportedRound, ImportRequest
from backend.services.people import accounts
from backend.services.samples import exports
from backend.values import JobStatus, LabelSource, Role, RoundStatus, Split, Verdict
from tests import rows
from tests.integration import site

on_sqlite = pytest.mark.on_sqlite
NAMED = {"ann": "ann", "bob": "bob"}
ASKED = ImportRequest("Old project", people=NAMED)


class Place:
    """A project with a checkpoint, a curator and two reviewers."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.policy = rows.make_checkpoint(self.project)
        self.curator = rows.make_actor(self.project, Role.curator, name="cleo", via="cli")
        self.ann = rows.make_actor(self.project, Role.reviewer, name="ann")
        self.bob = rows.make_actor(self.project, Role.reviewer, name="bob")

    def file(self, folder: Path, given: Sequence[Any]) -> Path:
        path = folder / "old.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in given))
        return path

    def bring(self, folder: Path, given: Sequence[Any], asked: ImportRequest = ASKED) -> ImportedRound:
        return importing.import_samples(self.curator, self.project.id, self.file(folder, given), asked)


def count(table: Any) -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def everything() -> list[int]:
    kinds = (tables.Round, tables.PromptSet, tables.Prompt, tables.Group, tables.Sample, tables.Label)
    return [count(kind) for kind in (*kinds, tables.Judgment, tables.Decision, tables.Lease, tables.ExternalId)]


THREE = [
    {"id": "a", "prompt": "1+1?", "response": "2", "score": 0.9, "judge": "gpt", "label": "accept", "annotator": "ann"},
    {"id": "b", "prompt": "1+1?", "response": "3", "score": 0.8, "label": "reject", "annotator": "bob", "note": "no"},
    {"id": 7, "prompt": "2+2?", "response": "4", "score": 0.2, "level": "easy"},
]


def test_samples_come_with_scores_labels_and_deciders_and_wait_for_review(database: str, tmp_path: Path) -> None:
    place = Place()
    imported_round = place.bring(tmp_path, THREE)
    assert (
        imported_round.num_samples,
        imported_round.num_prompts,
        imported_round.num_judgments,
        imported_round.num_decisions,
    ) == (3, 2, 3, 2)
    assert imported_round.round_id is not None
    records = {row.text: row for row in samples.page(place.curator, imported_round.round_id, limit=10).rows}
    replies = {text: (row.score, row.verdict, row.source, row.is_overridden) for text, row in records.items()}
    person, judge = LabelSource.person, LabelSource.judge
    assert replies == {
        "2": (0.9, Verdict.accept, person, False),
        "3": (0.8, Verdict.reject, person, True),
        "4": (0.2, Verdict.reject, judge, False),
    }
    assert records["4"].metadata == {"level": "easy"}
    with reading() as db:
        decisions = db.scalars(select(tables.Decision).order_by(tables.Decision.id)).all()
        assert [
            (decision.user_id, decision.kind, decision.note, decision.is_override, decision.via)
            for decision in decisions
        ] == [
            (place.ann.user_id, "accept", "", False, "import"),
            (place.bob.user_id, "reject", "no", True, "import"),
        ]
        assert sorted(db.scalars(select(tables.Judgment.judge))) == ["gpt", "import", "import"]
        assert db.get_one(tables.Round, imported_round.round_id).counts["samples"] == 3
    assert [item.sample_id for item in review_queue.queue(place.ann, imported_round.round_id)] == [records["4"].id], (
        "the rest is done"
    )


def test_the_same_again_adds_nothing_and_more_adds_what_is_new(database: str, tmp_path: Path) -> None:
    place = Place()
    first = place.bring(tmp_path, THREE)
    before = everything()
    again = place.bring(tmp_path, [*THREE, THREE[0]], ImportRequest("Under another cut", people=NAMED, accept_at=0.85))
    assert (again.round_id, again.num_samples, again.num_present, again.num_repeated) == (None, 0, 4, 0)
    assert everything() == before
    more = place.bring(tmp_path, [*THREE, {"id": "c", "prompt": "2+2?", "response": "5"}])
    assert (more.num_samples, more.num_present, more.round_number) == (1, 3, (first.round_number or 0) + 1)
    with reading() as db:
        names = db.scalars(select(tables.PromptSet.name).order_by(tables.PromptSet.id)).all()
        assert names == ["Old project", "Old project 2"]
        numbers = db.scalars(select(tables.PromptSet.num_prompts).order_by(tables.PromptSet.id)).all()
        assert numbers == [2, 1]


def test_an_update_writes_scores_and_metadata_where_nobody_has_decided(database: str, tmp_path: Path) -> None:
    place = Place()
    imported = place.bring(tmp_path, THREE)
    update = replace(ASKED, update=True)
    changed = THREE[2] | {"score": 0.75, "level": "hard", "source": "wiki"}
    assert imported.round_id is not None
    done = place.bring(tmp_path, [*THREE[:2], changed], update)
    assert (done.round_id, done.num_samples, done.num_present, done.num_updated) == (None, 0, 3, 1)
    row = next(row for row in samples.page(place.curator, imported.round_id).rows if row.text == "4")
    assert (row.score, row.verdict, row.source) == (0.75, Verdict.accept, LabelSource.judge)
    assert row.metadata == {"level": "hard", "source": "wiki"}
    assert count(tables.Judgment) == 3
    assert place.bring(tmp_path, [changed]).num_present == 1, "it is known as it is now"
    bare = {name: value for name, value in changed.items() if name not in ("score", "judge", "rationale")}
    assert place.bring(tmp_path, [bare | {"level": "easy"}], update).num_updated == 1
    row = next(row for row in samples.page(place.curator, imported.round_id).rows if row.text == "4")
    assert (row.score, row.verdict, row.metadata["level"]) == (0.75, Verdict.accept, "easy"), "it has no column of them"
    assert count(tables.Judgment) == 3
    assert place.bring(tmp_path, [changed], update).num_updated == 1
    new = {"id": "new", "prompt": "2+2?", "response": "5"}
    before = everything()
    for wrong, why in (
        (THREE[1] | {"score": 0.7}, "'b': a person has decided on it"),
        (changed | {"response": "5"}, "'7': its text is another one"),
        (changed | {"prompt": "2+3?"}, "'7': it answers another prompt"),
        (changed | {"label": "accept", "annotator": "ann"}, "'7': the row brings decisions"),
    ):
        with pytest.raises(Conflict, match=why):
            place.bring(tmp_path, [new, wrong], update)
    assert everything() == before
    both = place.bring(tmp_path, [new, changed | {"score": None}], update)
    assert (both.num_samples, both.num_updated) == (1, 1)
    assert samples.page(place.curator, imported.round_id, samples.Filters(source=("none",))).rows[0].id == row.id
    with session() as db:
        first = db.get_one(tables.Round, imported.round_id)
        assert first.counts["judgments"] == count(tables.Judgment) == 2, "those of the row are gone"
        first.status = RoundStatus.done
    with pytest.raises(Conflict, match="'7': round 1 is not in review any more"):
        place.bring(tmp_path, [changed], update)


def test_an_external_id_with_other_content_is_a_sentence_and_nothing_half_done(database: str, tmp_path: Path) -> None:
    place = Place()
    place.bring(tmp_path, THREE)
    before = everything()
    changed = THREE[1] | {"score": 0.7}
    with pytest.raises(Conflict, match=r"other content, so nothing was imported. Line 2, 'b'. Give"):
        place.bring(tmp_path, [{"id": "new", "prompt": "new?", "response": "new"}, changed])
    x = {"id": "x", "prompt": "new?", "response": "one"}
    with pytest.raises(InvalidInput, match=r"Line 3 has the external id 'x' of line 1, and says something else"):
        place.bring(tmp_path, [x, THREE[0], x | {"response": "two"}])
    held = rows.make_prompt_set(place.project, "measured", prompts=["Which  CITY?"], split=Split.held_out)
    before[1], before[2] = before[1] + 1, before[2] + held.num_prompts
    with pytest.raises(Conflict, match="Line 2 answers a prompt of the held-out set 'measured'"):
        place.bring(
            tmp_path,
            [{"id": "y", "prompt": "new?", "response": "r"}, {"id": "z", "prompt": "which city?", "response": "r"}],
        )
    assert everything() == before


def index_options() -> list[dict[str, int]]:
    """How the text indexes of prompts and of samples are set up."""
    with reading() as db:
        stored = [db.execute(text(f"SELECT k, v FROM {name}_search_config")) for name in ("prompts", "samples")]
        return [dict(options.tuples().all()) for options in stored]


@on_sqlite
def test_text_indexes_are_set_up_as_before_whatever_becomes_of_an_import(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    place = Place()
    with session() as db:
        db.execute(text("INSERT INTO samples_search(samples_search, rank) VALUES ('automerge', 6)"))
    before = index_options()
    rows.make_prompt_set(place.project, "measured", prompts=["Held?"], split=Split.held_out)
    with pytest.raises(Conflict, match="Line 3 answers a prompt of the held-out set"):
        place.bring(tmp_path, [*THREE[:2], {"id": "z", "prompt": "Held?", "response": "r"}])
    own = {"hashsize": 1 << 20}
    as_before = [before[0] | own | {"automerge": 4}, before[1] | own]
    assert index_options() == as_before, "FTS5's own, or as somebody set it"
    place.bring(tmp_path, THREE)
    after = index_options()
    assert after == as_before
    assert place.bring(tmp_path, THREE).num_samples == 0
    assert index_options() == after


@on_sqlite
def test_an_import_merges_as_much_of_a_text_index_as_it_brought(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place()
    merged: list[tuple[str, int]] = []
    monkeypatch.setattr(arriving, "CHARACTERS_A_PAGE", 1)
    usual = Arrival._set_up

    def noted(self: Arrival, table: str, **options: int) -> None:
        merged.extend((table, number) for name, number in options.items() if name == "merge")
        usual(self, table, **options)

    monkeypatch.setattr(Arrival, "_set_up", noted)
    place.bring(tmp_path, THREE)
    assert merged == [("prompts", len("1+1?2+2?")), ("samples", len("234"))]
    place.bring(tmp_path, THREE)
    assert len(merged) == 2, "nothing came"


@on_sqlite
def test_bad_rows_and_strangers_are_named_and_refuse_the_file(database: str, tmp_path: Path) -> None:
    place = Place()
    bad = [
        THREE[0],
        {"id": "n", "prompt": "p?", "response": "r", "score": "high"},
        {"prompt": "p?", "response": "r"},
        {"id": "m", "prompt": "p?", "response": "r", "label": "perhaps"},
    ]
    with pytest.raises(InvalidInput) as refused:
        place.bring(tmp_path, bad)
    message = refused.value.message
    assert message.startswith("3 rows of 4 in old.jsonl cannot be imported, so nothing was.")
    for part in (
        "Line 2: the score 'high' is no number",
        "Line 3: it has no external id",
        "Line 4: the label 'perhaps'",
    ):
        assert part in message
    stranger = [{"id": "s", "prompt": "p?", "response": "r", "label": 0, "annotator": "zoe@old.example"}]
    with pytest.raises(InvalidInput, match=r"nobody said who they are .*: 'zoe@old.example' \(line 1\). Say so"):
        place.bring(tmp_path, stranger)
    assert count(tables.Round) == 0
    for people in ({"zoe@old.example": "bob"}, {"*": "bob"}):
        place.bring(tmp_path, [stranger[0] | {"id": str(people)}], ImportRequest("Old", people=people))
    with reading() as db:
        assert set(db.scalars(select(tables.Decision.user_id))) == {place.bob.user_id}


ARGILLA = {
    "id": "r1",
    "fields": {"prompt": "Which city?", "response": "Paris"},
    "metadata": {"source": "wiki"},
    "suggestions": {"quality": {"value": 4, "score": 0.9, "agent": "gpt"}},
    "responses": {
        "quality": [{"value": 5, "user_id": "u1"}, {"value": 1, "user_id": "u2"}],
        "keep": [{"value": "yes", "user_id": "u1"}, {"value": "no", "user_id": "u2"}, {"value": "no", "user_id": "u3"}],
        "why": [{"value": "It is right.", "user_id": "u1"}],
    },
    "status": "completed",
}
LABEL_STUDIO = {
    "id": 12,
    "data": {"prompt": "Which river?", "response": "Seine"},
    "annotations": [
        {
            "completed_by": {"id": 3, "email": "u1"},
            "created_at": "2026-03-09T21:52:49.513742Z",
            "was_cancelled": False,
            "result": [
                {"from_name": "keep", "type": "choices", "value": {"choices": ["Good"]}},
                {"from_name": "why", "type": "textarea", "value": {"text": ["fine"]}},
            ],
        },
        {"completed_by": 9, "was_cancelled": True, "result": []},
    ],
    "predictions": [{"model_version": "m1", "score": 0.4, "result": []}],
}


def test_exports_of_argilla_and_label_studio_come_over_with_all_their_people(database: str, tmp_path: Path) -> None:
    place = Place()
    asked = ImportRequest("Old", people={"u1": "ann", "u2": "bob", "u3": "cleo"}, accept_at=3)
    imported_round = place.bring(tmp_path, [ARGILLA, LABEL_STUDIO], asked)
    assert (imported_round.num_samples, imported_round.num_judgments, imported_round.num_decisions) == (2, 2, 4)
    assert imported_round.round_id is not None
    with reading() as db:
        round_ = db.get_one(tables.Round, imported_round.round_id)
        assert round_.review["num_reviewers_per_item"] == 3
        decided = {(decision.user_id, decision.kind, decision.note) for decision in db.scalars(select(tables.Decision))}
        names = {place.ann.user_id: "ann", place.bob.user_id: "bob", place.curator.user_id: "cleo"}
        assert {(names[who], kind, note) for who, kind, note in decided} == {
            ("ann", "accept", "It is right."),
            ("bob", "reject", ""),
            ("cleo", "reject", ""),
            ("ann", "accept", "fine"),
        }
        kept = db.scalars(select(tables.Decision).where(tables.Decision.user_id == place.bob.user_id)).one()
        whose = {"by": "cleo", "file": "old.jsonl", "who": "u2"}
        assert kept.value == {"score": 1.0, "imported": whose}
        dated = db.scalars(select(tables.Decision).where(tables.Decision.note == "fine")).one()
        assert dated.value["imported"]["at"] == "2026-03-09T21:52:49.513742+00:00"
        assert dated.created_at == kept.created_at, "the trail tells when it came here"
        judge = judge_of(round_.recipe)
        assert (judge["lowest"], judge["highest"]) == (0.4, 4.0), "a person's word that is a verdict is no score"
    records = {row.text: row for row in samples.page(place.curator, imported_round.round_id, limit=10).rows}
    assert (records["Paris"].verdict, records["Paris"].is_overridden) == (Verdict.reject, True), (
        "two of three, not the judge"
    )
    assert (records["Seine"].verdict, records["Seine"].score) == (Verdict.accept, 0.4)
    assert records["Paris"].metadata == {"source": "wiki"}
    waiting = [item.sample_id for item in review_queue.queue(place.bob, imported_round.round_id)]
    assert waiting == [records["Seine"].id], "it lacks two of three reviewers"


HOSTILE = {
    "id": "odd",
    "prompt": 'Say "it" \\ then;\t=1+1\r\nand \u2028 \x01 \x7f \N{GRINNING FACE}',
    "response": '"\\n" is not \n;=HYPERLINK("x")\t{v1}',
    "huge": 10**30,
    "tiny": 1e-300,
    "deep": {"a": [1, {"b": None, "": "\u00e9"}]},
    "at": "2026-03-09T21:52:49.513742+00:00",
}


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file; a text may hold other ends of lines than the file's own."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_what_is_exported_here_can_be_imported_elsewhere(database: str, tmp_path: Path) -> None:
    place = Place()
    place.bring(tmp_path, [*THREE, HOSTILE])
    out, again = tmp_path / "out.jsonl", tmp_path / "again.jsonl"
    wanted = exports.ExportRequest((), exports.Filters(), exports.Sort(), "jsonl")
    exports.export(place.curator, place.project.id, wanted, out=out)
    written = lines_of(out)[3]
    assert (written["prompt"][0]["content"], written["text"]) == (HOSTILE["prompt"], HOSTILE["response"])
    assert written["metadata"] == {name: HOSTILE[name] for name in ("huge", "tiny", "deep", "at")}
    other = Place.__new__(Place)
    other.project = rows.make_project()
    rows.make_checkpoint(other.project)
    other.curator = rows.make_actor(other.project, Role.curator, name="dora", via="cli")
    asked = ImportRequest("x", people={"*": "dora"})
    imported_round = importing.import_samples(other.curator, other.project.id, out, asked)
    assert (
        imported_round.num_samples,
        imported_round.num_prompts,
        imported_round.num_judgments,
        imported_round.num_decisions,
    ) == (4, 3, 3, 2)
    exports.export(other.curator, other.project.id, wanted, out=again)
    before, after = lines_of(out), lines_of(again)
    for name in ("prompt", "text"):
        assert [row[name] for row in after] == [row[name] for row in before], name
    assert after[3]["metadata"].items() >= before[3]["metadata"].items()
    assert importing.import_samples(other.curator, other.project.id, out, asked).num_present == 4


def test_a_worker_imports_what_rest_takes(database: str, tmp_path: Path) -> None:
    place = Place()
    file = place.file(tmp_path, [{"key": row["id"], "prompt": row["prompt"], "said": row["response"]} for row in THREE])
    columns = {"columns": json.dumps({"external_id": "key", "completion": "said"})}
    with site.with_token(place.curator) as client:
        path = f"/api/v1/projects/{place.project.id}/samples/import"
        for expected in ((3, 0), (0, 3)):
            with file.open("rb") as sent:
                answer = client.post(path, files={"file": ("old.jsonl", sent)}, data=columns)
            assert answer.status_code == 202, answer.text
            job_id = answer.json()["job_id"]
            work(job_id)
            body = client.get(f"/api/v1/sample-imports/{job_id}").json()
            assert (body["status"], body["error"]) == ("done", None)
            assert (body["result"]["num_samples"], body["result"]["num_present"]) == expected
        refused = client.post(path, files={"file": ("old.jsonl", b'{"id": 1, "prompt": "p"}')})
        work(refused.json()["job_id"])
        body = client.get(f"/api/v1/sample-imports/{refused.json()['job_id']}").json()
        assert (body["status"], body["result"]) == ("failed", None)
        assert "Line 1: it has no completion" in body["error"]
        with reading() as db:
            round_id = db.scalars(select(tables.Round.id)).one()
        for path in ("", "/report", "/judge", "/warnings", "/samples", "/groups", "/histogram", "/review/closing"):
            answer = client.get(f"/api/v1/rounds/{round_id}{path}")
            assert answer.status_code == 200, (path, answer.text)
    with site.with_token(place.ann) as client:
        assert client.get(f"/api/v1/sample-imports/{job_id}").status_code == 403
    assert count(tables.Round) == 1


def work(job_id: int) -> None:
    """Do what a worker's process does."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job_id, attempt, others={stage_process.IMPORT: stage_process.import_samples})


@on_sqlite
def test_the_shell_imports_and_closing_the_review_selects_what_was_accepted(database: str, tmp_path: Path) -> None:
    place = Place()
    accounts.local_owner()
    file = place.file(tmp_path, [{name: value for name, value in row.items() if name != "annotator"} for row in THREE])
    done = CliRunner().invoke(app, ["samples", "import", str(file), "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert (content["num_samples"], content["num_decisions"]) == (3, 2)
    reviews.close(place.curator, content["round_id"])
    with reading() as db:
        job = db.scalars(select(tables.Job).where(tables.Job.round_id == content["round_id"])).one()
        assert db.get_one(tables.Round, content["round_id"]).status is RoundStatus.running
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job.id, attempt)
    with reading() as db:
        assert db.get_one(tables.Job, job.id).status is JobStatus.done
        texts = select(tables.Sample.text).join(tables.Example, tables.Example.sample_id == tables.Sample.id)
        assert db.scalars(texts).all() == ["2"], "3 was rejected, and 4 scored below the cut"


def test_going_back_forgets_the_ids_and_keeps_the_samples(database: str, tmp_path: Path) -> None:
    place = Place()
    place.bring(tmp_path, THREE)
    dispose()
    migrations.downgrade("0037", database)
    migrations.upgrade(database)
    assert (count(tables.ExternalId), count(tables.Sample)) == (0, 3)
    assert place.bring(tmp_path, THREE).num_samples == 3
    with session() as db:
        db.execute(delete(tables.Group))
    assert count(tables.ExternalId) == 0, "they go with their samples"
