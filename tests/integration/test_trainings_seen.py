"""What trainings logged and what they were about to do: rows of jobs, services, REST and the page."""

from pathlib import Path
from typing import Any

import pytest

from app.pages.training import shown as page_texts
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Cancelled, InvalidInput, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.pipeline import preflight
from backend.pipeline import run as pipeline_run
from backend.services import datasets, round_report, rounds
from backend.services.checkpoints import model_cards
from backend.services.datasets import exports
from backend.services.rounds import preflights, training_curves
from backend.services.rounds.job_views import thinned
from backend.services.rounds.training_curves import SeriesGroup
from backend.trainers import _preflight
from backend.trainers.sft import SFT
from backend.values import DatasetType, JobStatus, Role, Stage
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.loop import SOLVER as ENGINE
from tests.integration.loop import Loop, star, tiny
from tests.integration.test_deep_links import Opened

__all__ = ["tiny"]
pytestmark = pytest.mark.on_sqlite


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""


def run_job(job_id: int) -> tables.Job:
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job_id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job_id, attempt)
    with reading() as db:
        return db.get_one(tables.Job, job_id)


def test_a_training_notes_what_it_is_about_to_do_and_can_be_looked_at_again(tiny: Path) -> None:
    loop = Loop(star(), ENGINE, tiny)
    round_id = loop.launch()
    assert loop.run(round_id, trains=True).error is None
    began = preflights.newest(loop.actor, loop.project.id, round_id=round_id)
    assert began is not None
    assert began.report is not None
    assert (began.round_id, began.status) == (round_id, JobStatus.done)
    dataset = next(
        dataset_view for dataset_view in datasets.list_datasets(loop.actor, loop.project.id) if dataset_view.is_read
    )
    assert began.report["rows"] == dataset.num_examples
    assert began.report["steps"] == 2
    assert (began.report["warm_up"], began.report["peak_share"]) == (0, 1.0)
    with reading() as db:
        job = db.get_one(tables.Job, began.job_id)
    assert (job.done, job.total, job.last_metrics["step"]) == (2, 2, 2)
    tokens = job.last_metrics["num_tokens"]
    assert tokens == pytest.approx(began.report["tokens"] * began.report["passes"])
    cost = round_report.get(loop.actor, round_id).work.cost
    assert cost.tokens_trained == tokens
    assert not any("tokens trained on" in sentence for sentence in cost.missing)
    checkpoint_id = rounds.get(loop.actor, round_id).checkpoint_id
    assert checkpoint_id is not None
    card = model_cards.of_checkpoint(loop.actor, checkpoint_id)
    assert f"Trained for 2 optimizer steps on {tokens:,.0f} tokens, each counted once for every pass." in card
    assert "SFTTrainer" in began.report["script"]
    exported = exports.export(loop.actor, dataset.id)
    assert f'"DATASET", "{exported.name}"' in began.report["script"]
    assert f"ROWS = {exported.num_rows}\n" in began.report["script"]
    usual = preflights.usual(loop.actor, dataset.id)
    assert usual.trainer["name"] == began.report["trainer"] == "sft"
    shorter = began.report["longest"] - 1
    looked = preflights.look(loop.actor, dataset.id, {"max_length": shorter})
    assert preflights.get(loop.actor, looked).report is None
    assert run_job(looked).error is None
    result = preflights.newest(loop.actor, loop.project.id)
    assert result is not None
    assert result.report is not None
    assert (result.job_id, result.dataset_id, result.report["max_length"]) == (looked, dataset.id, shorter)
    assert result.report["rows"] == began.report["rows"]
    assert result.report["truncated"]["rows"] or result.report["left_out"]
    series = training_curves.series(loop.actor, loop.project.id, [round_id])
    groups = {entry.group for entry in series}
    assert {SeriesGroup.loss, SeriesGroup.learning_rate, SeriesGroup.entropy, SeriesGroup.lengths} <= groups
    with reading() as db:
        logged = {point.name for point in db.query(tables.JobPoint).filter_by(job_id=began.job_id)}
    assert {entry.name for entry in series} == logged, "every series that TRL logs is there"
    with site.signed_in(loop.actor) as client:
        answer = client.get(f"/api/v1/preflights/{looked}")
        assert answer.json()["report"]["max_length"] == shorter
        curves = client.get(f"/api/v1/projects/{loop.project.id}/training-curves", params={"round_id": round_id})
        assert {entry["name"] for entry in curves.json()} == logged


REPORT = {
    "trainer": "sft",
    "rows": 3,
    "rows_used": 2,
    "left_out": {"too_long": 1},
    "max_length": 8,
    "examples": 2,
    "counted": 2,
    "tokens": 10,
    "tokens_learned": 4,
    "longest": 6,
    "truncated": {"rows": 1, "of": 2},
    "steps": 7,
    "passes": 3.5,
    "warm_up": 20,
    "peak_share": 0.3,
    "memory": None,
    "first": [
        [
            {
                "side": "",
                "tokens": 6,
                "learned": 2,
                "is_cut": False,
                "parts": [
                    {"text": "<|user|>2 + 2 =", "learned": False},
                    {"text": "4<|eos|>", "learned": True},
                ],
            }
        ]
    ],
    "config": {"learning_rate": 0.001},
    "config_class": "SFTConfig",
    "script": "trainer = SFTTrainer()",
    "no_script": "",
}


def test_the_page_shows_curves_report_and_script(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    with session() as db:
        job: Any = tables.Job(
            project_id=project.id,
            round_id=round_.id,
            workflow_id="w",
            stage=Stage.train,
            queue="train",
            status=JobStatus.running,
            spec={"preflight": REPORT, "folder": "f"},
        )
        look = tables.Job(
            project_id=project.id,
            workflow_id="l",
            stage=Stage.train,
            queue="train",
            status=JobStatus.done,
            spec={
                "kind": "preflight",
                "dataset_id": 1,
                "trainer": {"name": "sft"},
                "preflight": REPORT | {"steps": 99},
            },
        )
        db.add_all([job, look])
        db.flush()
        db.add(tables.JobPoint(job_id=job.id, name="rewards/margins", step=1, value=0.5))
    with site.signed_in(rows.make_actor(project)) as client:
        page = Page(client, project.slug)
        shown = page.ask("training", "draw", rounds=f"{round_.id},999")
        assert "Round 999 of the address was not trained" in shown
        assert f"jobs?job={job.id}" in shown
        assert "writes while it trains" in shown
        assert "margins" in shown, "plotly writes the slash otherwise"
        assert "margins, round" not in shown, "of one round there is no other to tell it from"
        assert "1 longer than max_length" in shown
        assert "50.0% of rows" in shown
        assert '"passes over the rows", "value": "3.5"' in shown
        assert "The warm-up takes 20 steps, and there are 7: the learning rate rises to 30% of" in shown
        assert '"learned": true' in shown
        assert "trainer = SFTTrainer()" in shown
        assert '"value": "99"' in page.ask("training.looking", "draw")


def test_a_look_that_waits_says_so_and_a_report_that_could_not_be_made_says_why(database: str) -> None:
    project = rows.make_project()
    with session() as db:
        job = tables.Job(
            project_id=project.id,
            workflow_id="q",
            stage=Stage.train,
            queue="train",
            status=JobStatus.queued,
            spec={"kind": "preflight", "dataset_id": 1, "trainer": {"name": "sft"}},
        )
        db.add(job)
        db.flush()
        job_id = job.id
    actor = rows.make_actor(project)
    assert page_texts.report(preflights.get(actor, job_id)) == {
        "wait": f"Job {job_id} waits in the queue. Its rows are looked at once a worker takes it."
    }
    with session() as db:
        row = db.get_one(tables.Job, job_id)
        row.spec = row.spec | {"preflight": {"trainer": "sft", "first": [], "failure": "It could not be said: a\nb"}}
        row.status = JobStatus.done
    result = preflights.get(actor, job_id)
    assert page_texts.report(result) == {"wait": "It could not be said: a\nb"}
    assert page_texts.script(result) == "# It could not be said: a b"


def test_a_report_that_cannot_be_made_ends_no_training(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = SFT()
    weights: Any = None
    ready = _preflight.Ready([], [], {}, 0, 8, None)

    def refuse(*_: object) -> None:
        raise RuntimeError("no room for it")

    monkeypatch.setattr(_preflight, "report", refuse)
    spec: Any = None
    _preflight.note(tiny, trainer, spec, weights, ready)
    assert preflight.read(tiny)["failure"].endswith("could not be said: no room for it")


def test_a_note_that_fails_ends_no_training_and_a_cancelled_one_does(tmp_path: Path) -> None:
    class Stage_:
        job_id = 1

        def __init__(self, error: Exception) -> None:
            self.error = error

        def writing(self) -> Any:
            raise self.error

    for error in (ValueError("broken"), Cancelled("over")):
        stage: Any = Stage_(error)
        note = preflight.Noting(stage, tmp_path, None)
        (tmp_path / "preflight.json").write_text('{"first": []}', encoding="utf-8")
        if isinstance(error, Cancelled):
            with pytest.raises(Cancelled):
                note()
        else:
            note()
            assert note.is_noted


def test_a_look_that_was_killed_leaves_its_folder_to_the_next_one(database: str) -> None:
    top = settings().folder / preflight.FOLDERS
    for number in ("71", "72"):
        (top / number).mkdir(parents=True)
        (top / number / "dataset.jsonl").write_text("{}", encoding="utf-8")
    with preflight._folder(72) as folder:
        assert (folder, list(folder.iterdir())) == (top / "72", [])
        assert [path.name for path in top.iterdir()] == ["72"]
    assert list(top.iterdir()) == []


def test_what_cannot_be_looked_at_is_refused_with_a_reason(database: str) -> None:
    project = rows.make_project()
    policy = rows.make_checkpoint(project)
    curator, viewer = rows.make_actor(project, Role.curator), rows.make_actor(project, Role.viewer)
    round_ = rows.make_round(project, policy)
    prompts = rows.make_prompt_set(project, prompts=["a"])
    sample, other, *_ = rows.make_samples(round_, prompts, texts=["b", "c"])
    line = [{"prompt_id": sample.prompt_id, "sample_id": sample.id, "rejected_id": other.id}]
    dataset = rows.make_dataset(round_, DatasetType.preference, line)
    with pytest.raises(PermissionDenied):
        preflights.look(viewer, dataset.id)
    with pytest.raises(InvalidInput, match="does not read preference rows"):
        preflights.look(curator, dataset.id, {"name": "sft"})
    with pytest.raises(InvalidInput, match="max_length"):
        preflights.look(curator, dataset.id, {"max_length": 0})
    with pytest.raises(NotFound, match="no checkpoint"):
        preflights.look(curator, dataset.id, policy_id=policy.id + 99)
    stranger = rows.make_actor(rows.make_project())
    with pytest.raises(NotFound, match="no dataset"):
        preflights.look(stranger, dataset.id)
    job_id = preflights.look(curator, dataset.id)
    with pytest.raises(NotFound, match="no pre-flight"):
        preflights.get(stranger, job_id)


def test_a_tick_loads_points_where_some_came_and_stops_with_the_trainings(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    with session() as db:
        job: Any = tables.Job(
            project_id=project.id,
            round_id=round_.id,
            workflow_id="w",
            stage=Stage.train,
            queue="train",
            status=JobStatus.running,
        )
        db.add(job)
        db.flush()
        job_id = job.id
        db.add_all(tables.JobPoint(job_id=job_id, name="loss", step=n, value=float(n)) for n in range(1, 1002))
    actor = rows.make_actor(project)
    [entry] = training_curves.series(actor, project.id, [round_.id])
    assert list(entry.points) == thinned([(n, float(n)) for n in range(1, 1002)])
    assert len(entry.points) < 600
    loaded: list[int] = []
    original = training_curves.series

    def counted(*asked: Any) -> Any:
        loaded.append(1)
        return original(*asked)

    monkeypatch.setattr(training_curves, "series", counted)
    with site.signed_in(actor) as client:
        page = Page(client, project.slug)
        page.ask("training", "draw", rounds=str(round_.id))
        page.do("training", "refresh")
        assert len(loaded) == 1
        with session() as db:
            db.add(tables.JobPoint(job_id=job_id, name="loss", step=1002, value=0.5))
        page.do("training", "refresh")
        assert len(loaded) == 2
        assert '"active": false' not in page.replies[-1]
        with session() as db:
            db.get_one(tables.Job, job_id).status = JobStatus.done
        page.do("training", "refresh")
        assert len(loaded) == 2
        assert '"active": false' in page.replies[-1]


def test_rounds_lie_on_top_of_each_other_and_no_more_than_can_be_told_apart(database: str) -> None:
    project = rows.make_project()
    actor, policy = rows.make_actor(project), rows.make_checkpoint(project)
    rounds = [rows.make_round(project, policy) for _ in range(9)]
    with session() as db:
        for number, round_ in enumerate(rounds[:2]):
            job: Any = tables.Job(
                project_id=project.id, round_id=round_.id, workflow_id=f"w{number}", stage=Stage.train, queue="train"
            )
            db.add(job)
            db.flush()
            db.add(tables.JobPoint(job_id=job.id, name="loss", step=1, value=float(number)))
    series = training_curves.series(actor, project.id, [rounds[1].id, rounds[0].id])
    assert [(entry.round_number, entry.step, entry.points) for entry in series] == [
        (rounds[0].number, None, ((1, 0.0),)),
        (rounds[1].number, None, ((1, 1.0),)),
    ]
    with pytest.raises(InvalidInput, match="at most 8"):
        training_curves.series(actor, project.id, [entry.id for entry in rounds])
    with pytest.raises(NotFound, match="no round"):
        training_curves.series(actor, project.id, [rounds[-1].id + 1])
