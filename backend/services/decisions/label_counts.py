"""How many labels of a round say what: those that people changed are counted each time, the others now and then."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import and_, func, not_, null, or_, select, text
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import UNDECIDED, Filters, decode_facet
from backend.db.listing_scope import scope
from backend.db.tables.judgment import CHANGED_SQL
from backend.services.decisions.slow_counts import SlowCounts
from backend.services.rounds import review_scope, round_versions
from backend.services.rounds.kept_figures import LARGE
from backend.values import LabelSource, SampleKind, Verdict

LabelCounts = Counter[tuple[LabelSource, Verdict | None]]


class SameLabels(NamedTuple):
    """Labels with one facet. `machine_verdict`, `is_judged`: what the machine gave, read where people changed it."""

    facet: int
    machine_verdict: Verdict | None
    is_judged: bool | None
    number: int


_by_machine = SlowCounts[LabelCounts]()
"""What the machine gave the texts of a round, edited ones left out. Of ten million labels counting takes a second. It
stands while no job and no import can have changed it, and in any case for a while."""


@dataclass(frozen=True)
class CountedLabels:
    """`by_machine`: what the machine gave, edited texts left out; `changed`: what people changed, and their edits."""

    by_machine: LabelCounts
    changed: tuple[SameLabels, ...]

    def sums(self, *, edits: bool = True) -> LabelCounts:
        """What stands: people's label instead of the machine's where they gave one. `edits`: edited texts, too."""
        sums = self.by_machine.copy()
        for row in self.changed:
            is_edit = _is_edit(row.facet)
            if not is_edit:
                sums[_by(row), row.machine_verdict] -= row.number
            if edits or not is_edit:
                sums[_source(row.facet), _verdict(row.facet)] += row.number
        return sums


def count_labels(db: Session, round_id: int) -> CountedLabels:
    """Labels of what people are shown of a round, by source and verdict."""
    facets = _changeable(db, round_id)
    began, row = time.monotonic(), db.get_one(tables.Round, round_id)
    shown, version = review_scope.of_samples(row), round_versions.of_machine(db, row)
    by_machine = _by_machine.get(db, round_id, version)
    if by_machine is not None and shown is None:
        return CountedLabels(by_machine, tuple(SameLabels(*row) for row in db.execute(_changed(round_id, facets))))
    # In one statement, so that no label is counted as both.
    both = _changed(round_id, facets, shown).union_all(_unchanged(round_id, facets, shown))
    rows = [SameLabels(*row) for row in db.execute(both)]
    by_machine = _given(rows, facets)
    # On PostgreSQL people may have given a label of a new kind since the facets were read: counted, but not to be kept.
    if shown is None and all(row.facet in facets or not _is_changeable(row.facet) for row in rows):
        is_large = by_machine.total() >= LARGE
        _by_machine.keep(db, round_id, by_machine, time.monotonic() - began, version, is_large=is_large)
    return CountedLabels(by_machine, tuple(row for row in rows if row.facet in facets))


def _changeable(db: Session, round_id: int) -> set[int]:
    """The facets there are of labels that people gave, and of texts that they edited."""
    there = scope(db, round_id, Filters()).facets
    return {code for code in there if _is_changeable(code)}


def _changed(round_id: int, facets: Iterable[int], shown: Any | None = None) -> Any:
    label = tables.Label
    judged = or_(label.machine_verdict.is_not(None), label.machine_score.is_not(None))
    columns = (label.facet, label.machine_verdict, judged)
    query = select(*columns, func.count()).where(label.round_id == round_id, label.facet.in_(facets))
    query = query.where(text(f"({CHANGED_SQL})"))  # which the facets say, too: an index holds these alone
    return (query if shown is None else query.where(label.sample_id.in_(shown))).group_by(*columns)


def _unchanged(round_id: int, facets: Iterable[int], shown: Any | None) -> Any:
    """From the index alone."""
    label = tables.Label
    query = select(label.facet, null(), null(), func.count())
    query = query.where(and_(label.round_id == round_id, not_(label.facet.in_(facets))))
    query = query if shown is None else query.where(label.sample_id.in_(shown))
    return query.group_by(label.facet)


def _given(rows: Iterable[SameLabels], changeable: set[int]) -> LabelCounts:
    """What the machine gave."""
    sums = LabelCounts()
    for row in rows:
        if row.facet not in changeable:
            sums[_source(row.facet), _verdict(row.facet)] += row.number
        elif not _is_edit(row.facet):
            sums[_by(row), row.machine_verdict] += row.number
    return sums


def _by(row: SameLabels) -> LabelSource:
    return LabelSource.judge if row.is_judged else LabelSource.none


def _source(facet: int) -> LabelSource:
    return LabelSource(decode_facet(facet)["source"])


def _verdict(facet: int) -> Verdict | None:
    verdict = decode_facet(facet)["verdict"]
    return None if verdict == UNDECIDED else Verdict(verdict)


def _is_changeable(facet: int) -> bool:
    return _source(facet) is LabelSource.person or _is_edit(facet)


def _is_edit(facet: int) -> bool:
    return bool(decode_facet(facet)["kind"] == SampleKind.edit)
