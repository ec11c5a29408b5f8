"""What the judges of a bench came to, side by side, and the samples on which one of them disagrees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend import jobs
from backend.db import reading, tables
from backend.errors import PermissionDenied
from backend.pipeline import bench_figures
from backend.pipeline.bench_figures import Confusion, JudgePair
from backend.pipeline.health.shapes import HealthMeasure
from backend.services.access import Actor, require, role_of
from backend.services.judge_bench.opening import find
from backend.services.rounds.moving import hidden_of
from backend.services.samples import visibility
from backend.values import JSON, JobStatus, Role

T = TypeVar("T")
MOST_LISTED = 100
HIDDEN = (
    "People still decide on a round whose texts are on this bench, or on a branch with copies of them. It is shown to "
    "curators, and to all when the review is over."
)


@dataclass(frozen=True)
class JudgeFigures:
    """What a judge comes to. `unread`: texts without a verdict in any reply. `unasked`: texts it could not be asked
    about, `reason`: why not, the first time. `doubtful`: texts of which a reply is missing that they may get when asked
    again. `before`: texts that the judge from before labelled otherwise, None where it labelled none."""

    confusion: Confusion
    measures: tuple[HealthMeasure, ...]
    judged: int
    unread: int
    unasked: int
    doubtful: int
    before: int | None
    reason: str


@dataclass(frozen=True)
class BenchJudge:
    """One judge of a bench. `done`: the texts about which it was asked so far. `tokens`: that it wrote;
    `prompt_tokens`: as its endpoint counted them, None where it does not; `cost`: of the counted tokens that had a
    price at the time, None where none had; `unpriced`: counted tokens that had none; `uncounted`: replies that did not
    say what they took. `notes`: what its endpoint cannot do, or refused; of a judge that asks no model, why no text has
    a verdict."""

    id: int
    position: int
    title: str
    judge: JSON
    checkpoint_id: int | None
    checkpoint: str
    error: str | None
    is_over: bool
    done: int
    replies: int
    tokens: int
    prompt_tokens: int | None
    cost: float | None
    uncounted: int
    unpriced: int
    seconds: float
    figures: JudgeFigures | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BenchLine:
    """A bench in the list. `round_number` stays when the round is gone. `samples`, `labelled`: None while hidden
    from those who will decide on one of the texts."""

    id: int
    project_id: int
    round_id: int | None
    round_number: int | None
    is_filtered: bool
    samples: int | None
    labelled: int | None
    judges: tuple[str, ...]
    status: JobStatus | None
    created_at: datetime
    created_by: str | None

    @property
    def is_running(self) -> bool:
        return self.status in jobs.ACTIVE


@dataclass(frozen=True)
class BenchView:
    """A bench. `first`: what the judges that labelled the texts in their rounds come to; None where none did, and
    until the job is over. `pairs`: how any two agree, by position; None is those from before."""

    line: BenchLine
    filters: JSON | None
    job_id: int | None
    error: str | None
    can_try_again: bool
    first: JudgeFigures | None
    judges: tuple[BenchJudge, ...]
    pairs: tuple[JudgePair, ...]

    @property
    def is_running(self) -> bool:
        return self.line.is_running


def list_benches(actor: Actor, project_id: int, *, also: int | None = None) -> list[BenchLine]:
    """Return the project's newest benches, newest first, and the one that is asked for if it is older."""
    bench = tables.JudgeBench
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        newest = select(bench.id).where(bench.project_id == project_id).order_by(bench.id.desc()).limit(MOST_LISTED)
        ids = set(db.scalars(newest)) | ({also} if also is not None else set())
        query = select(bench).where(bench.project_id == project_id, bench.id.in_(ids))
        rows = db.scalars(query.order_by(bench.id.desc())).all()
        kept = _hidden(db, actor, project_id, [row.id for row in rows])
        lines = _lines(db, rows)
        return [replace(line, samples=None, labelled=None) if line.id in kept else line for line in lines]


def get(actor: Actor, bench_id: int) -> BenchView:
    """Return one bench; raises `NotFound`, and `PermissionDenied` while what it tells would sway who decides."""
    with reading() as db:
        row = find(db, actor, bench_id, Role.viewer)
        refuse_hidden(db, actor, row)
        [line] = _lines(db, [row])
        job = db.get(tables.Job, row.job_id) if row.job_id is not None else None
        judges = _judges(db, bench_id)
        stored = row.figures or {}
        is_running = line.status in jobs.ACTIVE
        asked_in_vain = any(
            judge.error or not judge.is_over or (judge.figures and judge.figures.doubtful) for judge in judges
        )
        return BenchView(
            line,
            row.filters,
            row.job_id,
            job.error if job is not None else None,
            can_try_again=not is_running and asked_in_vain,
            first=_figures(stored.get("first")),
            judges=tuple(judges),
            pairs=bench_figures.pairs_of(stored.get("pairs", ())),
        )


def refuse_hidden(db: Session, actor: Actor, row: tables.JudgeBench) -> None:
    """Raise `PermissionDenied` for who is no curator while people decide on a round of the bench's texts: labels and
    judges' verdicts are hidden from people who will decide."""
    if _hidden(db, actor, row.project_id, [row.id]):
        raise PermissionDenied(HIDDEN)


def is_curator_of(db: Session, actor: Actor, project_id: int) -> bool:
    """Whether the actor is a curator there, or more."""
    return (role_of(db, actor, project_id) or Role.viewer).rank >= Role.curator.rank


def _hidden(db: Session, actor: Actor, project_id: int, bench_ids: Sequence[int]) -> set[int]:
    """Those of the benches with a text on which people decide, in its round or in one that shares it as a branch."""
    if not bench_ids or is_curator_of(db, actor, project_id):
        return set()
    kept = _deciding(db, project_id)
    if not kept:
        return set()
    sample, mine = tables.Sample, tables.BenchSample
    query = select(mine.bench_id).join(sample, sample.id == mine.sample_id).where(mine.bench_id.in_(bench_ids))
    return set(db.scalars(query.where(sample.round_id.in_(kept)).distinct()))


def _deciding(db: Session, project_id: int) -> set[int]:
    """The rounds on which people decide, and all that branching joins to one of them: they share texts."""
    round_ = tables.Round
    # A round in the trash comes back to its review, and its texts stay on the benches meanwhile.
    here = or_(round_.project_id == project_id, round_.project_id.in_(hidden_of(project_id)))
    rows = db.scalars(select(round_).where(here)).all()
    ids = {row.id for row in rows if visibility.awaits_decisions(row)}
    links = [(row.id, row.branch_of_id) for row in rows if row.branch_of_id is not None]
    while more := {bench_id for link in links if ids.intersection(link) for bench_id in link} - ids:
        ids |= more
    return ids


def _lines(db: Session, rows: Sequence[tables.JudgeBench]) -> list[BenchLine]:
    ids = [row.id for row in rows]
    mine, judge, user, job = tables.BenchSample, tables.BenchJudge, tables.User, tables.Job
    counted = select(mine.bench_id, func.count(), func.count(mine.accepts)).where(mine.bench_id.in_(ids))
    counts = {id_: (n, known) for id_, n, known in db.execute(counted.group_by(mine.bench_id))}
    titles: dict[int, list[str]] = {id_: [] for id_ in ids}
    query = select(judge.bench_id, judge.title).where(judge.bench_id.in_(ids))
    for id_, title in db.execute(query.order_by(judge.bench_id, judge.position)):
        titles[id_].append(title)
    people = _named(db, user.id, user.name, [row.created_by for row in rows])
    statuses = _named(db, job.id, job.status, [row.job_id for row in rows])
    return [
        BenchLine(
            row.id,
            row.project_id,
            row.round_id,
            row.round_number,
            row.filters is not None,
            *counts.get(row.id, (0, 0)),
            tuple(titles[row.id]),
            statuses.get(row.job_id or 0),
            row.created_at,
            people.get(row.created_by or 0),
        )
        for row in rows
    ]


def _named(
    db: Session, key: InstrumentedAttribute[int], value: InstrumentedAttribute[T], ids: Iterable[int | None]
) -> dict[int, T]:
    """A column of the rows with these ids."""
    known = {id_ for id_ in ids if id_ is not None}
    return dict(db.execute(select(key, value).where(key.in_(known))).tuples().all()) if known else {}


def _judges(db: Session, bench_id: int) -> list[BenchJudge]:
    row, judgment, checkpoint = tables.BenchJudge, tables.BenchJudgment, tables.Checkpoint
    counted = (
        select(
            judgment.bench_judge_id,
            func.count(judgment.sample_id.distinct()),
            func.count().filter(judgment.failure.is_(None)),
            func.sum(judgment.num_tokens),
        )
        .join(row, row.id == judgment.bench_judge_id)
        .where(row.bench_id == bench_id)
        .group_by(judgment.bench_judge_id)
    )
    counts = {id_: (done, replies, int(tokens or 0)) for id_, done, replies, tokens in db.execute(counted)}
    query = select(row, checkpoint.name).outerjoin(checkpoint, checkpoint.id == row.checkpoint_id)
    return [
        BenchJudge(
            judge_row.id,
            judge_row.position,
            judge_row.title,
            judge_row.judge,
            judge_row.checkpoint_id,
            name or "",
            judge_row.error,
            judge_row.finished_at is not None,
            *counts.get(judge_row.id, (0, 0, 0)),
            judge_row.prompt_tokens,
            judge_row.cost,
            judge_row.uncounted,
            judge_row.unpriced,
            judge_row.seconds,
            _figures(judge_row.figures),
            (*judge_row.notes, *_why_unread(db, judge_row)),
        )
        for judge_row, name in db.execute(query.where(row.bench_id == bench_id).order_by(row.position))
    ]


def _why_unread(db: Session, row: tables.BenchJudge) -> list[str]:
    """What a judge that asks no model says most often, where it has a verdict on no text; empty elsewhere."""
    figures = _figures(row.figures)
    if figures is None or row.checkpoint_id is not None or figures.judged or not figures.unread:
        return []
    judgment = tables.BenchJudgment
    query = select(judgment.rationale, func.count()).where(
        judgment.bench_judge_id == row.id, judgment.failure.is_(None), judgment.rationale != ""
    )
    most = query.group_by(judgment.rationale).order_by(func.count().desc(), judgment.rationale).limit(1)
    return [
        f"No text has a verdict. Of {times:,}: {' '.join(reason.split())[:300]}" for reason, times in db.execute(most)
    ]


def _figures(stored: JSON | None) -> JudgeFigures | None:
    if not stored:
        return None
    names = ("judged", "unread", "unasked", "doubtful", "before", "reason")
    counts = {name: stored[name] for name in names}
    return JudgeFigures(bench_figures.confusion_of(stored), bench_figures.measures_of(stored), **counts)
