"""Similar samples: the closest first in a list, and the closest of all rounds of a project."""

import re
from bisect import bisect_left, bisect_right
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
PLACE = re.compile(rf"{FIRST}([<>])(-?\d\.\d{{4}})~(\d{{1,18}})", re.ASCII)
"""The way, and the likeness and the number of a row: what is labelled leaves a list, and none is passed over then."""
MOST_PAGES = 20
MOST_ROUNDS = 50
"""So many rounds of a project are looked through for one sample, the newest ones."""
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
    passing = sorted(
        (-likeness[sample_id], sample_id) for sample_id in _passing(asked, filters) if sample_id in likeness
    )
    is_backward, place = _place(cursor) if cursor else (False, (-2.0, 0))
    if is_backward:
        end = bisect_left(passing, place)
        start = max(0, end - limit)
    else:
        start = bisect_right(passing, place)
        end = min(len(passing), start + limit)
    shown = passing[start:end]
    following = _cursor(">", shown[-1]) if shown and end < len(passing) else None
    before = _cursor("<", shown[0]) if shown and start else None
    return IdPage(ids=tuple(sample_id for _, sample_id in shown), count=Count(len(passing))), (following, before)


def _place(cursor: str) -> tuple[bool, tuple[float, int]]:
    """Whether a page goes backward from its place, and the place: minus the likeness, and the sample."""
    parts = PLACE.fullmatch(cursor)
    if parts is None:
        raise InvalidInput("This place in the list is not one. Go to the first page.")
    return parts[1] == "<", (-float(parts[2]), int(parts[3]))


def _cursor(way: str, place: tuple[float, int]) -> str:
    return f"{FIRST}{way}{-place[0]:.4f}~{place[1]}"


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
    clustered, job_id = tables.ClusteredSample, neighbours.clustering_of(db, round_) if rows else None
    query = select(clustered.sample_id, clustered.cluster).where(clustered.sample_id.in_([row.id for row in rows]))
    numbers = dict(db.execute(query.where(clustered.job_id == job_id)).tuples().all()) if job_id else {}
    likeness: Mapping[int, float] = {}
    if filters.similar is not None and rows:
        likeness = neighbours.of(db, actor, round_, filters.similar)
    return [replace(row, cluster=numbers.get(row.id), similarity=likeness.get(row.id)) for row in rows]


def has_vectors(round_id: int) -> bool:
    """Whether there are vectors of the round, so that samples similar to its can be listed."""
    with reading() as db:
        round_ = db.get(tables.Round, round_id)
        return round_ is not None and vectors.fingerprint_of(neighbours.name_of(round_)) is not None


def nearest(actor: Actor, sample_id: int, filters: Filters | None = None, limit: int = 20) -> list[SimilarSample]:
    """The samples of all rounds of the project that are closest to this one and pass the filters, closest first.

    Of the newest `MOST_ROUNDS` rounds that have vectors. Rounds of which the actor may not ask this, and hidden texts,
    are left out. Raises `NotFound` for a sample that is not there or has no vector, `PermissionDenied` for one whose
    text is hidden.
    """
    if not 1 <= limit <= MOST_LISTED:
        raise InvalidInput(f"1 to {MOST_LISTED} similar samples are listed, not {limit}. Ask for fewer.")
    wanted = replace(filters or Filters(), similar=sample_id)
    gone = f"There is no sample {sample_id}. It may have been deleted with its round."
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(gone)
        try:
            own = get_row(db, actor, sample.round_id)
        except NotFound as error:
            raise NotFound(gone) from error
        if vectors.vector_of(neighbours.name_of(own), sample_id) is None:
            raise NotFound(f"Sample {sample_id} has no vector. A curator has them made on the Samples page.")
        neighbours.refuse_unseen(db, actor, own, sample)
        newest = select(tables.Round).where(tables.Round.project_id == own.project_id).order_by(tables.Round.id.desc())
        rounds = [round_ for round_ in db.scalars(newest) if vectors.path_of(neighbours.name_of(round_)).exists()]
        rounds = rounds[:MOST_ROUNDS]
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
