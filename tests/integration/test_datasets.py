"""Frozen datasets: what is shown of them, and what leaves, read back with the libraries it is meant for."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.pages import datasets as page_of_datasets
from app.pages.datasets import writing
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.jobs import transitions
from backend.pipeline import rows as dataset_rows
from backend.pipeline.run import run_job
from backend.services import datasets, stage_process
from backend.services.access import Actor
from backend.services.datasets import export_jobs, exports
from backend.services.datasets.export_jobs import DatasetExportRequest
from backend.values import DatasetType, DecisionKind, JobStatus, Role, Split, Verdict
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.usefixtures("database")

HOSTILE = '<img src=x onerror="alert(1)"> שלום 🙂\u2028\x1b[31m'


@pytest.fixture
def project() -> tables.Project:
    return rows.make_project()


@pytest.fixture
def viewer(project: tables.Project) -> Actor:
    return rows.make_actor(project, Role.viewer)


def make_pairs(project: tables.Project, texts: list[str] | None = None) -> tuple[tables.Dataset, list[tables.Sample]]:
    """Three prompts with two samples each, the first one better; all as pairs."""
    prompt_set = rows.make_prompt_set(project, prompts=["a", HOSTILE, "c"])
    round_ = rows.make_round(project, sets=[prompt_set])
    samples = rows.make_samples(round_, prompt_set, texts=texts, scores=[1.0, 0.0])
    pairs = [
        {"prompt_id": good.prompt_id, "sample_id": good.id, "rejected_id": bad.id, "weight": 0.5}
        for good, bad in zip(samples[::2], samples[1::2], strict=True)
    ]
    dataset = rows.make_dataset(
        round_,
        DatasetType.preference,
        pairs,
        funnel=[{"stage": "selected", "count": 3, "dropped": {"tie": 1}}],
        provenance={"seed": 1, "template_hashes": ["t" * 64]},
    )
    return freeze(dataset), samples


def freeze(dataset: tables.Dataset) -> tables.Dataset:
    """Give the dataset the hash of its rows, as the pipeline does."""
    with session() as db:
        row = db.get_one(tables.Dataset, dataset.id)
        row.content_hash = dataset_rows.content_hash(map(dataset_rows.line, dataset_rows.iterate(db, dataset.id)))
        db.merge(row)
        hash = row.content_hash
    with session() as db:
        db.get_one(tables.Dataset, dataset.id).content_hash = hash
    with reading() as db:
        return db.get_one(tables.Dataset, dataset.id)


def change(table: Any, id: int, **columns: Any) -> None:
    with session() as db:
        row = db.get_one(table, id)
        for name, value in columns.items():
            setattr(row, name, value)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_list_and_get_say_where_a_dataset_comes_from(project: tables.Project, viewer: Actor) -> None:
    dataset, samples = make_pairs(project)
    checkpoint = rows.make_checkpoint(project, "round-1")
    change(tables.Round, dataset.round_id, checkpoint_id=checkpoint.id)
    person = rows.make_user("ada")
    for number, (sample, override) in enumerate([(samples[0], True), (samples[1], False), (samples[2], False)]):
        add_decision(sample, person, str(number), is_override=override)
    add_decision(samples[4], person, "undone")
    add_decision(samples[4], person, "undo", kind=DecisionKind.retract, retracts="undone")
    [view] = datasets.list_datasets(viewer, project.id)
    assert (view.id, view.round_number, view.type, view.num_examples) == (dataset.id, 1, DatasetType.preference, 3)
    assert (view.checkpoint_id, view.checkpoint) == (checkpoint.id, "round-1")
    detail = datasets.get(viewer, dataset.id)
    assert detail.view == view
    assert detail.origins == {"selected": 3}
    assert detail.funnel[0]["dropped"] == {"tie": 1}
    assert [(p.name, p.num_decisions, p.num_overrides) for p in detail.people] == [("ada", 3, 1)]


def add_decision(
    sample: tables.Sample,
    person: tables.User,
    client_id: str,
    *,
    kind: DecisionKind = DecisionKind.accept,
    is_override: bool = False,
    retracts: str | None = None,
) -> None:
    with session() as db:
        undone = db.query(tables.Decision).filter_by(client_id=retracts).one().id if retracts else None
        db.add(
            tables.Decision(
                client_id=client_id,
                project_id=sample.project_id,
                round_id=sample.round_id,
                group_id=sample.group_id,
                sample_id=sample.id,
                user_id=person.id,
                kind=kind,
                is_override=is_override,
                retracts_id=undone,
                created_at=now(),
            )
        )


def test_people_include_who_edited_a_text_that_is_trained_on(project: tables.Project, viewer: Actor) -> None:
    prompt_set = rows.make_prompt_set(project, prompts=1)
    round_ = rows.make_round(project, sets=[prompt_set])
    [original] = rows.make_samples(round_, prompt_set, n=1)
    person = rows.make_user("grace")
    with session() as db:
        columns = {c.key: getattr(original, c.key) for c in tables.Sample.__table__.columns if c.key != "id"}
        edit = tables.Sample(
            **columns | {"kind": "edit", "text": "better", "author_id": person.id, "edited_from_id": original.id}
        )
        db.add(edit)
    add_decision(original, person, "e", kind=DecisionKind.edit)
    dataset = rows.make_dataset(
        round_, DatasetType.prompt_completion, [{"prompt_id": edit.prompt_id, "sample_id": edit.id}]
    )
    assert [p.name for p in datasets.get(viewer, dataset.id).people] == ["grace"]


def test_more_rows_than_one_waits_for_are_written_by_a_worker(
    project: tables.Project, viewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, _ = make_pairs(project)
    whole = exports.export(viewer, dataset.id).path.read_bytes()
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    with site.with_token(viewer) as client:
        for waited_for in ("export", "export/report"):
            refused = client.get(f"/api/v1/datasets/{dataset.id}/{waited_for}")
            assert (refused.status_code, "3 rows are more than" in refused.text) == (422, True)
    assert exports.export(viewer, dataset.id).num_rows == 3, "as a push in the background has it written"
    job_id = export_jobs.start(viewer, dataset.id, DatasetExportRequest())
    with pytest.raises(Conflict, match="not written yet"):
        export_jobs.file_of(viewer, job_id)
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job_id, job.workflow_id, "test")
    assert attempt is not None
    run_job(job_id, attempt, others={stage_process.EXPORT_DATASET: export_jobs.run})
    export = export_jobs.get(viewer, job_id)
    assert (export.status, export.done, export.num_rows, export.is_ready) == (JobStatus.done, 3, 3, True)
    whole_export = exports.export(viewer, dataset.id)
    assert (export.findings, export.warnings) == (whole_export.findings, whole_export.warnings)
    assert writing.DATASETS.card(export)["lines"][-1] == "No check found anything."
    assert export_jobs.newest(viewer, dataset.id) == export
    path, name = export_jobs.file_of(viewer, job_id)
    assert (path.read_bytes(), name) == (whole, f"dataset-{dataset.id}-preference.jsonl")
    with pytest.raises(NotFound, match="of yours"):
        export_jobs.get(rows.make_actor(project, Role.viewer), job_id)
    later = export_jobs.start(viewer, dataset.id, DatasetExportRequest())
    assert export_jobs.newest(viewer, dataset.id) == export_jobs.get(viewer, later)
    with site.with_token(viewer) as client:
        cancelled = client.post(f"/api/v1/dataset-exports/{later}/cancel").json()
        assert (cancelled["status"], cancelled["is_ready"]) == ("cancelled", False)
        assert client.get(f"/api/v1/dataset-exports/{job_id}/file").content == whole
        assert client.get(f"/api/v1/sample-exports/{job_id}").status_code == 404, "it is no export of samples"
    assert export_jobs.newest(viewer, dataset.id) == export, "a cancelled one hides no file"
    with session() as db:
        row = db.get_one(tables.Job, job_id)
        ended, row.finished_at = row.finished_at, now() - timedelta(days=8)
    assert not export_jobs.get(viewer, job_id).is_ready
    with pytest.raises(NotFound, match="7 days"):
        export_jobs.file_of(viewer, job_id)
    with session() as db:
        db.get_one(tables.Job, job_id).finished_at = ended
    assert export_jobs.newest(viewer, dataset.id) == export
    path.unlink()
    with pytest.raises(NotFound, match="7 days"):
        export_jobs.file_of(viewer, job_id)
    assert export_jobs.newest(viewer, dataset.id) is None
    assert "files go after 7 days" in (export_jobs.get(viewer, job_id).error or "")


def test_rows_page_by_position(project: tables.Project, viewer: Actor) -> None:
    dataset, samples = make_pairs(project)
    first = datasets.rows(viewer, dataset.id, limit=2)
    assert [(r.position, r.sample_id, r.rejected_id, r.weight) for r in first.rows] == [
        (0, samples[0].id, samples[1].id, 0.5),
        (1, samples[2].id, samples[3].id, 0.5),
    ]
    second = datasets.rows(viewer, dataset.id, limit=2, cursor=first.next)
    assert [r.position for r in second.rows] == [2]
    assert second.next is None


def test_verify_tells_a_changed_row(project: tables.Project, viewer: Actor) -> None:
    dataset, samples = make_pairs(project)
    assert datasets.verify(viewer, dataset.id).is_unchanged
    change(tables.Sample, samples[3].id, text="slipped in")
    verification = datasets.verify(viewer, dataset.id)
    assert not verification.is_unchanged
    assert verification.frozen_hash == dataset.content_hash != verification.hash_now
    assert verification.num_rows == 3


def test_export_has_trl_columns_first_and_provenance_after(project: tables.Project, viewer: Actor) -> None:
    dataset, samples = make_pairs(project)
    export = exports.export(viewer, dataset.id)
    assert (export.num_rows, export.findings, export.left_out, export.warnings) == (3, (), {}, export.scan_lines)
    assert export.path == settings().folder / "exports" / f"dataset-{dataset.id}-preference.jsonl"
    row = read(export.path)[1]
    assert list(row)[:3] == ["prompt", "chosen", "rejected"]
    assert row["prompt"] == [{"role": "user", "content": HOSTILE}]
    assert row["chosen"] == [{"role": "assistant", "content": samples[2].text}]
    with reading() as db:
        policy = db.get_one(tables.Checkpoint, db.get_one(tables.Round, dataset.round_id).policy_id).name
    assert {k: v for k, v in row.items() if k not in ("prompt", "chosen", "rejected")} == {
        "score_chosen": 1.0,
        "score_rejected": 0.0,
        "margin": 1.0,
        "source_chosen": "judge",
        "source_rejected": "judge",
        "chosen_sample_id": samples[2].id,
        "rejected_sample_id": samples[3].id,
        "prompt_id": samples[2].prompt_id,
        "prompt_external_id": None,
        "origin": "selected",
        "weight": 0.5,
        "round": 1,
        "checkpoint": policy,
        "judge_template": "t" * 64,
        "snapshot": f"sha256:{dataset.content_hash}",
    }


def test_rows_that_teach_a_judge_leave_with_what_people_said_and_without_the_judged_texts_numbers(
    project: tables.Project, viewer: Actor
) -> None:
    """People reject the text that is the chosen side of a pair, and it scores 0: the right reply on it is good."""
    dataset, samples = make_pairs(project)
    good, bad = samples[1], samples[0]
    pair = {"prompt_id": good.prompt_id, "sample_id": good.id, "rejected_id": bad.id}
    fields = {"completion": ";N", "rejected": ";Y", "messages": [{"role": "user", "content": "Is it right?"}]}
    taught = {
        "prompt_id": good.prompt_id,
        "sample_id": good.id,
        "origin": "decision",
        "extra": {"decision": 7},
    } | fields
    with reading() as db:
        round_ = db.get_one(tables.Round, dataset.round_id)
    dataset = rows.make_dataset(round_, DatasetType.preference, [taught, pair], step=1)
    readings = read(exports.export(viewer, dataset.id, type=DatasetType.unpaired_preference).path)
    assert [
        (entry["completion"][0]["content"], entry["label"], entry["score"], entry["origin"]) for entry in readings
    ] == [
        (";N", True, None, "decision"),
        (";Y", False, None, "decision"),
        (good.text, False, 0.0, "selected"),
        (bad.text, True, 1.0, "selected"),
    ]
    assert [(entry["sample_id"], entry["source"], entry["checkpoint"]) for entry in readings[:2]] == [
        (good.id, None, None)
    ] * 2
    as_pairs = read(exports.export(viewer, dataset.id).path)
    sides = ("score_chosen", "score_rejected", "margin", "source_chosen")
    assert [as_pairs[0][name] for name in sides] == [None] * 4
    assert as_pairs[1]["margin"] == -1.0


@pytest.mark.on_sqlite
@pytest.mark.parametrize("format", ["jsonl", "parquet"])
@pytest.mark.parametrize("is_strict", [True, False])
@pytest.mark.parametrize("type", exports.types(DatasetType.preference))
def test_exports_load_with_datasets_and_trl(
    project: tables.Project, viewer: Actor, tmp_path: Path, format: exports.Format, is_strict: bool, type: DatasetType
) -> None:
    from datasets import load_dataset
    from trl import is_conversational

    dataset, _ = make_pairs(project)
    export = exports.export(viewer, dataset.id, format=format, is_strict=is_strict, type=type)
    loaded = load_dataset(
        "json" if format == "jsonl" else "parquet", data_files=str(export.path), split="train", cache_dir=str(tmp_path)
    )
    columns = {
        DatasetType.preference: ["prompt", "chosen", "rejected"],
        DatasetType.prompt_completion: ["prompt", "completion"],
        DatasetType.unpaired_preference: ["prompt", "completion", "label"],
    }[type]
    assert loaded.column_names[: len(columns)] == columns
    assert (loaded.column_names == columns) is is_strict
    assert len(loaded) == (6 if type is DatasetType.unpaired_preference else 3)
    assert is_conversational(loaded[0])
    assert loaded[1 if type is not DatasetType.unpaired_preference else 2]["prompt"][0]["content"] == HOSTILE
    if type is DatasetType.unpaired_preference:
        assert loaded["label"][:] == [True, False] * 3


def test_parquet_reads_with_pandas(project: tables.Project, viewer: Actor) -> None:
    import pandas

    dataset, samples = make_pairs(project)
    frame = pandas.read_parquet(exports.export(viewer, dataset.id, format="parquet").path)
    assert list(frame["chosen_sample_id"]) == [s.id for s in samples[::2]]
    assert frame["rejected"][2][0]["content"] == samples[5].text


def test_labels_come_from_each_sides_own_verdict_not_from_the_pair(project: tables.Project, viewer: Actor) -> None:
    dataset, samples = make_pairs(project)
    change(tables.Label, samples[1].id, verdict=Verdict.accept)
    change(tables.Label, samples[3].id, verdict=None, score=None)
    export = exports.export(viewer, dataset.id, type=DatasetType.unpaired_preference)
    labels = {r["sample_id"]: r["label"] for r in read(export.path)}
    assert [labels.get(s.id) for s in samples] == [True, True, True, None, True, False]
    assert export.left_out == {"no verdict of its own": 1}
    assert "not its place in the pair" in export.warnings[0]


def test_only_derivable_types_are_offered(project: tables.Project, viewer: Actor) -> None:
    prompt_set = rows.make_prompt_set(project, prompts=["q"], answers=["the answer"])
    round_ = rows.make_round(project, mix=[prompt_set])
    seed = [{"prompt_id": rows.prompts_of(prompt_set)[0].id, "sample_id": None, "origin": "mix"}]
    dataset = rows.make_dataset(round_, DatasetType.prompt_completion, seed)
    assert exports.types(DatasetType.prompt_completion) == (DatasetType.prompt_completion,)
    with pytest.raises(InvalidInput, match="cannot be exported as preference"):
        exports.export(viewer, dataset.id, type=DatasetType.preference)
    assert list((settings().folder / "exports").iterdir()) == []
    [row] = read(exports.export(viewer, dataset.id).path)
    assert row["completion"] == [{"role": "assistant", "content": "the answer"}]
    assert (row["origin"], row["sample_id"], row["score"]) == ("mix", None, None)


def test_good_rows_only_make_completions_of_labelled_ones(project: tables.Project, viewer: Actor) -> None:
    prompt_set = rows.make_prompt_set(project, prompts=2)
    round_ = rows.make_round(project, sets=[prompt_set])
    samples = rows.make_samples(round_, prompt_set, n=1)
    labelled = [{"prompt_id": s.prompt_id, "sample_id": s.id, "label": i == 0} for i, s in enumerate(samples)]
    dataset = rows.make_dataset(round_, DatasetType.unpaired_preference, labelled)
    export = exports.export(viewer, dataset.id, type=DatasetType.prompt_completion, is_strict=True)
    assert [r["completion"][0]["content"] for r in read(export.path)] == [samples[0].text]
    assert export.left_out == {"not labelled as good": 1}


def test_checks_count_what_deserves_a_look_and_leave_it_out_when_asked(project: tables.Project, viewer: Actor) -> None:
    dataset, samples = make_pairs(project, texts=["same", " same ", " ", "x", "long", "y"])
    change(tables.Sample, samples[4].id, finish_reason="length")
    rows.make_prompt_set(project, prompts=["c"], split=Split.held_out)
    change(tables.Prompt, samples[4].prompt_id, messages=[{"role": "assistant", "content": "c"}])
    export = exports.export(viewer, dataset.id)
    assert {f.check: (f.count, f.positions) for f in export.findings} == {
        "identical pair": (1, (0,)),
        "empty": (1, (1,)),
        "roles": (1, (2,)),
        "held-out prompt": (1, (2,)),
        "truncated": (1, (2,)),
    }
    assert export.num_rows == 3
    change(tables.Sample, samples[0].id, text="another")
    rest = exports.export(viewer, dataset.id, leave_out=True)
    assert [r["chosen_sample_id"] for r in read(rest.path)] == [samples[0].id]
    assert rest.left_out == {"found by a check": 2}


def test_a_stranger_finds_no_dataset(project: tables.Project) -> None:
    dataset, _ = make_pairs(project)
    stranger = rows.make_actor(rows.make_project())
    for call in (datasets.get, datasets.rows, datasets.verify, exports.export):
        with pytest.raises(NotFound, match=f"no dataset {dataset.id}"):
            call(stranger, dataset.id)  # type: ignore[operator]


def test_old_exports_make_room(project: tables.Project, viewer: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "KEPT", 2)
    dataset, _ = make_pairs(project)
    paths = [exports.export(viewer, dataset.id, type=type).path for type in exports.types(DatasetType.preference)]
    assert sorted(p.name for p in paths[0].parent.iterdir()) == sorted(p.name for p in paths[1:])


def test_only_the_command_line_chooses_where_to_write(project: tables.Project, viewer: Actor, tmp_path: Path) -> None:
    dataset, _ = make_pairs(project)
    wanted = tmp_path / "mine.jsonl"
    assert exports.export(viewer, dataset.id, out=wanted).path != wanted
    assert not wanted.exists()
    shell = Actor(viewer.user_id, viewer.name, via="cli")
    assert exports.export(shell, dataset.id, out=wanted).path == wanted
    assert len(read(wanted)) == 3


def test_plain_texts_are_shown_and_leave_as_texts(project: tables.Project, viewer: Actor) -> None:
    prompt_set = rows.make_prompt_set(project, prompts=["A document.", "A question?", "x"], answers=[None, "So.", None])
    round_ = rows.make_round(project, sets=[prompt_set])
    document, question, blank = rows.prompts_of(prompt_set)
    alone = rows.make_samples(round_, prompt_set, n=1, texts=["Only this."])[0]
    examples = [
        {"prompt_id": document.id, "sample_id": None, "completion": ""},
        {"prompt_id": question.id, "sample_id": None, "origin": "mix"},
        {"prompt_id": alone.prompt_id, "sample_id": alone.id, "messages": []},
        {"prompt_id": blank.id, "sample_id": None, "messages": [], "completion": ""},
    ]
    dataset = rows.make_dataset(round_, DatasetType.language_modeling, examples)
    with reading() as db:
        result = list(dataset_rows.iterate(db, dataset.id))
    assert result[:3] == [
        {"text": "A document."},
        {"messages": [{"role": "user", "content": "A question?"}, {"role": "assistant", "content": "So."}]},
        {"text": "Only this."},
    ]
    page = datasets.rows(viewer, dataset.id)
    assert [page_of_datasets.table_row(row)[1:3] for row in page.rows[:3]] == [
        ["A document.", ""],
        ["A question?", "So."],
        ["", "Only this."],
    ]
    whole = [page_of_datasets.whole_row(row, page.type).split("\n\nprompt ")[0] for row in page.rows[:3]]
    assert whole == ["text:\nA document.", "user:\nA question?\n\ncompletion:\nSo.", "text:\nOnly this."]
    assert page_of_datasets.whole_row(page.rows[0], page.type).endswith("sample –"), "it is no known answer"
    export = exports.export(viewer, dataset.id, is_strict=True)
    assert read(export.path) == [
        {"text": "A document."},
        {"text": "A question?\n\nSo."},
        {"text": "Only this."},
        {"text": ""},
    ]
    assert {finding.check: finding.positions for finding in export.findings} == {"empty": (3,)}
    frame = pandas_of(exports.export(viewer, dataset.id, format="parquet").path)
    assert list(frame["text"])[:1] == ["A document."]
    with pytest.raises(InvalidInput, match="cannot be exported as prompt_completion"):
        exports.export(viewer, dataset.id, type=DatasetType.prompt_completion)


def pandas_of(path: Path) -> Any:
    import pandas

    return pandas.read_parquet(path)
