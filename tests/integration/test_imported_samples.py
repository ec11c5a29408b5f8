"""Completions of a file from the import to the training rows: samples without a checkpoint, on both databases."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.jobs import transitions
from backend.pipeline import rows as dataset_rows
from backend.pipeline.run import run_job
from backend.services import checkpoints, prompts, queue, reviews, rounds, samples
from backend.services.access import Actor
from backend.services.datasets import exports
from backend.services.reviews import Act
from backend.services.samples import detail
from backend.values import DecisionKind, JobStatus, LabelSource, Split, Stage, Verdict
from tests.importing import lines, put
from tests.integration.slots import launch_on, run_jobs
from tests.rows import make_actor, make_checkpoint, make_project, make_prompt_set
from tests.tiny import make_tiny_model

PAIRS = [{"prompt": f"{i}+1=?", "chosen": f"{i + 1}", "rejected": f"{i}"} for i in range(6)]
LABELS = [{"prompt": f"{i // 2}+1=?", "completion": f"{i // 2 + i % 2}", "label": bool(i % 2)} for i in range(8)]
QUICK = {"max_steps": 2, "max_length": 64, "per_device_train_batch_size": 2, "logging_steps": 1}
FILE_ONLY = {"generator": {"name": "imported", "max_tokens": 8}, "judge": {"name": "noted"}}


class Loop:
    """A project with one checkpoint and the prompts of a file."""

    def __init__(self, values: list[dict[str, Any]], engine: dict[str, Any]) -> None:
        self.project = make_project()
        self.actor: Actor = make_actor(self.project)
        self.checkpoint = make_checkpoint(self.project, engine=engine)
        self.report = prompts.import_file(self.actor, self.project.id, "file", put("file.jsonl", lines(*values)))
        self.held_out = make_prompt_set(self.project, prompts=["9+9=?"], answers=["18"], split=Split.held_out)

    def plan(self, recipe: str, changes: dict[str, Any]) -> rounds.Plan:
        return rounds.Plan(
            recipe=recipes.get(recipe).with_changes(changes).model_dump(mode="json"),
            policy_id=self.checkpoint.id,
            reference_id=self.checkpoint.id,
            sample_set_ids=(self.report.sets[0].id,),
            held_out_set_ids=(self.held_out.id,),
            num_prompts=100,
            is_reviewed=False,
            seed=3,
        )

    def launch(self, recipe: str, changes: dict[str, Any], **plan: Any) -> int:
        return launch_on(self.checkpoint, self.actor, replace(self.plan(recipe, changes), **plan))

    def run(self, round_id: int, *, until: Stage) -> tables.Job:
        ended = run_jobs(round_id, until=until)
        assert ended.status is JobStatus.done, ended.error
        return ended


def training_rows(round_id: int) -> list[dict[str, Any]]:
    with reading() as db:
        dataset = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id)).one()
        return list(dataset_rows.iterate(db, dataset.id))


def as_pair(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["prompt"][-1]["content"], row["chosen"][0]["content"], row["rejected"][0]["content"]


@pytest.mark.on_sqlite
def test_the_pairs_of_a_file_are_trained_on_by_dpo_without_any_judge_model(database: str, tmp_path: Path) -> None:
    loop = Loop(PAIRS, {"name": "transformers", "model": str(make_tiny_model(tmp_path / "model"))})
    assert (loop.report.num_imported, loop.report.num_completions) == (6, 12)
    round_id = loop.launch("self_rewarding", FILE_ONLY | {"trainer": QUICK})
    loop.run(round_id, until=Stage.evaluate)
    assert sorted(map(as_pair, training_rows(round_id))) == sorted(
        (row["prompt"], row["chosen"], row["rejected"]) for row in PAIRS
    )
    done = rounds.get(loop.actor, round_id)
    assert done.checkpoint_id is not None
    assert checkpoints.detail(loop.actor, done.checkpoint_id)


SHARED = [
    {"prompt": "p", "chosen": "A", "rejected": "B"},
    {"prompt": "p", "chosen": "A", "rejected": "C"},
    {"prompt": "p", "chosen": "D", "rejected": "C"},
    {"prompt": "p", "chosen": "B", "rejected": "A"},
    {"prompt": "p", "chosen": "A", "rejected": "B"},
    {"prompt": "q", "chosen": "A", "rejected": "B", "note": "of another prompt"},
]


@pytest.mark.parametrize("is_implicit", [False, True])
def test_pairs_that_share_a_side_all_come_out(database: str, is_implicit: bool) -> None:
    values = SHARED
    if is_implicit:
        values = [
            {
                side: [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row[side]}]
                for side in ("chosen", "rejected")
            }
            for row in SHARED
        ]
    loop = Loop(values, SCRIPTED)
    assert (loop.report.num_imported, loop.report.num_completions, loop.report.num_merged) == (2, 10, 3)
    assert [(row.line, row.kind) for row in loop.report.problems] == [(5, "duplicate")]
    round_id = loop.launch("self_rewarding", FILE_ONLY | {"selector": {"name": "imported_pairs"}})
    loop.run(round_id, until=Stage.select)
    expected = sorted(tuple(row[name] for name in ("prompt", "chosen", "rejected")) for row in SHARED[:4] + SHARED[5:])
    assert sorted(map(as_pair, training_rows(round_id))) == expected


@pytest.mark.on_sqlite
def test_the_labels_of_a_file_are_trained_on_by_kto(database: str, tmp_path: Path) -> None:
    loop = Loop(LABELS, {"name": "transformers", "model": str(make_tiny_model(tmp_path / "model"))})
    assert (loop.report.num_imported, loop.report.num_completions, loop.report.num_merged) == (4, 8, 4)
    changes = FILE_ONLY | {"selector": {"name": "unpaired"}, "trainer": {"name": "kto", **QUICK}}
    round_id = loop.launch("self_rewarding", changes)
    loop.run(round_id, until=Stage.train)
    rows = [(r["prompt"][-1]["content"], r["completion"][0]["content"], r["label"]) for r in training_rows(round_id)]
    assert sorted(rows) == sorted((r["prompt"], r["completion"], r["label"]) for r in LABELS)


SCRIPTED = {"name": "scripted", "replies": ["own one", "own two"]}


def test_imported_samples_stand_beside_the_models_own(database: str) -> None:
    loop = Loop(PAIRS, SCRIPTED)
    round_id = loop.launch("self_rewarding", {"generator": {"n": 2}, "judge": {"name": "noted"}})
    loop.run(round_id, until=Stage.select)
    with reading() as db:
        sample, label = tables.Sample, tables.Label
        query = select(sample, label).join(label, label.sample_id == sample.id).where(sample.round_id == round_id)
        rows = db.execute(query.order_by(sample.group_id, sample.position)).tuples().all()
    assert len(rows) == 6 * 4
    assert [(s.kind, s.position, s.checkpoint_id is None, lab.kind) for s, lab in rows[:4]] == [
        ("completion", 0, False, "completion"),
        ("completion", 1, False, "completion"),
        ("import", 2, True, "import"),
        ("import", 3, True, "import"),
    ]
    assert [(lab.score, lab.verdict, lab.source) for _, lab in rows[:4]] == [
        (None, None, LabelSource.none),
        (None, None, LabelSource.none),
        (1.0, Verdict.accept, LabelSource.judge),
        (0.0, Verdict.reject, LabelSource.judge),
    ]
    assert len(training_rows(round_id)) == 6
    with reading() as db:
        dataset_id = db.scalars(select(tables.Dataset.id).where(tables.Dataset.round_id == round_id)).one()
    made_file = exports.export(loop.actor, dataset_id, format="jsonl")
    written = [json.loads(line) for line in made_file.path.read_text().splitlines()]
    assert [(row["checkpoint"], row["round"]) for row in written] == [(None, 1)] * 6
    shown = detail.detail(loop.actor, rows[2][0].id)
    assert (shown.author, shown.checkpoint, shown.noted["chosen"]) == ("import", None, True)
    page = samples.page(loop.actor, round_id, samples.Filters(kind=("other",)))
    assert len(page.rows) == 12


@pytest.mark.parametrize("mode", ["sample", "group"])
def test_imported_samples_are_reviewed_like_others(database: str, mode: str) -> None:
    loop = Loop(PAIRS, SCRIPTED)
    changes = FILE_ONLY | {"selector": {"name": "imported_pairs"}}
    round_id = loop.launch("self_rewarding", changes, is_reviewed=True, review={"mode": mode})
    loop.run(round_id, until=Stage.judge)
    items = queue.queue(loop.actor, round_id, order=queue.Order.sequential, limit=100)
    assert len(items) == (12 if mode == "sample" else 6)
    with reading() as db:
        sample = tables.Sample
        query = select(sample).where(sample.round_id == round_id, sample.group_id == items[0].group_id)
        chosen, rejected = db.scalars(query.order_by(sample.position)).all()
    if mode == "sample":
        acts = [Act("decision-one", DecisionKind.reject, chosen.id)]
    else:
        # The whole group is named by its first sample, whichever side is meant.
        acts = [Act("decision-one", DecisionKind.prefer, rejected.id, value={"best": rejected.id, "worst": chosen.id})]
    done = reviews.decide_many(loop.actor, round_id, acts)
    assert done[0].decision.is_override
    with reading() as db:
        label = db.get_one(tables.Label, chosen.id)
        assert (label.verdict, label.source, label.machine_verdict) == (
            Verdict.reject,
            LabelSource.person,
            Verdict.accept,
        )
    reviews.close(loop.actor, round_id)
    loop.run(round_id, until=Stage.select)
    assert len(training_rows(round_id)) == 5


def test_a_killed_stage_makes_the_same_rows_again(database: str) -> None:
    def texts(round_id: int) -> list[tuple[Any, ...]]:
        with reading() as db:
            sample = tables.Sample
            query = select(sample.prompt_id, sample.position, sample.kind, sample.text, sample.extra)
            return [
                tuple(row)
                for row in db.execute(
                    query.where(sample.round_id == round_id).order_by(sample.prompt_id, sample.position)
                )
            ]

    for changes in (FILE_ONLY, {"generator": {"n": 2}, "judge": {"name": "noted"}}):
        loop = Loop(PAIRS, SCRIPTED)
        whole = loop.launch("self_rewarding", changes | {"groups_per_batch": 2})
        loop.run(whole, until=Stage.select)
        cut = loop.launch("self_rewarding", changes | {"groups_per_batch": 2})
        loop.run(cut, until=Stage.generate)
        with session() as db:
            groups = select(tables.Group.id).where(tables.Group.round_id == cut, tables.Group.position.between(2, 3))
            gone = select(tables.Sample.id).where(tables.Sample.group_id.in_(groups))
            db.execute(tables.Label.__table__.delete().where(tables.Label.sample_id.in_(gone)))
            db.execute(tables.Sample.__table__.delete().where(tables.Sample.group_id.in_(groups)))
            job = db.scalars(select(tables.Job).where(tables.Job.active_key == cut)).one()
            job.stage = Stage.generate
            db.get_one(tables.Round, cut).stage = Stage.generate
        loop.run(cut, until=Stage.select)
        assert texts(cut) == texts(whole)
        assert sorted(map(as_pair, training_rows(cut))) == sorted(map(as_pair, training_rows(whole)))
        with reading() as db:
            assert db.get_one(tables.Round, cut).counts["left_out"] == {}


def test_the_estimate_counts_what_files_brought_and_a_generator_without_any_is_refused(database: str) -> None:
    loop = Loop(PAIRS, {"name": "transformers", "model": "none"})
    estimate = rounds.estimate(loop.actor, loop.project.id, loop.plan("self_rewarding", {"generator": {"n": 2}}))
    assert estimate.samples == 6 * 2 + 12
    assert any("12 imported completions" in warning for warning in estimate.warnings)
    alone = rounds.estimate(loop.actor, loop.project.id, loop.plan("self_rewarding", FILE_ONLY))
    assert (alone.samples, alone.tokens) == (12, 0)
    off = loop.plan("self_rewarding", {"generator": {"take_imported": False}})
    assert any("leaves them out" in warning for warning in rounds.estimate(loop.actor, loop.project.id, off).warnings)
    bare = Loop([{"prompt": "a"}], {"name": "transformers", "model": "none"})
    with pytest.raises(InvalidInput, match="hold no imported completions"):
        rounds.launch(bare.actor, bare.project.id, bare.plan("self_rewarding", FILE_ONLY))


@pytest.mark.parametrize(("kind", "is_done"), [("timeout", False), ("filter", True)])
def test_what_files_bring_does_not_say_that_a_server_is_well(database: str, kind: str, is_done: bool) -> None:
    down = {"name": "scripted", "rules": [{"pattern": "", "reply": "No reply came.", "fails": kind}]}
    loop = Loop([{"prompt": f"{i}+1=?", "completion": f"{i + 1}", "label": True} for i in range(20)], down)
    round_id = loop.launch("self_rewarding", {})
    with reading() as db:
        job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
    run_job(job.id, transitions.start(job.id, job.workflow_id, "here") or 0)
    with reading() as db:
        ended = db.get_one(tables.Job, job.id)
        left_out = list(db.scalars(select(tables.LeftOut).where(tables.LeftOut.round_id == round_id)))
    assert (ended.status is JobStatus.done) == is_done, ended.error
    assert is_done or "in a row could not be served, so the job stops" in str(ended.error)
    assert bool(left_out) == is_done
