"""Judges of a bench judge its samples, one after the other. What one of them cannot do stops none of the others."""

import logging
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, session, tables
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.engines import Engine
from backend.engines._wrapper import innermost
from backend.errors import Cancelled, Conflict, DatabaseLost, NotFound, RondoError
from backend.jobs import fenced
from backend.jobs.progress import JobProgress
from backend.judges import Judge
from backend.pipeline import bench_figures, bench_rows, left_out, spending
from backend.pipeline.bench_rows import BenchText
from backend.pipeline.bind import engine_for
from backend.pipeline.judge import judge_group
from backend.pipeline.judge_columns import judgment_columns
from backend.pipeline.left_out import ServedGate
from backend.pipeline.stage import Finish, derive_seed
from backend.values import Group, Judgment
from backend.values.replies import Usage

log = logging.getLogger("rondo.pipeline")

KIND = "judge_bench"
GROUPS_AT_ONCE = 16
STOPS_ALL = (Cancelled, SQLAlchemyError, DatabaseLost)
"""Errors that are no judge's: the job ends with them."""


@dataclass(frozen=True)
class _Bench:
    """One attempt at the job of a bench."""

    id: int
    seed: int
    job_id: int
    attempt: int
    progress: JobProgress
    texts: list[BenchText]


@dataclass
class _Tally:
    """What a judge took and was not written yet: where it fails, that was asked, too."""

    engine: Engine | None
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    known: tuple[str, ...] = ()
    """What the endpoint had refused before this judge was asked: of that it may need nothing."""

    def __post_init__(self) -> None:
        self.known = self.engine.notes() if self.engine is not None else ()

    def ask(self, judge: Judge, groups: Sequence[Group], seed: int) -> list[Judgment]:
        """What the judge says of the groups, and how long that takes."""
        started = time.monotonic()
        try:
            return _asked(judge, self.engine, groups, seed)
        finally:
            self.seconds += time.monotonic() - started

    def write(self, db: Session, row: tables.BenchJudge) -> None:
        """Add it to the judge's row; it is kept until `written` says that the transaction has ended."""
        row.seconds += self.seconds
        if self.engine is None:
            return
        self.usage += self.engine.take_usage()
        usage = self.usage
        row.uncounted += usage.uncounted
        if usage.requests > usage.uncounted:
            row.prompt_tokens = (row.prompt_tokens or 0) + usage.tokens_in
            cost, unpriced = spending.priced(innermost(db.get_one(tables.Checkpoint, row.checkpoint_id).engine), usage)
            row.unpriced += unpriced
            if unpriced < usage.tokens_in + usage.tokens_out:
                row.cost = (row.cost or 0.0) + cost
        refused = [clean(note) for note in self.engine.notes() if note not in self.known]
        if new := [note for note in dict.fromkeys(refused) if note not in row.notes]:
            row.notes = [*row.notes, *new]

    def written(self) -> None:
        """Begin anew: what was added is in the database."""
        self.seconds, self.usage = 0.0, Usage()


def run(job_id: int, attempt: int, progress: JobProgress) -> Finish:
    """Ask every judge that has not ended about the samples it was not asked about; each batch is written when it is
    done, so that a job which was killed asks nothing twice."""
    with reading() as db:
        bench_id = db.get_one(tables.Job, job_id).spec["bench_id"]
        row = db.get(tables.JudgeBench, bench_id)
        if row is None:
            raise NotFound(f"The judge bench {bench_id} is gone. There is nothing left to judge.")
        if row.job_id != job_id:
            raise Conflict(f"The judge bench {bench_id} went on with job {row.job_id}. Resume that one instead.")
        bench = _Bench(bench_id, row.seed, job_id, attempt, progress, bench_rows.texts(db, bench_id))
        waiting = [judge for judge in _judges(db, bench_id) if judge.finished_at is None]
    progress.start(len(waiting) * len(bench.texts), "texts")
    # Judges that share a checkpoint share its weights: they are loaded once.
    waiting.sort(key=lambda judge_row: (judge_row.checkpoint_id or 0, judge_row.position))
    for checkpoint_id, some in groupby(waiting, key=lambda judge_row: judge_row.checkpoint_id):
        _serve(bench, checkpoint_id, list(some))
    figures = _figures(bench)

    def finish(db: Session) -> None:
        db.get_one(tables.JudgeBench, bench_id).figures = figures

    return finish


def _judges(db: Session, bench_id: int) -> list[tables.BenchJudge]:
    row = tables.BenchJudge
    return list(db.scalars(select(row).where(row.bench_id == bench_id).order_by(row.position)))


def _serve(bench: _Bench, checkpoint_id: int | None, rows: Sequence[tables.BenchJudge]) -> None:
    """Let the judges that ask one checkpoint judge; where it cannot be served, each of them ends with the reason."""
    left = list(rows)
    try:
        with engine_for(checkpoint_id) if checkpoint_id is not None else nullcontext(None) as engine:
            while left:
                tally = _Tally(engine)
                _end(bench, left[0], _judge(bench, tally, left[0]), tally)
                left.pop(0)
    except STOPS_ALL:
        raise
    except Exception as error:
        for row in left:
            _end(bench, row, _reason(error))


def _judge(bench: _Bench, tally: _Tally, row: tables.BenchJudge) -> str:
    """Judge what is missing; return why it could not go on, empty where it could."""
    try:
        judge: Judge = Judge.load(row.judge)
        gate = ServedGate("texts", anything_yet=_has_replies(row.id), who="this judge")
        for number, batch in enumerate(in_chunks(bench_rows.groups_of(bench.texts), GROUPS_AT_ONCE)):
            some = [text for group in batch for text in group]
            _batch(bench, tally, row.id, judge, gate, some, derive_seed(bench.seed, "bench", number))
            bench.progress.advance(len(some))
        gate.close()
    except STOPS_ALL:
        raise
    except Exception as error:
        return _reason(error)
    return ""


def _batch(
    bench: _Bench,
    tally: _Tally,
    row_id: int,
    judge: Judge,
    gate: ServedGate,
    some: Sequence[BenchText],
    seed: int,
) -> None:
    with reading() as db:
        known = bench_rows.judged_ids(db, row_id, [text.sample_id for text in some])
        missing = [text for text in some if text.sample_id not in known]
        groups = bench_rows.shown_groups(db, judge, missing) if missing else []
    if not missing:
        return
    wanted = {text.sample_id for text in missing}
    judgments = [judgment for judgment in tally.ask(judge, groups, seed) if judgment.sample_id in wanted]
    failures = [judgment.failure for judgment in judgments if judgment.failure is not None]
    write = partial(_write, bench, row_id, judgments, tally)
    gate.pass_batch(write, served=len(judgments) - len(failures), failures=failures)


def _asked(judge: Judge, engine: Engine | None, groups: Sequence[Group], seed: int) -> list[Judgment]:
    """What the judge says; where it raises for the batch, each group is judged alone to find the culprit."""
    try:
        return judge.judge(engine, groups, seed=seed)
    except Exception as error:
        left_out.failure_of(error)
    return [
        judgment
        for n, group in enumerate(groups)
        for judgment in judge_group(judge, engine, group, derive_seed(seed, n))
    ]


def _has_replies(row_id: int) -> bool:
    judgment = tables.BenchJudgment
    query = select(judgment.id).where(judgment.bench_judge_id == row_id, judgment.failure.is_(None)).limit(1)
    with reading() as db:
        return db.scalar(query) is not None


def _write(bench: _Bench, row_id: int, judgments: Sequence[Judgment], tally: _Tally) -> None:
    """Insert one batch of replies, and add what the judge took to its row, in one transaction."""
    columns = judgment_columns(judgments) | {
        "failure": [None if judgment.failure is None else clean(judgment.failure.reason) for judgment in judgments],
        "is_doubtful": [judgment.failure is not None and not judgment.failure.kind.is_own for judgment in judgments],
    }
    with session() as db:
        fenced(db, bench.job_id, bench.attempt)
        if judgments:
            insert_rows(db, tables.BenchJudgment, {"bench_judge_id": row_id, "created_at": now()}, columns)
        tally.write(db, db.get_one(tables.BenchJudge, row_id))
    tally.written()


def _end(bench: _Bench, row: tables.BenchJudge, error: str, tally: _Tally | None = None) -> None:
    """Note that a judge has ended, why if it could not go on, what it took since its last batch, and what its replies
    come to."""
    figures = None
    with reading() as db:
        by_sample = bench_rows.judgments(db, row.id)
    judge = loaded(row)
    if judge is not None:
        replies = bench_rows.said_by(judge, by_sample, bench.texts)
        failed = [some for some in by_sample.values() if all(judgment.failure is not None for judgment in some)]
        reasons = [some[0].failure or "" for some in failed]
        doubtful = sum(any(judgment.is_doubtful for judgment in some) for some in by_sample.values())
        figures = bench_figures.to_json(
            judge,
            row.checkpoint_id,
            replies,
            unasked=reasons,
            doubtful=doubtful,
            before=bench_rows.num_before(replies, bench.texts),
        )
    with session() as db:
        fenced(db, bench.job_id, bench.attempt)
        written = db.get_one(tables.BenchJudge, row.id)
        if tally is not None:
            tally.write(db, written)
        written.error, written.figures, written.finished_at = clean(error) or None, figures, now()
    if tally is not None:
        tally.written()


def loaded(row: tables.BenchJudge) -> Judge | None:
    """The judge of a row; None where this version has no such part, or not with these knobs."""
    try:
        judge: Judge = Judge.load(row.judge)
    except (RondoError, ValueError):
        return None
    return judge


def _figures(bench: _Bench) -> dict[str, Any]:
    """What the judges from before come to on the samples, and how any two judges agree."""
    with reading() as db:
        before = bench_rows.said_before(bench.texts)
        verdicts: dict[int | None, dict[int, bool]] = {None: _verdicts(before)} if before else {}
        for row in _judges(db, bench.id):
            if (judge := loaded(row)) is not None:
                replies = bench_rows.said_by(judge, bench_rows.judgments(db, row.id), bench.texts)
                verdicts[row.position] = _verdicts(replies)
    first = bench_figures.to_json(None, None, before) if before else None
    return {"first": first, "pairs": bench_figures.pairs_to_json(bench_figures.pairs(verdicts))}


def _verdicts(replies: Sequence[bench_figures.BenchWord]) -> dict[int, bool]:
    return {reply.text.id: reply.text.accepted for reply in replies if reply.text.accepted is not None}


def _reason(error: Exception) -> str:
    """Why a judge could not go on, for people."""
    if isinstance(error, RondoError):
        return error.message
    log.exception("A judge of a bench failed.")
    return (
        f"Unexpected {type(error).__name__}: {error}. The job's log has the traceback. Change the judge, or try again."
    )
