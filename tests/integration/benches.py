"""Judge benches for tests: one as it stands when its judge has judged, and one whose judges are run here."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import reviews
from backend.services.judge_bench import opening
from backend.services.judge_bench.entries import BenchEntry
from backend.services.reviews import Act
from backend.values import JobStatus, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team

GOOD = r"sample \d+\.0"
"""Of two texts people accept the first."""
FAIR = {"rules": [{"pattern": GOOD, "reply": "right;Y"}, {"pattern": ".", "reply": "wrong;N"}]}
KIND = {"replies": ["fine;Y"]}
MUMBLER = {"rules": [{"pattern": GOOD, "reply": "right;Y"}, {"pattern": ".", "reply": "who knows"}]}
DEAD = {"rules": [{"pattern": ".", "reply": "Connection refused.", "fails": "server"}]}
VERDICT = {"name": "written_verdict"}


class Bench:
    """A project with 40 samples that people labelled, and checkpoints that judge."""

    def __init__(self, *, prompts: int = 20) -> None:
        self.team = Team(prompts=prompts)
        self.project, self.curator, self.ids = self.team.project, self.team.curator, self.team.ids
        acts = [Act(uuid.uuid4().hex, REJECT if n % 2 else ACCEPT, id_) for n, id_ in enumerate(self.ids)]
        reviews.decide_many(self.team.who("ann"), self.team.round.id, acts)
        with session() as db:
            db.execute(update(tables.Decision).values(is_random=True))

    def checkpoint(self, name: str, engine: dict[str, Any]) -> int:
        return rows.make_checkpoint(self.project, name, engine={"name": "scripted"} | engine).id

    def judge(self, name: str, engine: dict[str, Any], **knobs: Any) -> BenchEntry:
        return BenchEntry(VERDICT | knobs, self.checkpoint(name, engine))

    def open(self, *judges: BenchEntry, **more: Any) -> int:
        return opening.open_bench(self.curator, self.project.id, judges, **more)

    def close(self) -> None:
        with session() as db:
            row = db.get_one(tables.Round, self.team.round.id)
            row.status, row.stage, row.step = RoundStatus.done, Stage.evaluate, 5


def make_bench(
    db: Session, project: tables.Project, samples: Sequence[tables.Sample], mark: str
) -> tuple[tables.JudgeBench, tables.BenchJudge]:
    """A bench with one judge that has judged."""
    bench = tables.JudgeBench(project_id=project.id)
    db.add(bench)
    db.flush()
    db.add_all(tables.BenchSample(bench_id=bench.id, sample_id=sample.id, accepts=False) for sample in samples[:2])
    judge = tables.BenchJudge(
        bench_id=bench.id, position=0, title=f"{mark} judge", judge={"name": "exact_match"}, finished_at=now()
    )
    db.add(judge)
    db.flush()
    db.add_all(
        tables.BenchJudgment(
            bench_judge_id=judge.id,
            sample_id=sample.id,
            judge="exact_match",
            position=0,
            score=1.0,
            verdict=Verdict.accept,
            rationale=mark,
            raw=mark,
        )
        for sample in samples[:2]
    )
    return bench, judge


def run_bench(bench_id: int) -> JobStatus:
    """Run the job of a bench in this process; how it ended."""
    with reading() as db:
        bench = db.get_one(tables.JudgeBench, bench_id)
        job = db.get_one(tables.Job, bench.job_id)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    run_job(job.id, attempt)
    with reading() as db:
        return db.get_one(tables.Job, job.id).status
