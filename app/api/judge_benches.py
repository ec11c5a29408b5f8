"""The judge bench: any number of judges tried on the same samples, beside people's labels or another judge's."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Data, Id, Line
from backend.services.judge_bench import disagreements, opening, results
from backend.services.judge_bench.disagreements import Against, Disagreements
from backend.services.judge_bench.entries import MOST_JUDGES, BenchEntry
from backend.services.judge_bench.results import BenchLine, BenchView
from backend.services.samples import Filters

router = APIRouter(tags=["judge benches"])


class NewJudge(BaseModel):
    """`judge`: a part with its knobs, as in a recipe; `checkpoint_id`: who is asked, where the part asks a model."""

    judge: Data
    checkpoint_id: Id | None = None
    title: Line = ""


class NewBench(BaseModel):
    """Without `filters`, `number` samples with people's labels are drawn, of the round or of all rounds. With
    `filters`, as for `GET /rounds/{round_id}/samples`, the samples are what they find in the round."""

    judges: list[NewJudge] = Field(min_length=1, max_length=MOST_JUDGES)
    round_id: Id | None = None
    filters: Filters | None = None
    number: int = Field(opening.USUAL, ge=opening.FEWEST, le=opening.MOST)
    seed: int = Field(0, ge=0, lt=2**31)


class BenchJob(BaseModel):
    """The job in which the judges are asked."""

    job_id: int


@router.get("/projects/{project_id}/judge-benches")
def list_benches(actor: Asking, project_id: Id) -> list[BenchLine]:
    """Newest first."""
    return results.list_benches(actor, project_id)


@router.post("/projects/{project_id}/judge-benches", status_code=201)
def open_bench(actor: Asking, project_id: Id, body: NewBench) -> BenchView:
    """Open a bench; its judges judge in a background job. No label of a round changes."""
    bench_id = opening.open_bench(
        actor,
        project_id,
        [BenchEntry(judge.judge, judge.checkpoint_id, judge.title) for judge in body.judges],
        number=body.number,
        round_id=body.round_id,
        filters=body.filters,
        seed=body.seed,
    )
    return results.get(actor, bench_id)


@router.get("/judge-benches/{bench_id}")
def get_bench(actor: Asking, bench_id: Id) -> BenchView:
    """The judges side by side, with what each has come to so far."""
    return results.get(actor, bench_id)


@router.post("/judge-benches/{bench_id}/retry", status_code=202)
def try_again(actor: Asking, bench_id: Id) -> BenchJob:
    """Ask again what could not be asked, and what is missing."""
    return BenchJob(job_id=opening.try_again(actor, bench_id))


@router.get("/judge-benches/{bench_id}/judges/{bench_judge_id}/disagreements")
def list_disagreements(
    actor: Asking,
    bench_id: Id,
    bench_judge_id: Id,
    against: Against = Against.people,
    limit: Annotated[int, Query(ge=1, le=disagreements.MOST)] = 50,
) -> Disagreements:
    """Texts on which a judge says something else than people, or than the judge from before."""
    return disagreements.read(actor, bench_id, bench_judge_id, against=against, limit=limit)
