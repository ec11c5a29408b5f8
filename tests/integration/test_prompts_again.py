"""A file of prompts that comes again, known by its external ids."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.services import prompts
from backend.services.access import Actor
from backend.services.prompts import Mapping, set_trash
from backend.services.prompts.import_report import ImportReport
from backend.services.prompts.writer import Writer
from backend.values import JobStatus, Role, SetUse, Split, Stage
from tests import rows
from tests.importing import lines, put
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.usefixtures("database")
BY_ID = Mapping(prompt="q", answer="a", external_id="id")


@pytest.fixture
def project() -> tables.Project:
    return rows.make_project()


@pytest.fixture
def curator(project: tables.Project) -> Actor:
    return rows.make_actor(project, Role.curator)


def row(id_: object, q: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "q": q, "a": f"answer to {q}", **more}


def bring(curator: Actor, project: tables.Project, *given: dict[str, Any], **how: Any) -> ImportReport:
    how = {"mapping": BY_ID} | how
    return prompts.import_file(curator, project.id, "mine", put("mine.jsonl", lines(*given)), **how)


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.num_imported, report.num_updated, report.num_unchanged


def there(curator: Actor, set_id: int) -> list[tuple[Any, ...]]:
    return [(r.position, r.external_id, r.text, r.answer, r.extra) for r in prompts.browse(curator, set_id).rows]


def test_the_same_file_twice_makes_no_second_row(project: tables.Project, curator: Actor) -> None:
    given = [row(7, "seven", level=1), row("b", "bee"), row("c", "seven")]
    first = bring(curator, project, *given)
    set_id = first.sets[0].id
    before = there(curator, set_id)
    assert [r[:3] for r in before] == [(0, "7", "seven"), (1, "b", "bee")]
    assert (counts(first), first.num_duplicates) == ((2, 0, 0), 1)
    second = bring(curator, project, *given)
    assert (counts(second), second.sets[0].id, second.num_duplicates) == ((0, 0, 2), set_id, 1)
    assert there(curator, set_id) == before
    assert prompts.get(curator, set_id).num_prompts == 2
    assert prompts.report(curator, set_id) == second
    (by_id,) = prompts.browse(curator, set_id, external_id=" b ").rows
    assert by_id.text == "bee"
    assert prompts.browse(curator, set_id, external_id="B").rows == ()


def test_what_changed_is_written_anew_and_what_is_new_comes_last(project: tables.Project, curator: Actor) -> None:
    set_id = bring(curator, project, row(1, "one"), row(2, "two"), row(3, "three")).sets[0].id
    ids = [r.id for r in prompts.browse(curator, set_id).rows]
    report = bring(curator, project, row(4, "four"), row(1, "two"), row(2, "one"), row(3, "three", level="hard"))
    assert counts(report) == (1, 3, 0)
    assert [r[:3] for r in there(curator, set_id)] == [
        (0, "1", "two"),
        (1, "2", "one"),
        (2, "3", "three"),
        (3, "4", "four"),
    ]
    assert there(curator, set_id)[2][4] == {"level": "hard"}
    after = prompts.browse(curator, set_id).rows
    assert [r.id for r in after[:3]] == ids
    assert [r.text for r in prompts.browse(curator, set_id, search="one").rows] == ["one"]
    with reading() as db:
        for r in after:
            stored = db.get_one(tables.Prompt, r.id)
            assert stored.content_hash == rows.content_hash(r.messages)
    assert prompts.get(curator, set_id).num_prompts == 4


def test_a_set_that_a_round_uses_takes_the_same_file_and_no_other(project: tables.Project, curator: Actor) -> None:
    given = [row(1, "one"), row(2, "two")]
    set_id = bring(curator, project, *given).sets[0].id
    with reading() as db:
        rows.make_round(project, sets=[db.get_one(tables.PromptSet, set_id)])
    assert counts(bring(curator, project, *given)) == (0, 0, 2)
    before = there(curator, set_id)
    with pytest.raises(Conflict, match=r"Line 2, '2', has changed, but the prompts of 'mine' stay .* round 1 uses it"):
        bring(curator, project, row(1, "one"), row(2, "zwei"))
    with pytest.raises(Conflict, match=r"Line 3, '3', is new, but .* Import the file as a set of another name"):
        bring(curator, project, *given, row(3, "three"))
    assert there(curator, set_id) == before


def test_a_prompt_never_becomes_what_another_one_asks(project: tables.Project, curator: Actor) -> None:
    set_id = bring(curator, project, row(1, "one"), row(2, "two")).sets[0].id
    before = there(curator, set_id)
    with pytest.raises(Conflict, match="Line 1: the prompt '1' is now what 'mine' asks as '2'"):
        bring(curator, project, row(1, "two"))
    rows.make_prompt_set(project, "measured", prompts=["How  FAR?"], split=Split.held_out)
    with pytest.raises(Conflict, match="the prompt '2' is now what the held-out set 'measured' asks"):
        bring(curator, project, row(2, "how far?"))
    assert there(curator, set_id) == before
    report = bring(curator, project, row(3, "one"), row(4, "how far?"), row(5, "five"))
    assert (counts(report), report.num_duplicates, report.num_overlaps) == ((1, 0, 0), 1, 1)
    assert {p.line: p.reason for p in report.problems}[1] == "'mine' has this prompt, and its external id there is '1'"


def test_an_id_that_comes_twice_is_a_bad_row(project: tables.Project, curator: Actor) -> None:
    given = [row("x", "one"), row("x", "two"), row("", "three"), row(True, "four"), row("y" * 201, "five")]
    report = bring(curator, project, *given)
    reasons = {p.line: p.reason for p in report.problems}
    assert sorted(reasons) == [2, 3, 4, 5]
    assert reasons[2] == "another prompt before it has the external id 'x'"
    assert "holds the external ids" in reasons[3]
    assert "text or a number" in reasons[4]
    with pytest.raises(InvalidInput, match="Nothing was imported"):
        bring(curator, project, *given, on_bad="refuse")


def test_a_share_held_out_stays_where_it_was(project: tables.Project, curator: Actor) -> None:
    given = [row(n, f"question {n}") for n in range(40)]
    first = bring(curator, project, *given, held_out_share=0.3, seed=4)
    before = {s.split: there(curator, s.id) for s in first.sets}
    changed = [row(n, f"question {n}", level=n) for n in range(40)]
    again = bring(curator, project, *changed, held_out_share=0.3, seed=9)
    assert counts(again) == (0, 40, 0)
    for s in first.sets:
        assert [r[:4] for r in there(curator, s.id)] == [r[:4] for r in before[s.split]]
        assert all(r[4] == {"level": int(r[1])} for r in there(curator, s.id))
    with pytest.raises(Conflict, match="There is already a prompt set 'mine' in this project, whose use is train"):
        bring(curator, project, *given, split=Split.held_out)


def test_completions_of_what_is_unchanged_stay_as_they_came_first(project: tables.Project, curator: Actor) -> None:
    by_id = Mapping(prompt="q", completion="c", external_id="id")
    given = [{"id": n, "q": f"q{n}", "c": text} for n, text in ((1, "first"), (1, "second"), (2, "only"))]
    set_id = bring(curator, project, *given, mapping=by_id).sets[0].id
    assert counts(bring(curator, project, *given, mapping=by_id)) == (0, 0, 2)

    def brought() -> dict[str, list[str]]:
        return {r.text: [c.text for c in r.completions] for r in prompts.browse(curator, set_id).rows}

    assert brought() == {"q1": ["first", "second"], "q2": ["only"]}
    changed = [
        {"id": n, "q": q, "c": text} for n, q, text in ((1, "Q1?", "anew"), (1, "Q1?", "and"), (2, "q2", "late"))
    ]
    again = bring(curator, project, *changed, mapping=by_id)
    assert (counts(again), again.num_completions) == ((0, 1, 1), 2)
    assert [note for note in again.notes if "1 completions were left out" in note]
    assert not [note for note in bring(curator, project, *changed[:2], mapping=by_id).notes if "left out" in note]
    assert brought() == {"Q1?": ["anew", "and"], "q2": ["only"]}


def test_a_name_that_is_taken_otherwise_is_refused(project: tables.Project, curator: Actor) -> None:
    rows.make_prompt_set(project, "mine")
    with pytest.raises(Conflict, match="whose prompts have no external ids"):
        bring(curator, project, row(1, "one"))
    with pytest.raises(Conflict, match=r"There is already a prompt set 'mine' in this project\. Choose"):
        bring(curator, project, row(1, "one"), mapping=Mapping(prompt="q"))
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Prompt)) == 3


def test_a_column_called_external_id_is_taken_as_one(project: tables.Project, curator: Actor) -> None:
    name = put("named.jsonl", lines({"prompt": "one", "External_ID": 12}, {"prompt": "two", "External_ID": 13}))
    assert prompts.preview(curator, project.id, name).mapping.external_id == "External_ID"
    for number in (2, 0):
        report = prompts.import_file(curator, project.id, "named", name)
        assert report.num_imported == number
    (shown,) = prompts.browse(curator, report.sets[0].id, external_id="13").rows
    assert (shown.text, json.dumps(shown.extra)) == ("two", "{}")


def test_a_prompt_never_changes_sides(project: tables.Project, curator: Actor) -> None:
    given = [row(n, f"question {n}") for n in range(20)]
    first = bring(curator, project, *given, held_out_share=0.3)
    before = {s.id: there(curator, s.id) for s in first.sets}
    held_out = next(s for s in first.sets if s.split is Split.held_out)
    edited = [row(n, f"question {n}, in words") for n in range(20)]
    with pytest.raises(Conflict, match="is in 'mine held out', the held-out set beside, so nothing was imported"):
        bring(curator, project, *edited)
    name = put("mine.jsonl", lines(*edited))
    with pytest.raises(Conflict, match="is in 'mine', the train set beside"):
        prompts.import_file(curator, project.id, held_out.name, name, mapping=BY_ID, split=Split.held_out)
    assert {s.id: there(curator, s.id) for s in first.sets} == before
    of_train = [r for r in edited if str(r["id"]) not in {b[1] for b in before[held_out.id]}]
    assert counts(bring(curator, project, *of_train, row(99, "new"))) == (1, len(of_train), 0)


@pytest.mark.parametrize("is_one_the_same", [True, False])
def test_an_id_that_both_sets_have_is_refused(project: tables.Project, curator: Actor, is_one_the_same: bool) -> None:
    set_id = bring(curator, project, row(1, "train one"), row(2, "train two")).sets[0].id
    other = rows.make_prompt_set(project, "mine held out", prompts=["held one"], split=Split.held_out)
    with session() as db:
        db.execute(update(tables.Prompt).where(tables.Prompt.prompt_set_id == other.id).values(external_id="1"))
    before = there(curator, set_id), there(curator, other.id)
    asked = "train one" if is_one_the_same else "brand new"
    with pytest.raises(Conflict, match="'mine' and 'mine held out' both have a prompt '1', so nothing was imported"):
        bring(curator, project, row(1, asked), row(9, "nine"), held_out_share=0.3)
    assert (there(curator, set_id), there(curator, other.id)) == before
    assert counts(bring(curator, project, row(1, "brand new"), row(2, "train two"))) == (0, 1, 1)
    assert [r[2] for r in there(curator, set_id)] == ["brand new", "train two"]
    assert there(curator, other.id) == before[1]


@pytest.mark.parametrize("later", [0, 1_200])
@pytest.mark.parametrize("last", [{"external_id": "batch-0"}, {"external_id": None}, {}, {"external_id": [1]}])
def test_a_column_that_holds_no_ids_costs_no_row(
    project: tables.Project, curator: Actor, last: dict[str, Any], later: int
) -> None:
    given = [{"prompt": f"question {n}", "external_id": f"batch-{n}"} for n in range(later or 1)]
    name = put("named.jsonl", lines(*given, {"prompt": "the last one"} | last))
    if not later:
        looked = prompts.preview(curator, project.id, name)
        assert looked.mapping.external_id is None
        assert any("is metadata, not external ids: on line 2, " in warning for warning in looked.warnings)
    report = prompts.import_file(curator, project.id, "named", name, on_bad="refuse")
    assert (report.num_imported, report.num_bad) == (len(given) + 1, 0)
    assert any("'external_id' is metadata" in note for note in report.notes)
    first = prompts.browse(curator, report.sets[0].id).rows[0]
    assert (first.external_id, first.extra) == (None, {"external_id": "batch-0"})
    chosen = Mapping(prompt="prompt", external_id="external_id")
    assert prompts.import_file(curator, project.id, "strict", name, mapping=chosen).num_bad == 1


def waits() -> None:
    """Return once a session waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    def wait() -> bool:
        with reading() as db:
            return bool(db.scalar(text(query)))

    until(wait, "one waiting")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_set_that_a_launch_takes_meanwhile_does_not_go_to_the_trash(
    database: str, project: tables.Project, curator: Actor
) -> None:
    set_id = bring(curator, project, row(1, "one")).sets[0].id
    unused = rows.make_round(project, sets=[])
    with ThreadPoolExecutor(1) as pool:
        with session() as db:  # as `rounds.launch` locks
            db.get_one(tables.Project, project.id, with_for_update=True)
            db.add(tables.RoundPromptSet(round_id=unused.id, prompt_set_id=set_id, use=SetUse.sample))
            db.flush()
            put_there = pool.submit(set_trash.put, curator, set_id)
            waits()
        with pytest.raises(Conflict, match="samples of 1 rounds stand on it"):
            put_there.result(PATIENCE)
    assert prompts.get(curator, set_id).num_rounds == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_import_into_a_set_and_a_launch_wait_for_each_other(
    database: str, project: tables.Project, curator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_id = bring(curator, project, row(1, "one")).sets[0].id
    at_its_end, goes_on, end = threading.Event(), threading.Event(), Writer.refuse_meanwhile

    def slow(self: Writer, db: Session) -> None:
        at_its_end.set()
        assert goes_on.wait(PATIENCE)
        end(self, db)

    def launch() -> None:
        with session() as db:  # as `rounds.launch` locks
            db.get_one(tables.Project, project.id, with_for_update=True)
            db.execute(text("SELECT 1 FROM prompt_sets WHERE id = :id FOR KEY SHARE"), {"id": set_id})

    monkeypatch.setattr(Writer, "refuse_meanwhile", slow)
    with ThreadPoolExecutor(2) as pool:
        brought = pool.submit(bring, curator, project, row(1, "one"), row(2, "two"))
        assert at_its_end.wait(PATIENCE)
        launched = pool.submit(launch)
        waits()
        goes_on.set()
        launched.result(PATIENCE)
        assert counts(brought.result(PATIENCE)) == (1, 0, 1)


@pytest.mark.parametrize("status", [JobStatus.failed, JobStatus.running])
def test_a_preview_is_no_round_that_uses_the_set(project: tables.Project, curator: Actor, status: JobStatus) -> None:
    set_id = bring(curator, project, row(1, "one")).sets[0].id
    with session() as db:
        job = tables.Job(project_id=project.id, stage=Stage.generate, status=status, queue="q", workflow_id="w")
        db.add(job)
        db.flush()
        preview = tables.Preview(project_id=project.id, plan={}, job_id=job.id)
        db.add(preview)
        db.flush()
        hidden = tables.Project(name="hidden", preview_id=preview.id)
        db.add(hidden)
        db.flush()
        prompt_set = db.get_one(tables.PromptSet, set_id)
    rows.make_round(hidden, rows.make_checkpoint(project), sets=[prompt_set])
    if status is JobStatus.running:
        with pytest.raises(Conflict, match=r"because preview \d+ uses it, whose job has not ended"):
            bring(curator, project, row(1, "one"), row(2, "two"))
    else:
        assert counts(bring(curator, project, row(1, "one"), row(2, "two"))) == (1, 0, 1)
