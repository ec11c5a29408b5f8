"""Similar samples: the closest first in a list, and the closest of all rounds of a project."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.filters import Cursor, Filters, Sort
from backend.db.listing import Count, IdPage, Scope, scope
from backend.db.listing_search import find
from backend.embeddings import vectors
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services.access import Actor
from backend.services.questions import filtering, neighbours
from backend.services.rounds import get_row
from backend.services.samples import correctness, visibility
from backend.services.samples.rows import SampleRow, read_rows

FIRST = "near"
"""Before the place in a list of the closest first."""
MOST_PAGES = 20
MOST_LISTED = 100


@dataclass(frozen=True)
class SimilarSample:
    """A sample of a round of the project; `sample.similarity` says how close it is."""

    round_id: int
    round_number: int
    sample: SampleRow


def is_closest_first(filters: Filters, sort: Sort, cursor: str | None) -> bool:
    """Whether a list comes the closest first: where it asks for similar samples and no other order."""
    return filters.similar is not None and (cursor.startswith(FIRST) if cursor else sort == Sort())


def closest_first(
    asked: Scope, filters: Filters, likeness: Mapping[int, float], cursor: str | None, limit: int
) -> tuple[IdPage, tuple[str | None, str | None]]:
    """A page of the neighbours that pass the filters, the closest first, and the places after and before it."""
    start = _start(cursor)
    passing = sorted(_passing(asked, filters), key=lambda n: (-likeness.get(n, -1.0), n))
    shown = tuple(passing[start : start + limit])
    following = f"{FIRST}{start + limit}" if len(passing) > start + limit else None
    before = f"{FIRST}{max(0, start - limit)}" if start else None
    return IdPage(ids=shown, count=Count(len(passing))), (following, before)


def _start(cursor: str | None) -> int:
    number = cursor.removeprefix(FIRST) if cursor else "0"
    if not (number.isascii() and number.isdecimal() and len(number) < 6):
        raise InvalidInput("This place in the list is not one. Go to the first page.")
    return int(number)


def _passing(asked: Scope, filters: Filters) -> set[int]:
    """All neighbours that pass: there are few."""
    passing = set[int]()
    place: Cursor | None = None
    for _ in range(MOST_PAGES):
        page = find(asked, filters, Sort(), place, neighbours.MOST)
        passing.update(page.ids)
        place = page.next
        if place is None:
            break
    return passing


def with_likeness(
    db: Session, actor: Actor, round_: tables.Round, rows: Sequence[SampleRow], filters: Filters
) -> list[SampleRow]:
    """The rows with their clusters and, where similar samples are asked for, how similar they are."""
    clustered = tables.ClusteredSample
    query = select(clustered.sample_id, clustered.cluster).where(clustered.sample_id.in_([row.id for row in rows]))
    numbers = dict(db.execute(query).tuples().all()) if rows else {}
    likeness: Mapping[int, float] = {}
    if filters.similar is not None and rows:
        likeness = neighbours.of(db, actor, round_, filters.similar)
    return [replace(row, cluster=numbers.get(row.id), similarity=likeness.get(row.id)) for row in rows]


def has_vectors(round_id: int) -> bool:
    """Whether there are vectors of the round, so that samples similar to its can be listed."""
    return vectors.fingerprint_of(round_id) is not None


def nearest(actor: Actor, sample_id: int, filters: Filters | None = None, limit: int = 20) -> list[SimilarSample]:
    """The samples of all rounds of the project that are closest to this one and pass the filters, closest first.

    Rounds of which the actor may not ask this, and hidden texts, are left out. Raises `NotFound` for a sample that is
    not there or has no vector, `PermissionDenied` for one whose text is hidden.
    """
    if not 1 <= limit <= MOST_LISTED:
        raise InvalidInput(f"1 to {MOST_LISTED} similar samples are listed, not {limit}. Ask for fewer.")
    wanted = replace(filters or Filters(), similar=sample_id)
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        own = get_row(db, actor, sample.round_id)
        if vectors.vector_of(own.id, sample_id) is None:
            raise NotFound(f"Sample {sample_id} has no vector. A curator has them made on the Samples page.")
        neighbours.of(db, actor, own, sample_id)
        rounds = db.scalars(select(tables.Round).where(tables.Round.project_id == own.project_id)).all()
        near: list[tuple[float, int, int]] = []
        for round_ in rounds:
            near += [(-value, id_, round_.id) for id_, value in _of_round(db, actor, round_, wanted).items()]
        first = sorted(entry for entry in near if entry[1] != sample_id)[:limit]
        by_id: dict[int, SampleRow] = {}
        for round_ in rounds:
            ids = tuple(id_ for _, id_, round_id in first if round_id == round_.id)
            kept = visibility.hidden(db, actor, round_)
            rows = correctness.checked(db, round_, read_rows(db, ids)) if ids else []
            by_id |= {row.id: row for row in visibility.visible_rows(db, actor, kept, rows)}
        numbers = {round_.id: round_.number for round_ in rounds}
    return [
        SimilarSample(round_id, numbers[round_id], replace(by_id[id_], similarity=-value))
        for value, id_, round_id in first
        if id_ in by_id
    ]


def _of_round(db: Session, actor: Actor, round_: tables.Round, filters: Filters) -> dict[int, float]:
    """The round's neighbours that pass; none where the filters would tell what is hidden from the actor."""
    kept = visibility.hidden(db, actor, round_)
    try:
        visibility.refuse(kept, filters, Sort())
        narrowed = visibility.narrowed(kept, round_, filters)
    except PermissionDenied:
        return {}
    likeness = neighbours.of(db, actor, round_, filters.similar or 0)
    if not likeness:
        return {}
    asked = scope(db, round_.id, narrowed, filtering.among(db, actor, round_, narrowed))
    return {id_: likeness[id_] for id_ in _passing(asked, narrowed) if id_ in likeness}
