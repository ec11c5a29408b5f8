"""Opening a bench: its samples are drawn among those with people's labels, or are what a filter of a round finds."""

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session, aliased

from backend import boundary, jobs
from backend.db import reading, session, tables
from backend.db.filters import Filters
from backend.db.many import in_chunks
from backend.errors import Conflict, InvalidInput, NotFound
from backend.pipeline.decided import in_order
from backend.pipeline.judge_bench import KIND
from backend.services import archived, events
from backend.services.access import Actor, require, require_row
from backend.services.decisions import bulk
from backend.services.judge_bench import entries as entries_of
from backend.services.judge_bench import labels
from backend.services.judge_bench.entries import BenchEntry
from backend.services.judge_bench.labels import Labelled
from backend.services.questions import filtering
from backend.services.rounds import get_row
from backend.translations import SOURCE, gettext, ngettext, using
from backend.values import JobStatus, Role, Stage

FEWEST, USUAL, MOST = 20, 50, 200
"""Samples with people's labels on a bench."""
MOST_FILTERED = 5_000


def open_bench(
    actor: Actor,
    project_id: int,
    entries: Sequence[BenchEntry],
    *,
    number: int = USUAL,
    round_id: int | None = None,
    filters: Filters | None = None,
    seed: int = 0,
) -> int:
    """Open a bench, start its job, and return the bench's id.

    Without `filters`, so many samples are drawn among those with people's labels, of the round or of all; of fewer all
    are taken. With `filters` the samples are what the list of the round's samples finds; labels stay as they are.
    Raises `InvalidInput` for too few or too many samples, and for a judge that cannot be tried.
    """
    boundary.whole(number, "number: the samples of a bench", least=FEWEST, most=MOST)
    boundary.whole(seed, "seed", most=boundary.MOST_SEED)
    with reading() as db:
        # Searching and counting may take a second: nobody who writes has to wait for that.
        require(db, actor, project_id, Role.curator)
        _check_round(db, actor, project_id, round_id)
        checked = entries_of.check(db, project_id, entries)
        if filters is None:
            samples = _drawn(db, labels.labelled(db, project_id, round_id), number, seed)
        else:
            samples = _filtered(db, actor, round_id, filters)
    with session() as db:
        require(db, actor, project_id, Role.curator)
        changed = None if filters is None else {name: _plain(value) for name, value in filters.changed().items()}
        round_ = db.get(tables.Round, round_id) if round_id is not None else None
        if round_ is not None:
            archived.refuse(round_)
        for sampled in _rounds_of(db, samples):
            archived.refuse_held(db, sampled)
        bench = tables.JudgeBench(
            project_id=project_id,
            round_id=round_id,
            round_number=round_.number if round_ else None,
            filters=changed,
            seed=seed,
            created_by=actor.user_id,
        )
        db.add(bench)
        db.flush()
        _add_samples(db, bench.id, samples)
        for position, entry in enumerate(checked):
            db.add(
                tables.BenchJudge(
                    bench_id=bench.id,
                    position=position,
                    title=entry.title,
                    judge=entry.judge.dump(),
                    checkpoint_id=entry.checkpoint_id,
                    notes=list(entry.notes),
                )
            )
        _start(db, actor, bench)
        details: dict[str, Any] = {"samples": len(samples), "judges": [entry.title for entry in checked]}
        events.note(db, actor, "open judge bench", f"bench {bench.id}", project_id=project_id, **details)
        return bench.id


def try_again(actor: Actor, bench_id: int) -> int:
    """Ask again what could not be asked, and what is missing; return the job's id.

    A text of which one reply could not be had is asked about anew, with all votes.

    Raises `Conflict` while the job runs, and where every judge was asked about every sample.
    """
    row, judgment, lost = tables.BenchJudge, tables.BenchJudgment, aliased(tables.BenchJudgment)
    same = (lost.bench_judge_id == judgment.bench_judge_id, lost.sample_id == judgment.sample_id)
    has_lost = select(lost.id).where(*same, lost.is_doubtful).exists()
    with session() as db:
        bench = find(db, actor, bench_id, Role.curator, lock=True)
        job = db.get(tables.Job, bench.job_id) if bench.job_id is not None else None
        if job is not None and job.status in jobs.ACTIVE:
            raise Conflict(
                f"The judges of bench {bench_id} are at work. Wait until they have ended, or cancel the job."
            )
        mine = select(row.id).where(row.bench_id == bench_id)
        doubtful = select(judgment.bench_judge_id).where(judgment.bench_judge_id.in_(mine), judgment.is_doubtful)
        again = list(
            db.scalars(
                select(row.id).where(
                    row.bench_id == bench_id,
                    or_(row.finished_at.is_(None), row.error.is_not(None), row.id.in_(doubtful)),
                )
            )
        )
        is_over = job is not None and job.status is JobStatus.done
        if not again and is_over:
            raise Conflict(f"Every judge of bench {bench_id} was asked about every sample. Open another bench.")
        gone = list(db.scalars(select(judgment.id).where(judgment.bench_judge_id.in_(again), has_lost)))
        for some in in_chunks(gone):
            db.execute(delete(judgment).where(judgment.id.in_(some)))
        db.execute(update(row).where(row.id.in_(again)).values(finished_at=None, error=None, figures=None))
        bench.figures = None
        events.note(db, actor, "try judges again", f"bench {bench_id}", project_id=bench.project_id, judges=len(again))
        if job is not None and not is_over and not job.is_final:
            return jobs.resume(db, job.id).id
        return _start(db, actor, bench)


def find(db: Session, actor: Actor, bench_id: int, role: Role, *, lock: bool = False) -> tables.JudgeBench:
    """The bench, if the actor has that role in its project; raises `NotFound` or `PermissionDenied`."""
    missing = f"There is no judge bench {bench_id} here. Choose one from the list."
    row = db.get(tables.JudgeBench, bench_id, with_for_update=lock)
    return require_row(db, actor, row, role, missing)


def _start(db: Session, actor: Actor, bench: tables.JudgeBench) -> int:
    spec = {"kind": KIND, "bench_id": bench.id}
    job = jobs.enqueue(db, stage=Stage.judge, project_id=bench.project_id, spec=spec, created_by=actor.user_id)
    bench.job_id = job.id
    return job.id


def _check_round(db: Session, actor: Actor, project_id: int, round_id: int | None) -> None:
    if round_id is not None and get_row(db, actor, round_id, Role.curator).project_id != project_id:
        raise NotFound(f"There is no round {round_id} in this project. Choose one from the list.")


def too_few(number: int) -> str:
    """Say why no bench can be opened on so many samples with a label; nothing where it can be."""
    if number >= FEWEST:
        return ""
    text = ngettext(
        "{number} sample carries a label of people that counts here: one given blind on an item that was drawn at "
        "random, or one of a gold item. A bench needs {fewest}. {how}",
        "{number} samples carry a label of people that counts here: one given blind on an item that was drawn at "
        "random, or one of a gold item. A bench needs {fewest}. {how}",
        number,
    )
    return text.format(number=number, fewest=FEWEST, how=gettext(labels.HOW))


def _drawn(db: Session, labels_: Sequence[Labelled], number: int, seed: int) -> list[tuple[int, Labelled | None]]:
    """So many of the samples, drawn at random; the same ones for the same labels and seed."""
    with using(SOURCE):  # errors are in English
        why = too_few(len(labels_))
    if why:
        raise InvalidInput(why)
    known = {label.sample_id: label for label in labels_}
    ordered = [known[id_] for id_ in in_order(db, known)]
    drawn = random.Random(seed).sample(ordered, min(number, len(ordered)))
    return [(label.sample_id, label) for label in drawn]


def _filtered(db: Session, actor: Actor, round_id: int | None, filters: Filters) -> list[tuple[int, Labelled | None]]:
    """The texts of a round that the filter finds and a judge can judge, with people's labels where these count."""
    if round_id is None:
        raise InvalidInput("filters: a filter is of the samples of one round. Name the round.")
    sample, judged = tables.Sample, list[int]()
    among = filtering.among(db, actor, get_row(db, actor, round_id), filters)
    for some in in_chunks(bulk.matching(db, round_id, filters, among)):
        judged += db.scalars(select(sample.id).where(sample.id.in_(some), sample.kind.in_(tables.JUDGED)))
    if not judged:
        raise InvalidInput("The filter finds no text that a judge could judge. Choose another filter on Samples.")
    if len(judged) > MOST_FILTERED:
        raise InvalidInput(
            f"The filter finds {len(judged):,} texts, and a bench holds {MOST_FILTERED:,}. Narrow it on Samples, or "
            "branch off the round to judge all of it again."
        )
    known = {label.sample_id: label for label in labels.of_round(db, actor, round_id)}
    return [(id_, known.get(id_)) for id_ in judged]


def _rounds_of(db: Session, samples: Sequence[tuple[int, Labelled | None]]) -> list[int]:
    """The ids of the rounds that these samples are of."""
    sample, round_ids = tables.Sample, set[int]()
    for some in in_chunks([sample_id for sample_id, _ in samples]):
        round_ids |= {*db.scalars(select(sample.round_id).where(sample.id.in_(some)).distinct())}
    return sorted(round_ids)


def _add_samples(db: Session, bench_id: int, samples: Sequence[tuple[int, Labelled | None]]) -> None:
    """Write the samples, each with the verdict of the judge that labelled it in its round."""
    label = tables.Label
    for some in in_chunks(samples):
        query = select(label.sample_id, label.machine_score, label.machine_verdict, label.is_unparsed)
        ids = [id_ for id_, _ in some]
        first = {id_: rest for id_, *rest in db.execute(query.where(label.sample_id.in_(ids)))}
        for id_, labelled in some:
            score, verdict, is_unparsed = first.get(id_, (None, None, False))
            db.add(
                tables.BenchSample(
                    bench_id=bench_id,
                    sample_id=id_,
                    accepts=labelled.accepts if labelled else None,
                    person_score=labelled.score if labelled else None,
                    is_gold=labelled.is_gold if labelled else False,
                    first_score=score,
                    first_verdict=verdict,
                    first_is_unparsed=is_unparsed,
                )
            )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
