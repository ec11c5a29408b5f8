"""Samples of a round: filtered, sorted, searched, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.depends import Asking, Limit, Page
from app.api.sample_filters import Filtering, Sorting
from backend.boundary import Id, Line, Text
from backend.errors import InvalidInput
from backend.services import samples
from backend.services.reviews import item_history, repairs
from backend.services.reviews.item_history import ItemHistory
from backend.services.reviews.repairs import Repair
from backend.services.samples import (
    Count,
    Filters,
    HistogramBin,
    Sort,
    SortKey,
    chain,
    facets,
    filter_choices,
    groups,
    near_duplicates,
    round_jobs,
    views,
)
from backend.services.samples.chain import Chain
from backend.services.samples.facets import MetadataFacet
from backend.services.samples.filter_choices import FilterChoices
from backend.services.samples.group_rows import GroupRow
from backend.services.samples.groups import GroupSort, GroupSortKey
from backend.services.samples.near_duplicates import NearDuplicateSearch
from backend.services.samples.rows import SampleRow

router = APIRouter(tags=["samples"])


class StartedSearch(BaseModel):
    """The job that looks for near-duplicates."""

    job_id: Id


class SamplePage(Page[SampleRow]):
    """`count` is bounded: not exact means at least so many."""

    count: Count


class GroupPage(Page[GroupRow]):
    """`count` is bounded: not exact means at least so many. `sort`: by number where too many pass for another order."""

    count: Count
    sort: GroupSort


class Instruction(BaseModel):
    """What should change, in a line."""

    instruction: Text


class StartedRepair(BaseModel):
    """The job that rewrites."""

    job_id: Id


@router.get("/rounds/{round_id}/samples")
def list_samples(
    actor: Asking,
    round_id: Id,
    filters: Filtering,
    order: Sorting,
    limit: Limit = 50,
    after: Line | None = None,
    view: Annotated[Id | None, Query(description="a saved view, instead of filters and an order")] = None,
) -> SamplePage:
    """A page of the round's samples."""
    if view is not None:
        if filters != Filters() or order != Sort():
            raise InvalidInput("Ask for a view, or for filters and an order, not for both. Leave one of them out.")
        asked = views.of_round(actor, view, round_id).readable()
        filters, order = asked.filters, asked.sort
    page = samples.page(actor, round_id, filters, order, after, limit)
    return SamplePage(items=list(page.rows), next=page.next_cursor, count=page.count)


@router.post("/rounds/{round_id}/near-duplicates", status_code=202)
def look_for_near_duplicates(actor: Asking, round_id: Id) -> StartedSearch:
    """Have a worker mark the samples of a round that are nearly the same as others of it."""
    return StartedSearch(job_id=round_jobs.start(actor, round_id, near_duplicates.WORK))


@router.get("/rounds/{round_id}/near-duplicates")
def get_near_duplicates(actor: Asking, round_id: Id) -> NearDuplicateSearch | None:
    """The last look for near-duplicates of a round; null before the first. The filter `duplicates` lists them."""
    return near_duplicates.newest(actor, round_id)


@router.get("/rounds/{round_id}/groups")
def list_groups(
    actor: Asking,
    round_id: Id,
    filters: Filtering,
    sort: GroupSortKey = GroupSortKey.number,
    descending: bool = False,
    limit: Limit = 25,
    after: Line | None = None,
) -> GroupPage:
    """A page of the round's groups of which a sample passes the filters, with their samples and pass rates."""
    page = groups.page(actor, round_id, filters, GroupSort(sort, descending=descending), after, limit)
    return GroupPage(items=list(page.rows), next=page.next_cursor, count=page.count, sort=page.sort)


@router.get("/samples/{sample_id}/decisions")
def list_decisions(actor: Asking, sample_id: Id) -> ItemHistory:
    """What was decided on a sample, or, where groups are decided, on its group, as far as one may see it now."""
    return item_history.read(actor, sample_id)


@router.get("/samples/{sample_id}/chain")
def get_chain(actor: Asking, sample_id: Id) -> Chain:
    """What the text came from, and what was said of it; nothing of it while a blind review hides the judge."""
    return chain.read(actor, sample_id)


@router.post("/samples/{sample_id}/repairs", status_code=201)
def start_repair(actor: Asking, sample_id: Id, body: Instruction) -> StartedRepair:
    """Have the round's policy rewrite the text, in a background job. Asking again gives another rewrite."""
    return StartedRepair(job_id=repairs.start(actor, sample_id, body.instruction))


@router.get("/repairs/{job_id}")
def get_repair(actor: Asking, job_id: Id) -> Repair:
    """How far a rewrite that one asked for is."""
    return repairs.get(actor, job_id)


@router.get("/rounds/{round_id}/histogram")
def histogram(
    actor: Asking,
    round_id: Id,
    of: Annotated[SortKey, Query(description="score or length")] = SortKey.score,
) -> list[HistogramBin]:
    """How the scores, or the lengths in tokens, are spread."""
    return samples.histogram(actor, round_id, of)


@router.get("/rounds/{round_id}/filter-choices")
def list_filter_choices(actor: Asking, round_id: Id) -> FilterChoices:
    """Who decided, which checkpoints wrote and judged, which judges did, and which tags there are, for the filters."""
    return filter_choices.read(actor, round_id)


@router.get("/rounds/{round_id}/facets")
def list_facets(actor: Asking, round_id: Id) -> list[MetadataFacet]:
    """Which metadata the round's prompts and imported samples have, of which type, and with which values."""
    return facets.facets(actor, round_id)
