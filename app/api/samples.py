"""Samples of a round: filtered, sorted, searched, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.depends import Asking, Limit, Page
from backend import boundary
from backend.boundary import Id, Line, Score
from backend.services import samples
from backend.services.samples import Bin, Count, Filters, Sort, SortKey
from backend.services.samples.rows import SampleRow

router = APIRouter(tags=["samples"])

Several = Annotated[tuple[Line, ...], Query(max_length=20)]
Steps = Annotated[
    tuple[boundary.Count, ...], Query(max_length=20, description="steps of the round's recipe, counted from 0")
]


class SamplePage(Page[SampleRow]):
    """`count` is bounded: not exact means at least so many."""

    count: Count


@router.get("/rounds/{round_id}/samples")
def list_samples(
    actor: Asking,
    round_id: Id,
    min_score: Score | None = None,
    max_score: Score | None = None,
    min_tokens: boundary.Count | None = None,
    max_tokens: boundary.Count | None = None,
    verdict: Several = (),
    source: Several = (),
    kind: Several = (),
    is_overridden: bool | None = None,
    is_unparsed: bool | None = None,
    is_truncated: bool | None = None,
    is_flagged: bool | None = None,
    text: Line = "",
    prompt: Line = "",
    step: Steps = (),
    sort: SortKey = SortKey.id,
    descending: bool = False,
    limit: Limit = 50,
    after: Line | None = None,
) -> SamplePage:
    filters = Filters(
        min_score, max_score, min_tokens, max_tokens, verdict, source, kind,
        is_overridden, is_unparsed, is_truncated, is_flagged, text, prompt, step,
    )  # fmt: skip
    found = samples.page(actor, round_id, filters, Sort(sort, descending), after, limit)
    return SamplePage(items=list(found.rows), next=found.next_cursor, count=found.count)


@router.get("/rounds/{round_id}/histogram")
def histogram(actor: Asking, round_id: Id) -> list[Bin]:
    """How the scores are spread."""
    return samples.histogram(actor, round_id)
