"""Samples of a round that are nearly the same: looked for by a worker, and marked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.errors import NotFound
from backend.jobs import JobProgress
from backend.near_duplicates import LONGEST, NearDuplicateSets
from backend.pipeline.stage import Finish
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import round_jobs
from backend.services.samples.round_jobs import RoundJob, RoundWork
from backend.services.samples.rows import SampleRow

WORK = RoundWork("near_duplicates", verb="look for near-duplicates", doing="looks for near-duplicates here")
MOST = 200_000
"""So many samples of a round are compared, the first ones."""
AT_ONCE = 500


@dataclass(frozen=True)
class NearDuplicateSearch(RoundJob):
    """A look for near-duplicates. `num_marked` samples are in `num_sets` near-duplicate sets;
    None before the end. `num_left`: samples beyond those that are compared."""

    num_marked: int | None
    num_sets: int | None
    num_left: int | None


def run(job_id: int, progress: JobProgress) -> Finish:
    """Compare the samples; what it hands back marks them, in place of the marks of before."""
    sample, label, sets, ids = tables.Sample, tables.Label, NearDuplicateSets(), list[int]()
    with reading() as db:
        round_id = db.get_one(tables.Job, job_id).spec["round_id"]
        if db.get(tables.Round, round_id) is None:
            raise NotFound("The round was deleted. There is nothing left to do.")
        of_round = label.round_id == round_id
        number = db.scalar(select(func.count()).select_from(label).where(of_round)) or 0
        progress.start(min(number, MOST), "samples")
        query = (
            select(sample.id, sample.group_id, func.substr(sample.text, 1, LONGEST))
            .join(label, label.sample_id == sample.id)
            .where(of_round)
            .order_by(sample.id)
            .limit(MOST)
        )
        for sample_id, group_id, text in db.execute(query.execution_options(yield_per=AT_ONCE)).tuples():
            sets.add(text, group_id)
            ids.append(sample_id)
            progress.advance()
    firsts = [ids[sets.first(place)] for place in range(len(ids))]
    shared = {first for sample_id, first in zip(ids, firsts, strict=True) if sample_id != first}
    marked = [(sample_id, first) for sample_id, first in zip(ids, firsts, strict=True) if first in shared]

    def finish(db: Session) -> None:
        near = tables.NearDuplicate
        db.execute(delete(near).where(near.round_id == round_id))
        for some in in_chunks(marked):
            values = [{"sample_id": here, "round_id": round_id, "first_id": first} for here, first in some]
            db.execute(insert(near), values)
        job = db.get_one(tables.Job, job_id)
        result = {"num_marked": len(marked), "num_sets": len(shared), "num_left": number - len(ids)}
        job.spec = job.spec | {"result": result}

    return finish


def newest(actor: Actor, round_id: int) -> NearDuplicateSearch | None:
    """The last look for near-duplicates of a round; None before the first."""
    with reading() as db:
        job = round_jobs.newest(db, get_row(db, actor, round_id), WORK)
    if job is None:
        return None
    result = job.spec.get("result", {})
    num_sets = result.get("num_sets", result.get("num_clusters"))  # a worker of before 0050 ended it after 0050 ran
    told = (result.get("num_marked"), num_sets, result.get("num_left"))
    return NearDuplicateSearch(*round_jobs.fields(job), *told)


def with_marks(db: Session, rows: Sequence[SampleRow]) -> list[SampleRow]:
    """The rows, those that are marked with the first sample of their near-duplicate set."""
    near = tables.NearDuplicate
    query = select(near.sample_id, near.first_id).where(near.sample_id.in_([row.id for row in rows]))
    firsts = dict(db.execute(query).tuples().all()) if rows else {}
    return [replace(row, near_duplicate_of=firsts[row.id]) if row.id in firsts else row for row in rows]
