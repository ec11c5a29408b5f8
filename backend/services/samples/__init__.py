"""What a round's samples are: lists by filter, sort and search, one in full, and the spread of their scores."""

from dataclasses import dataclass

from backend.db import reading, snapshot
from backend.db.filter_tests import MetadataTest
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import Count, scope
from backend.db.listing_search import find
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.questions import filtering, neighbours
from backend.services.rounds import get_row
from backend.services.samples import answers, correctness, similar, visibility
from backend.services.samples.histograms import HistogramBin, histogram
from backend.services.samples.near_duplicates import with_marks
from backend.services.samples.rows import SampleRow, read_rows, with_excerpts
from backend.services.samples.tags import with_tags

__all__ = ["Count", "Filters", "HistogramBin", "ListedSamples", "MetadataTest", "Sort", "SortKey", "histogram", "page"]

MAX_PAGE = 200


@dataclass(frozen=True)
class ListedSamples:
    """Some rows of a list and the places before and after them; `sort` is the order they are in.

    Similar samples come the closest first, unless another order is asked for.

    A search with very many matches comes in the samples' own order. `is_partial`: so far nothing more was found
    among the matches looked at; the next page goes on. `looked_at`: so many rows a search went through for this page,
    where it did not know all its matches from the index.
    """

    rows: tuple[SampleRow, ...]
    next_cursor: str | None
    prev_cursor: str | None
    count: Count
    sort: Sort
    is_partial: bool
    looked_at: int = 0


def page(
    actor: Actor,
    round_id: int,
    filters: Filters | None = None,
    sort: Sort | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> ListedSamples:
    """One page of a round's training samples."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"A page has 1 to {MAX_PAGE} samples, not {limit}. Ask for fewer and go on page by page.")
    filters, order = filters or Filters(), sort or Sort()
    is_closest_first = similar.is_closest_first(filters, order, cursor)
    place = Cursor.read(cursor) if cursor and not is_closest_first else None
    order = place.sort if place else Sort() if is_closest_first else order
    # A page by two keys is put together from several lists.
    with snapshot() if order.then else reading() as db:
        round_ = get_row(db, actor, round_id)
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse(actor, kept, filters, order)
        filters = visibility.narrowed(kept, round_, filters)
        asked = scope(db, round_id, filters, filtering.among(db, actor, round_, filters))
        if is_closest_first:
            likeness = neighbours.of(db, actor, round_, filters.similar or 0)
            got, ends = similar.closest_first(asked, filters, likeness, cursor, limit)
        else:
            got = find(asked, filters, order, place, limit)
            ends = (str(got.next) if got.next else None, str(got.previous) if got.previous else None)
        rows = correctness.checked(db, round_, read_rows(db, got.ids))
        rows = with_excerpts(db, visibility.visible_rows(db, actor, kept, rows), filters)
        rows = answers.with_answers(db, actor, kept, round_.project_id, rows)
        rows = similar.with_likeness(db, actor, round_, with_marks(db, rows), filters)
        rows = with_tags(db, actor, kept, rows)
    return ListedSamples(tuple(rows), *ends, got.count, got.sort, got.is_partial, got.looked_at)
