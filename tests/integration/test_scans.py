"""Scans of datasets: what they find in rows, what a person lets pass, and what an export and a push do with it."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli.commands import app
from app.pages.datasets import downloading, scan_form, scanning
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Cancelled, Conflict, InvalidInput, NotFound, PermissionDenied
from backend.exporters import TRL
from backend.jobs import JobProgress, transitions
from backend.pipeline.run import run_job
from backend.scanning import FindingKind
from backend.services import stage_process
from backend.services.access import Actor
from backend.services.datasets import dataset_cards, export_jobs, exports, scan_settings, scans
from backend.services.datasets.export_jobs import DatasetExportRequest
from backend.services.file_jobs import exports as file_exports
from backend.services.hub import pushes
from backend.services.people import accounts
from backend.services.projects import own_files
from backend.services.samples import export_jobs as sample_export_jobs
from backend.services.samples import exports as sample_exports
from backend.services.samples.exports import ExportRequest
from backend.values import DatasetType, JobStatus, Role, Split
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.usefixtures("database")
HELD_OUT = "how many legs does a green spider have"
KEY = "ghp" + "_" + "x9Y8" * 9
TEXTS = [
    "write to ben@mail.de or ben@mail.de",
    f"the key is {KEY}",
    f"Q: {HELD_OUT}? eight",
    "call +49 30 901820",
    "nothing at all",
]


class Here:
    """Five rows, of which four hold something, and people of the project."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        rows.make_prompt_set(self.project, name="held", split=Split.held_out, prompts=[HELD_OUT])
        prompt_set = rows.make_prompt_set(self.project, prompts=["1", "2", "3", "4", "5"])
        self.round = rows.make_round(self.project, sets=[prompt_set])
        written = rows.make_samples(self.round, prompt_set, n=1, texts=TEXTS, scores=[1.0])
        examples = [{"prompt_id": sample.prompt_id, "sample_id": sample.id} for sample in written]
        self.dataset = rows.make_dataset(self.round, DatasetType.prompt_completion, examples)
        self.curator, self.viewer = (rows.make_actor(self.project, role) for role in (Role.curator, Role.viewer))
        self.admin = rows.make_actor(self.project, Role.admin)

    def texts(self, actor: Actor, **how: str) -> list[str]:
        path = exports.export(actor, self.dataset.id, is_strict=True, **how).path  # type: ignore[arg-type]
        return [json.loads(line)["completion"][0]["content"] for line in path.read_text().splitlines()]


def work(job_id: int) -> int:
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    others = {stage_process.SCAN: stage_process.scan_dataset, stage_process.PUSH: stage_process.push_to_hub}
    others |= {stage_process.EXPORT_DATASET: stage_process.export_dataset}
    return run_job(job_id, transitions.start(job.id, job.workflow_id, "here") or 0, others=others)


def test_a_worker_finds_what_each_row_holds_and_shows_none_of_it_whole(tmp_path: Path) -> None:
    here = Here()
    reference = tmp_path / "bench.jsonl"
    reference.write_text(json.dumps({"q": ["nothing at all", "or so", "Well, nothing at all!"]}) + "\n\n")
    with pytest.raises(PermissionDenied):
        scans.start(here.viewer, here.dataset.id)
    scan_id = scans.start(here.curator, here.dataset.id, reference=reference)
    with pytest.raises(Conflict, match="looks through dataset"):
        scans.start(here.curator, here.dataset.id)
    queued = scans.get(here.viewer, scan_id)
    assert (queued.status, queued.finished_at) == (JobStatus.queued, None)
    assert work(queued.job_id or 0) == 0
    done = scans.get(here.viewer, scan_id)
    assert (done.status, done.done, done.total, done.num_rows) == (JobStatus.done, 5, 5, 5)
    assert (done.is_current, done.reference) == (True, "bench.jsonl")
    assert done.rows_with == {"email": 1, "credential": 1, "held_out": 1, "phone": 1}
    first = scans.hits(here.viewer, scan_id, limit=3)
    rest = scans.hits(here.viewer, scan_id, cursor=first.next)
    assert [(h.position, h.kind, h.place) for h in (*first.hits, *rest.hits)] == [
        (0, "email", "completion"),
        (1, "credential", "completion"),
        (2, "held_out", "completion"),
        (3, "phone", "completion"),
    ]
    assert rest.next is None
    assert KEY[4:] not in first.hits[1].snippet
    with reading() as db:
        stored = [
            str(value)
            for table in (tables.ScanFinding, tables.Event, tables.Job)
            for row in db.scalars(select(table))
            for value in vars(row).values()
        ]
    assert not any(KEY in value or "ben@mail" in value for value in stored)
    with pytest.raises(NotFound):
        scans.get(rows.make_actor(rows.make_project(), Role.admin), scan_id)


@pytest.mark.on_sqlite
def test_rows_are_masked_left_out_or_kept_with_a_reason_and_what_is_fine_passes() -> None:
    here = Here()
    with pytest.raises(Conflict, match="Only what a scan found is masked"):
        here.texts(here.viewer, handling="mask")
    assert "were not scanned" in " ".join(exports.export(here.viewer, here.dataset.id).warnings)
    scan = scans.scan_now(here.curator, here.dataset.id)
    assert here.texts(here.viewer) == TEXTS, "a project that warns lets all pass"
    masked = ["write to [EMAIL] or [EMAIL]", "the key is [CREDENTIAL]", "call [PHONE]", "nothing at all"]
    assert here.texts(here.viewer, handling="mask") == masked
    assert here.texts(here.viewer, handling="leave_out") == [TEXTS[4]]
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    with pytest.raises(Conflict, match="e-mail address: 1 row; held-out text: 1 row; phone number: 1 row"):
        here.texts(here.viewer)
    with pytest.raises(PermissionDenied):
        here.texts(here.viewer, handling="keep", reason="as agreed")
    with pytest.raises(InvalidInput, match="Give the reason"):
        here.texts(here.curator, handling="keep")
    assert here.texts(here.curator, handling="keep", reason="as agreed") == TEXTS
    exported = exports.export(here.curator, here.dataset.id, handling="keep", reason="as agreed")
    assert "because: as agreed" in dataset_cards.of_dataset(here.curator, here.dataset.id, exported=exported)
    with reading() as db:
        event = db.scalars(select(tables.Event).order_by(tables.Event.id.desc()).limit(1)).one()
    assert (event.details["reason"], event.details["scan"]["email"]) == ("as agreed", 1)
    email, *_ = scans.hits(here.viewer, scan.id).hits
    with pytest.raises(PermissionDenied):
        scans.mark(here.viewer, email.id)
    scans.mark(here.curator, email.id, reason="made up")
    assert [h.is_fine for h in scans.hits(here.viewer, scan.id).hits] == [True, False, False, False]
    state = scanning.drawn(here.viewer, {"dataset": here.dataset.id}, None)[0]
    assert ("e-mail" in state["text"], "fine in these: e-mail address: 1 row" in state["lines"][0]) == (False, True)
    assert scanning.said_of(here.viewer, {"dataset": here.dataset.id}, email.id).endswith(": made up")
    assert here.texts(here.viewer, handling="mask")[0] == TEXTS[0]
    scans.mark(here.curator, email.id, is_fine=False)
    assert here.texts(here.viewer, handling="mask")[0] == masked[0]
    scan_settings.change(here.admin, here.project.id, {"kinds": ["credential"]})
    with pytest.raises(Conflict, match="something else is looked for since"):
        here.texts(here.viewer, handling="leave_out")
    scan_settings.change(here.admin, here.project.id, {"mode": "off"})
    assert here.texts(here.viewer) == TEXTS


@pytest.mark.on_sqlite
def test_settings_are_refused_by_name_and_names_are_for_curators(database: str) -> None:
    here = Here()
    with pytest.raises(PermissionDenied):
        scan_settings.get(here.viewer, here.project.id)
    with pytest.raises(PermissionDenied):
        scan_settings.change(here.curator, here.project.id, {"mode": "off"})
    for wrong in ({"mode": "never"}, {"run_words": 2}, {"names": ["a"]}, {"region": "Germany"}, {"x": 1}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            scan_settings.change(here.admin, here.project.id, wrong)
    with pytest.raises(InvalidInput) as refused:
        scan_settings.change(here.admin, here.project.id, {"region": "D", "run_words": 2})
    assert scan_form.labelled(refused.value.message).splitlines() == [
        "Country of phone numbers that name none: must be two letters, as DE, or empty",
        "Words in a row shared with a held-out text: must be at least 5. Change it.",
    ]
    assert scan_settings.change(here.admin, here.project.id, {"region": "de"}).region == "DE"
    after = scan_settings.change(here.admin, here.project.id, {"names": [" Ada  Lovelace", "", "Ada Lovelace"]})
    assert after.names == ("Ada Lovelace",)
    with reading() as db:
        assert "Lovelace" not in json.dumps([row.details for row in db.scalars(select(tables.Event))])


@pytest.mark.on_sqlite
def test_a_push_scans_first_and_asks_what_becomes_of_findings() -> None:
    here, owner = Here(), accounts.local_owner()
    with pytest.raises(InvalidInput, match="reason is empty"):
        pushes.push_dataset(owner, here.dataset.id, "team/rows", found_rows="keep")
    job_id = pushes.push_dataset(owner, here.dataset.id, "team/rows")
    assert work(job_id) == 1
    assert "Say what becomes of them" in str(pushes.get(owner, job_id).error)
    scan = scans.newest(owner, here.dataset.id)
    assert scan is not None
    assert scan.rows_with["email"] == 1
    with pytest.raises(Conflict, match="leave these rows out"):
        pushes.push_dataset(owner, here.dataset.id, "team/rows")
    with pytest.raises(InvalidInput, match="Give the reason"):
        pushes.push_dataset(owner, here.dataset.id, "team/rows", found_rows="keep")
    assert pushes.push_dataset(owner, here.dataset.id, "team/rows", found_rows="mask")


@pytest.mark.on_sqlite
def test_a_reference_that_is_no_json_fails_the_scan_and_leaves_no_result(tmp_path: Path) -> None:
    here = Here()
    (bad := tmp_path / "bad.jsonl").write_text("{no}\n")
    scan_id = scans.start(here.curator, here.dataset.id, reference=bad)
    assert work(scans.get(here.curator, scan_id).job_id or 0) == 1
    failed = scans.get(here.curator, scan_id)
    assert (failed.status, failed.finished_at) == (JobStatus.failed, None)
    assert "Line 1 of the reference is no JSON" in str(failed.error)
    with session() as db:
        db.delete(db.get_one(tables.Dataset, here.dataset.id))
    with reading() as db:
        assert db.get(tables.Scan, scan_id) is None


@pytest.mark.on_sqlite
def test_rest_and_the_shell_scan_and_refuse_what_is_held(tmp_path: Path) -> None:
    here = Here()
    accounts.local_owner()
    shell, out = CliRunner(), tmp_path / "rows.jsonl"
    (bench := tmp_path / "bench.txt").write_text("Nothing at all.\nnothing at all or so\n")
    done = shell.invoke(app, ["scan", str(here.dataset.id), "--against", str(bench), "--json"])
    assert json.loads(done.stdout)["rows_with"]["email"] == 1, done.output
    assert (KEY in done.output, "[CREDENTIAL]" in done.output) == (False, True)
    with site.with_token(here.admin) as client:
        checks = f"/api/v1/projects/{here.project.id}/content-checks"
        assert client.patch(checks, json={"mode": "hold"}).json()["mode"] == "hold"
        assert client.patch(checks, json={"mode": "maybe"}).status_code == 422
        export = f"/api/v1/datasets/{here.dataset.id}/export"
        refused = client.get(export)
        assert (refused.status_code, "Say what becomes" in refused.json()["error"]["message"]) == (409, True)
        kept = client.get(export, params={"handling": "keep", "reason": "as agreed"})
        assert (kept.status_code, kept.headers["x-rows"]) == (200, "5")
        given = {"file": ("bench.txt", b"call +49 30 901820 now or never")}
        started = client.post(f"/api/v1/datasets/{here.dataset.id}/scans/compared", files=given).json()
        assert work(started["job_id"]) == 0
        assert client.get(f"/api/v1/datasets/{here.dataset.id}/scan").json()["reference"] == "bench.txt"
        page = client.get(f"/api/v1/scans/{started['id']}/findings", params={"limit": 1}).json()
        assert (
            client.post(f"/api/v1/scan-findings/{page['items'][0]['id']}/fine", json={"reason": "made up"}).status_code
            == 204
        )
        again = client.get(f"/api/v1/scans/{started['id']}/findings").json()
        assert [hit["is_fine"] for hit in again["items"]] == [True, False, False, False]
    command = ["export", str(here.dataset.id), "--out", str(out)]
    refused_by_shell = shell.invoke(app, command)
    assert refused_by_shell.exit_code != 0
    assert shell.invoke(app, [*command, "--handling", "mask"]).exit_code == 0
    assert "[PHONE]" in out.read_text()


@pytest.mark.on_sqlite
def test_the_page_shows_findings_and_no_link_to_what_is_held() -> None:
    here = Here()
    seen = {"dataset": here.dataset.id}
    assert scanning.drawn(here.viewer, seen, None)[0] is None
    scans.scan_now(here.curator, here.dataset.id)
    state, hits, *_ = scanning.drawn(here.viewer, seen, None)
    assert "e-mail address: 1 row" in state["text"]
    assert [row[1:3] for row in hits.value["data"]][:2] == [["0", "e-mail address"], ["1", "credential"]]
    how: dict[str, Any] = {"strict": False, "leave_out": False, "tool": TRL}
    link, refused = downloading.offered(here.viewer, here.dataset.id, "jsonl", "prompt_completion", **how)
    assert (link["link"].startswith("/api/v1/datasets"), refused) == (True, None)
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    link, refused = downloading.offered(here.viewer, here.dataset.id, "jsonl", "prompt_completion", **how)
    assert (link, "Say what becomes" in refused["lines"][0]) == (None, True)
    link, _ = downloading.offered(here.viewer, here.dataset.id, "jsonl", "prompt_completion", handling="mask", **how)
    assert "handling=mask" in link["link"]


@pytest.mark.on_sqlite
def test_a_scan_that_begins_again_is_unfinished_until_its_job_ends_and_stops_for_another(tmp_path: Path) -> None:
    here = Here()
    (bench := tmp_path / "bench.txt").write_text("call +49 30 901820 now\n")
    scan_id = scans.start(here.curator, here.dataset.id, reference=bench)
    job_id = scans.get(here.curator, scan_id).job_id or 0
    with reading() as db:
        workflow = db.get_one(tables.Job, job_id).workflow_id
        names = {place.name for place in own_files.places(db, [here.project.id])}
    assert f"scan-{scan_id}.reference.txt" in names
    attempt = transitions.start(job_id, workflow, "here") or 0
    finish = scans.run(job_id, JobProgress(job_id, attempt))
    with session() as db:
        finish(db)
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    with pytest.raises(Conflict, match="e-mail address"):
        here.texts(here.viewer)
    (settings().folder / "exports" / f"scan-{scan_id}.reference.txt").write_text("x\n")
    finish = scans.run(job_id, JobProgress(job_id, attempt))
    with pytest.raises(Conflict, match="not scanned"):
        here.texts(here.viewer)
    with pytest.raises(ZeroDivisionError), session() as db:
        _ = finish(db), 1 / 0
    assert (settings().folder / "exports" / f"scan-{scan_id}.reference.txt").exists(), "nothing was committed"
    with pytest.raises(Cancelled):
        scans.run(job_id, JobProgress(job_id, attempt + 1))
    assert scans.get(here.curator, scan_id).finished_at is None


@pytest.mark.on_sqlite
def test_each_outcome_of_a_scan_has_a_file_of_its_own() -> None:
    here = Here()
    scan = scans.scan_now(here.curator, here.dataset.id)
    kept = exports.export(here.curator, here.dataset.id, handling="keep", reason="as agreed").path
    masked = exports.export(here.viewer, here.dataset.id, handling="mask").path
    scans.mark(here.curator, scans.hits(here.viewer, scan.id).hits[0].id, reason="made up")
    fewer = exports.export(here.viewer, here.dataset.id, handling="mask").path
    assert len({kept, masked, fewer, exports.export(here.viewer, here.dataset.id).path}) == 4
    assert "ben@mail.de" not in masked.read_text()


@pytest.mark.on_sqlite
def test_a_written_file_is_refused_once_a_scan_leaves_out_other_rows() -> None:
    here = Here()
    job_id = export_jobs.start(here.viewer, here.dataset.id, DatasetExportRequest(handling="leave_out"))
    old = settings().folder / "exports" / "datasets-9999.jsonl"
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_text("of somebody, eight days ago")
    os.utime(old, (time.time() - 8 * 86_400,) * 2)
    assert work(job_id) == 0
    assert not old.exists()
    path, _ = export_jobs.file_of(here.viewer, job_id)
    assert "ben@mail.de" in path.read_text(), "nothing was scanned"
    scan = scans.scan_now(here.curator, here.dataset.id)
    with pytest.raises(Conflict, match="Export again"):
        export_jobs.file_of(here.viewer, job_id)
    again = export_jobs.start(here.viewer, here.dataset.id, DatasetExportRequest(handling="leave_out"))
    assert work(again) == 0
    assert "ben@mail.de" not in export_jobs.file_of(here.viewer, again)[0].read_text()
    assert export_jobs.get(here.viewer, again).left_out == {"found by the content scan": 4}
    scans.mark(here.curator, scans.hits(here.viewer, scan.id).hits[0].id, reason="made up")
    with pytest.raises(Conflict, match="Export again"):
        export_jobs.file_of(here.viewer, again)


@pytest.mark.on_sqlite
def test_a_file_that_is_written_while_it_is_asked_for_passes_the_gate_or_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Here()
    job_id = export_jobs.start(here.viewer, here.dataset.id, DatasetExportRequest(handling="leave_out"))
    find = file_exports.find
    reads: list[Any] = []

    def meanwhile(*args: Any) -> tables.Job:
        """A worker ends the job, and then a scan finds something, before the job is read a second time."""
        if len(reads) == 1:
            assert work(job_id) == 0
            scans.scan_now(here.curator, here.dataset.id)
        reads.append(args)
        return find(*args)

    monkeypatch.setattr(file_exports, "find", meanwhile)
    with pytest.raises(Conflict, match=r"not written yet|Export again"):
        export_jobs.file_of(here.viewer, job_id)


def test_what_is_beyond_the_most_of_a_row_stays_open_and_hides_no_other_kind() -> None:
    here = Here()
    many = " ".join(f"p{n}@mail.de" for n in range(60))
    with session() as db:
        sample = db.scalars(select(tables.Sample).order_by(tables.Sample.id).limit(1)).one()
        sample.text = f"{many} {KEY}"
    scan = scans.scan_now(here.curator, here.dataset.id)
    of_row = [hit for hit in scans.hits(here.viewer, scan.id, limit=200).hits if hit.position == 0]
    assert [hit.kind for hit in of_row].count(FindingKind.email) == 51
    assert [hit.kind for hit in of_row].count(FindingKind.credential) == 1
    (more,) = [hit for hit in of_row if "10 more" in hit.snippet]
    with pytest.raises(InvalidInput, match="counted"):
        scans.mark(here.curator, more.id, reason="all made up")
    for hit in of_row:
        if hit.id != more.id:
            scans.mark(here.curator, hit.id, reason="made up")
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    with pytest.raises(Conflict, match="e-mail address: 1 row"):
        here.texts(here.viewer)
    assert here.texts(here.viewer, handling="mask")[0].count("[EMAIL]") == 10


def test_what_a_reference_file_found_stays_open_until_a_scan_has_that_file_again(tmp_path: Path) -> None:
    here = Here()
    (bench := tmp_path / "bench.txt").write_text("call +49 30 901820\nnothing at all\nthe key is {no}\n")
    (other := tmp_path / "other.txt").write_text("nothing stands here of this\n")
    first = scans.scan_now(here.curator, here.dataset.id, reference=bench)
    assert (first.rows_with["reference"], first.num_uncompared, first.num_held_out) == (1, 1, 1)
    assert "1 of the held-out prompts and answers and texts of bench.txt was not" in scanning.uncompared(first)[0]
    for again in (None, other):
        scan = scans.scan_now(here.curator, here.dataset.id, reference=again)
        assert scan.rows_with["reference"] == 1
    with pytest.raises(NotFound):
        scans.get(here.curator, first.id)
    with session() as db:
        db.scalars(select(tables.Sample).where(tables.Sample.text == TEXTS[3])).one().text = "nobody"
    assert "reference" not in scans.scan_now(here.curator, here.dataset.id, reference=bench).rows_with


@pytest.mark.on_sqlite
def test_an_answer_of_a_held_out_prompt_changes_what_is_looked_for() -> None:
    here = Here()
    scans.scan_now(here.curator, here.dataset.id)
    with session() as db:
        db.scalars(select(tables.Prompt).where(tables.Prompt.text == HELD_OUT)).one().answer = "eight legs"
    newest = scans.newest(here.viewer, here.dataset.id)
    assert newest is not None
    assert not newest.is_current


@pytest.mark.on_sqlite
def test_of_a_pair_only_the_sides_that_leave_count() -> None:
    here = Here()
    with reading() as db:
        good, bad = db.scalars(select(tables.Sample).where(tables.Sample.text.in_([TEXTS[4], TEXTS[0]]))).all()
    if good.text != TEXTS[4]:
        good, bad = bad, good
    pair = [{"prompt_id": good.prompt_id, "sample_id": good.id, "rejected_id": bad.id}]
    with session() as db:
        db.delete(db.get_one(tables.Dataset, here.dataset.id))
    dataset = rows.make_dataset(here.round, DatasetType.preference, pair)
    scans.scan_now(here.curator, dataset.id)
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    with pytest.raises(Conflict, match="e-mail address: 1 row"):
        exports.export(here.viewer, dataset.id)
    assert exports.export(here.viewer, dataset.id, type=DatasetType.prompt_completion).num_rows == 1


@pytest.mark.on_sqlite
def test_a_project_that_holds_lets_no_samples_leave_unscanned(tmp_path: Path) -> None:
    here, wanted = Here(), ExportRequest()
    job_id = sample_export_jobs.start(here.viewer, here.project.id, wanted)
    scan_settings.change(here.admin, here.project.id, {"mode": "hold"})
    for way in (sample_exports.export, sample_exports.count, sample_export_jobs.start):
        with pytest.raises(Conflict, match="samples are not"):
            way(here.viewer, here.project.id, wanted)
    with pytest.raises(Conflict, match="samples are not"):
        sample_export_jobs.run(job_id, JobProgress(job_id, 1))
    with site.with_token(here.viewer) as client:
        assert client.get(f"/api/v1/projects/{here.project.id}/samples/export").status_code == 409
