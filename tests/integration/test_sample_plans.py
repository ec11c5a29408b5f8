"""How SQLite reads lists of samples: ranges of the index of the order, nothing before the place, nothing sorted."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from backend.db import listing_merge, reading
from backend.db.filters import Filters, Sort, SortKey
from backend.db.listing import scope
from backend.services import samples
from backend.services.access import Actor
from tests import rows
from tests.integration.labelled import make_labelled

pytestmark = pytest.mark.on_sqlite
INDEX = {SortKey.id: "by_id", SortKey.score: "by_score", SortKey.length: "by_length", SortKey.spread: "by_spread"}
SORTS = [Sort(key, descending=way) for key in INDEX for way in (False, True)]
EVERY = {"step": (3,), "kind": ("completion",), "min_score": 1.0, "max_score": 4.0, "min_tokens": 2, "max_tokens": 90}

Asked = list[tuple[str, Any]]


@pytest.fixture
def listed(database: str) -> tuple[Actor, int]:
    project = rows.make_project()
    round_, _ = make_labelled(project, number=240, steps=(1, 3))
    return rows.make_actor(project), round_.id


@pytest.fixture
def asked(listed: tuple[Actor, int]) -> Iterator[Asked]:
    """The statements that read labels, and their values, as they are sent."""
    result: Asked = []

    def note(*reply: Any) -> None:
        if "labels" in reply[2] and not reply[2].startswith("EXPLAIN"):
            result.append((reply[2], reply[3]))

    with reading() as db:
        engine = db.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield result
    event.remove(engine, "before_cursor_execute", note)


def plans(asked: Asked) -> list[tuple[str, list[str]]]:
    with reading() as db:
        explain = db.connection().exec_driver_sql
        return [(sql, [row[3] for row in explain(f"EXPLAIN QUERY PLAN {sql}", values)]) for sql, values in asked]


@pytest.mark.parametrize("filters", [Filters(), Filters(step=(3,)), Filters(**EVERY)], ids=["all", "step", "every"])
def test_a_page_is_ranges_of_indexes(listed: tuple[Actor, int], asked: Asked, filters: Filters) -> None:
    """The first page and the one after it: every read of labels names round and facet, or the samples."""
    for sort in SORTS:
        first = samples.page(*listed, filters, sort, None, 5)
        samples.page(*listed, filters, sort, first.next_cursor, 5)
    for sql, plan in plans(asked):
        assert not [line for line in plan if line.startswith("SCAN labels") or line.startswith("SCAN l ")], (sql, plan)
        reads = [line for line in plan if " labels " in line or " l " in line]
        assert reads, sql
        for line in reads:
            is_range = any(f"ix_labels_{name} (round_id=?" in line for name in INDEX.values())
            assert is_range or "INTEGER PRIMARY KEY (rowid=?)" in line, plan


@pytest.mark.parametrize("sort", SORTS, ids=str)
def test_what_comes_behind_a_row_is_found_without_reading_its_equals(
    listed: tuple[Actor, int], asked: Asked, sort: Sort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_merge, "GATHERED", 1)
    first = samples.page(*listed, Filters(step=(3,), min_score=0.5, min_tokens=2), sort, None, 5)
    samples.page(*listed, Filters(step=(3,), min_score=0.5, min_tokens=2), sort, first.next_cursor, 5)
    steps = [(sql, plan) for sql, plan in plans(asked) if "m(facet, k, id)" in sql]
    assert steps
    for sql, plan in steps:
        reads = [line for line in plan if " labels " in line]
        assert all(f"ix_labels_{INDEX[sort.key]} (round_id=? AND facet=?" in line for line in reads), plan
        assert not any("TEMP B-TREE" in line for line in plan), (sql, plan)
        place = "<" if sort.descending else ">"
        equal = [line for line in reads if f"sample_id{place}?" in line]
        assert equal, plan
        assert sort.key is SortKey.id or all("_key=?" in line or "num_tokens=?" in line for line in equal), plan


def test_the_histogram_reads_the_index_of_scores(
    listed: tuple[Actor, int], asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.histogram(*listed)
    monkeypatch.setattr("backend.services.samples.histograms.COUNTED", 50)
    samples.histogram(*listed)
    for _, plan in plans(asked):
        assert not [line for line in plan if line.startswith("SCAN labels")], plan


def test_a_step_knows_where_its_samples_begin_and_end(database: str) -> None:
    """Where a search in them begins and ends, and where it goes on behind those of other steps."""
    round_, known = make_labelled(rows.make_project(), number=40, steps=(1, 3, 3, 7))
    of_step = [sample.id for sample in known if sample.step == 3]
    with reading() as db:
        asked = scope(db, round_.id, Filters(step=(3,)))
        assert asked.ends == (of_step[0], of_step[-1])
        assert asked.nearest(of_step[1]) == of_step[2]
        assert asked.nearest(of_step[2], descending=True) == of_step[1]
        assert asked.nearest(of_step[-1]) is None
        nothing = scope(db, round_.id, Filters(step=(2,)))
        assert (nothing.ends, nothing.nearest(0)) == ((0, 0), None)
