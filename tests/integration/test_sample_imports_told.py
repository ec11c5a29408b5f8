"""What an import says of people, scores and prompts: nothing that the file does not say, and all that it does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.jobs import transitions
from backend.pipeline import run as pipeline_run
from backend.recipes import judge_of
from backend.services import audit, reviews, samples
from backend.services import queue as review_queue
from backend.services.imports import import_jobs
from backend.services.imports.importing import ImportRequest
from backend.services.prompts import intake, near_duplicates
from backend.values import JobStatus, Role, Split, Verdict
from tests import rows
from tests.integration.test_sample_imports import Place, work

on_sqlite = pytest.mark.on_sqlite
OLD = ImportRequest("Old")


def sample(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "prompt": f"{id}?", "response": id} | more


@on_sqlite
def test_closing_keeps_what_is_accepted_whatever_its_score(database: str, tmp_path: Path) -> None:
    place = Place()
    judged = [
        sample("no score", judgments=[{"judge": "j", "verdict": "good"}]),
        sample("high", judgments=[{"judge": "j", "score": 0.9, "verdict": "reject"}]),
        sample("low", judgments=[{"judge": "j", "score": 0.1, "verdict": "accept"}]),
    ]
    imported_round = place.bring(tmp_path, judged, OLD)
    assert imported_round.round_id is not None
    reviews.close(place.curator, imported_round.round_id)
    with reading() as db:
        job = db.scalars(select(tables.Job).where(tables.Job.round_id == imported_round.round_id)).one()
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job.id, attempt)
    with reading() as db:
        assert db.get_one(tables.Job, job.id).status is JobStatus.done
        texts = select(tables.Sample.text).join(tables.Example, tables.Example.sample_id == tables.Sample.id)
        assert sorted(db.scalars(texts)) == ["low", "no score"]


@on_sqlite
def test_ratings_need_a_cut_and_become_the_scale_of_the_round(database: str, tmp_path: Path) -> None:
    place = Place()
    rated = [sample("a", score=1), sample("b", score=4)]
    with pytest.raises(InvalidInput, match="Line 2 has the score 4, which is not on the scale 0 to 1"):
        place.bring(tmp_path, rated, OLD)
    with pytest.raises(InvalidInput, match="All scores of the file are 5, which does not say on what scale"):
        place.bring(tmp_path, [sample("f", score=5)], replace(OLD, accept_at=5.0))
    with pytest.raises(InvalidInput, match="Line 1 has the score 1, which is not on the scale 2 to 5"):
        place.bring(tmp_path, rated, ImportRequest("Old", accept_at=3, lowest=2, highest=5))
    imported_round = place.bring(tmp_path, rated, ImportRequest("Old", accept_at=3, lowest=1, highest=5))
    assert imported_round.round_id is not None
    with reading() as db:
        judge = judge_of(db.get_one(tables.Round, imported_round.round_id).recipe)
    assert (judge["lowest"], judge["highest"], judge["accept_at"]) == (1.0, 5.0, 3.0)
    verdicts = {row.text: row.verdict for row in samples.page(place.curator, imported_round.round_id, limit=10).rows}
    assert verdicts == {"a": Verdict.reject, "b": Verdict.accept}


@on_sqlite
def test_nobody_decides_without_being_named_nor_without_the_right_to(database: str, tmp_path: Path) -> None:
    place = Place()
    vera = rows.make_actor(place.project, Role.viewer, name="vera")
    by_ann = [sample("a", label="good", annotator="ann")]
    with pytest.raises(InvalidInput, match="nobody said who they are here"):
        place.bring(tmp_path, by_ann, OLD)
    with pytest.raises(InvalidInput, match=r"who may not decide .*: 'ann' \(line 1\), said to be 'vera'"):
        place.bring(tmp_path, by_ann, replace(OLD, people={"ann": vera.name}))
    with session() as db:
        db.execute(update(tables.User).where(tables.User.id == place.ann.user_id).values(is_active=False))
    with pytest.raises(InvalidInput, match="who may not decide"):
        place.bring(tmp_path, by_ann, replace(OLD, people={"ann": "ann"}))
    place.bring(tmp_path, [*by_ann, sample("b", label="bad", annotator="cleo")], replace(OLD, people={"ann": "bob"}))
    trail = audit.listing(place.curator, place.project.id).entries
    assert not any(entry.is_decision for entry in trail), "one event tells of all"
    (entry,) = (entry for entry in trail if entry.verb == "import samples")
    assert entry.details["people"] == {"ann": "bob", "cleo": "cleo"}
    assert entry.details["decisions"] == {"bob": 1, "cleo": 1}
    assert entry.details["file"] == "old.jsonl"
    whole = audit.listing(place.curator, place.project.id, audit.AuditQuery(is_whole=True, kind="decision")).entries
    assert [entry.details["value"]["imported"]["by"] for entry in whole] == ["cleo", "cleo"]


@on_sqlite
def test_several_people_who_are_one_here_have_one_word_and_make_one_reviewer(database: str, tmp_path: Path) -> None:
    place = Place()
    words = [{"who": who, "label": label} for who, label in (("x", "good"), ("y", "good"), ("z", "bad"))]
    imported_round = place.bring(tmp_path, [sample("a", decisions=words)], replace(OLD, people={"*": "bob"}))
    assert (imported_round.num_decisions, imported_round.num_reviewers) == (1, 1)
    assert imported_round.round_id is not None
    (row,) = samples.page(place.curator, imported_round.round_id, limit=10).rows
    assert row.verdict is Verdict.accept, "two of three"
    assert review_queue.queue(place.ann, imported_round.round_id) == []
    with reading() as db:
        value = db.scalars(select(tables.Decision.value)).one()
    assert value["imported"]["who"] == "y"
    assert [(entry["who"], entry["kind"]) for entry in value["imported"]["with"]] == [("x", "accept"), ("z", "reject")]


@on_sqlite
def test_an_adjudication_stands_above_those_it_settles(database: str, tmp_path: Path) -> None:
    place = Place()
    words = [
        {"who": "x", "label": "bad"},
        {"who": "y", "label": "bad"},
        {"who": "cleo", "label": "good", "is_adjudication": True},
    ]
    imported_round = place.bring(
        tmp_path, [sample("a", decisions=words)], replace(OLD, people={"x": "ann", "y": "bob"})
    )
    assert imported_round.round_id is not None
    (row,) = samples.page(place.curator, imported_round.round_id, limit=10).rows
    assert row.verdict is Verdict.accept
    with reading() as db:
        assert db.get_one(tables.Round, imported_round.round_id).review["num_reviewers_per_item"] == 2
        slots = db.execute(select(tables.Lease.slot, tables.Lease.decided_at.is_not(None)).order_by(tables.Lease.slot))
        assert slots.tuples().all() == [(0, True), (1, True)], "nobody is asked once more"


@on_sqlite
def test_a_prompt_says_what_its_rows_share_and_each_sample_the_rest(database: str, tmp_path: Path) -> None:
    place = Place()
    asked = {"prompt": "1+1?", "source": "book"}
    given = [
        sample("a", level="easy", **asked),
        sample("b", level="hard", answer="2", **asked),
        sample("c", note_of="c", prompt="2+2?"),
    ]
    imported_round = place.bring(tmp_path, given, OLD)
    assert imported_round.round_id is not None
    metadatas = {row.text: row.metadata for row in samples.page(place.curator, imported_round.round_id, limit=10).rows}
    assert metadatas == {
        "a": {"source": "book", "level": "easy"},
        "b": {"source": "book", "level": "hard"},
        "c": {"note_of": "c"},
    }
    with reading() as db:
        prompts = select(tables.Prompt.answer, tables.Prompt.extra).order_by(tables.Prompt.id)
        assert db.execute(prompts).tuples().all() == [("2", {"source": "book"}), (None, {"note_of": "c"})]
    assert place.bring(tmp_path, given, OLD).num_present == 3
    with pytest.raises(InvalidInput, match="Line 2 asks what line 1 asks, and has another answer"):
        place.bring(tmp_path, [sample("d", prompt="q?", answer="1"), sample("e", prompt="q?", answer="2")], OLD)


@on_sqlite
def test_an_import_leaves_no_files_and_too_large_a_one_is_refused(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place()
    started = import_jobs.start(
        place.curator, place.project.id, place.file(tmp_path, [sample("a"), sample("a")]), replace(OLD, file="my.jsonl")
    )
    uploaded = import_jobs.place_of(started, ".jsonl")
    left = uploaded.parent.parent / "tmp" / f"{import_jobs.FOLDER}{started}-0"
    left.mkdir(parents=True)
    (left / "samples").write_text("of an attempt that was killed")
    work(started)
    sample_import = import_jobs.get(place.curator, started)
    assert sample_import.result is not None, sample_import.error
    assert (sample_import.result.num_samples, sample_import.result.num_present, sample_import.result.num_repeated) == (
        1,
        0,
        1,
    )
    assert not uploaded.exists()
    assert not left.exists()
    monkeypatch.setattr(import_jobs, "MOST_UPDATED", 1)
    given = place.file(tmp_path, [sample("b"), sample("c")])
    started = import_jobs.start(place.curator, place.project.id, given, replace(OLD, file="my.jsonl", update=True))
    work(started)
    assert "my.jsonl has 2 samples. On SQLite" in (import_jobs.get(place.curator, started).error or "")
    assert import_jobs.place_of(started, ".jsonl").exists(), "it may be tried again"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_samples_and_held_out_prompts_that_come_at_once_do_not_overlap(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place()
    held = tmp_path / "held.jsonl"
    held.write_text('{"prompt": "A?"}\n')
    real = near_duplicates.note

    def beside(*given: Any) -> str:
        """Before the prompts are committed, samples that answer one of them are."""
        place.bring(tmp_path, [sample("a")], OLD)
        return real(*given)

    monkeypatch.setattr(near_duplicates, "note", beside)
    with pytest.raises(Conflict, match="Meanwhile the prompt 'A\\?' came into 'Old', on the other side"):
        intake.import_file(place.curator, place.project.id, "held", held, split=Split.held_out)
    with reading() as db:
        assert db.scalars(select(tables.PromptSet.name)).all() == ["Old"]
