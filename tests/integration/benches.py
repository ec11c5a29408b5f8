"""Judge benches for tests: one as it stands when its judge has judged, and one whose judges are run here."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.db import now, reading, tables
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.values import JobStatus, Verdict


def make_bench(
    db: Session, project: tables.Project, samples: Sequence[tables.Sample], mark: str
) -> tuple[tables.JudgeBench, tables.BenchJudge]:
    """A bench with one judge that has judged."""
    bench = tables.JudgeBench(project_id=project.id)
    db.add(bench)
    db.flush()
    db.add_all(tables.BenchSample(bench_id=bench.id, sample_id=one.id, accepts=False) for one in samples[:2])
    judge = tables.BenchJudge(
        bench_id=bench.id, position=0, title=f"{mark} judge", judge={"name": "exact_match"}, finished_at=now()
    )
    db.add(judge)
    db.flush()
    db.add_all(
        tables.BenchJudgment(
            bench_judge_id=judge.id,
            sample_id=one.id,
            judge="exact_match",
            position=0,
            score=1.0,
            verdict=Verdict.accept,
            rationale=mark,
            raw=mark,
        )
        for one in samples[:2]
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
