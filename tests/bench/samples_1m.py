"""The Samples page on a million samples: every filter, sort and search to its first rows, and on to the screen.

`python -m tests.bench.samples_1m [--samples N] [--steps N] [--folder DIR]`: with a folder the project is kept and used
again. With `--steps 5` five steps made the samples, among them imported ones and edits, and every query is asked of
all of them, of one step, of two, and of one kind.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from backend.db import reading, tables
from backend.db.filters import Filters, Sort
from backend.db.listing import scope
from backend.db.listing_search import find
from backend.services.access import Actor
from backend.services.samples import ListedSamples, page
from tests.bench import samples_of_steps, samples_project
from tests.bench.place import data_folder
from tests.bench.samples_screen import on_screen

BUDGET_MS = 20.0


@contextmanager
def kept_folder(folder: Path) -> Iterator[Path]:
    """Like `data_folder`, but the folder stays."""
    import migrations
    from backend import jobs
    from backend.config import reread

    folder.mkdir(parents=True, exist_ok=True)
    os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = str(folder), ""
    reread()
    migrations.upgrade()
    jobs.prepare()
    yield folder


def queries() -> list[tuple[str, dict[str, object], str]]:
    """Name, filters, sort: each filter alone, rare ones under every sort, conjunctions that are empty or nearly so."""
    rare = {"is_overridden": True}
    ends = ("+id", "-id", "+score", "-score", "+length", "-length", "+spread", "-spread")
    rows: list[tuple[str, dict[str, object], str]] = [(f"all, {sort}", {}, sort) for sort in ends]
    rows += [(f"overridden (0.2 %), {sort}", rare, sort) for sort in ends]
    rows += [(f"score 4 to 4.4, {sort}", {"min_score": 4.0, "max_score": 4.4}, sort) for sort in ends]
    rows += [(f"score 5 (rare), {sort}", {"min_score": 5.0}, sort) for sort in ends]
    rows += [(f"length 100 to 110, {sort}", {"min_tokens": 100, "max_tokens": 110}, sort) for sort in ends]
    rows += [(f"length over 900 (rare), {sort}", {"min_tokens": 900}, sort) for sort in ends]
    for sort in ("-score+length", "+score-spread", "-length-score", "+length+spread", "-spread+score", "+spread-id"):
        rows += [(f"all, by two keys, {sort}", {}, sort), (f"overridden, by two keys, {sort}", rare, sort)]
    rows.append(("search: seldom, by two keys", {"text": "seldom"}, "-score+length"))
    for name in ("accept", "reject", "undecided"):
        rows.append((f"verdict {name}, -score", {"verdict": (name,)}, "-score"))
    for name in ("none", "judge", "person"):
        rows.append((f"source {name}, -length", {"source": (name,)}, "-length"))
    for name in ("is_unparsed", "is_truncated", "is_flagged"):
        rows.append((f"{name}, -spread", {name: True}, "-spread"))
    rows += [
        ("empty: flagged, unparsed, truncated", {"is_flagged": True, "is_unparsed": True, "is_truncated": True}, "+id"),
        ("empty: unparsed with a score", {"is_unparsed": True, "min_score": 0.0}, "-score"),
        (
            "empty: accepted, by the judge, under 2",
            {"verdict": ("accept",), "source": ("judge",), "max_score": 2.0},
            "-length",
        ),
        ("score 0 to 1, length 0 to 30, +id", {"max_score": 1.0, "max_tokens": 30}, "+id"),
        ("score over 4, length under 20 (empty), -spread", {"min_score": 4.0, "max_tokens": 20}, "-spread"),
        ("score over 4, length 50 to 60, -spread", {"min_score": 4.0, "min_tokens": 50, "max_tokens": 60}, "-spread"),
        ("score over 4, +length (against it)", {"min_score": 4.0}, "+length"),
        ("length over 400, +score (against it)", {"min_tokens": 400}, "+score"),
        ("search: unicorn (2 samples), -score", {"text": "unicorn"}, "-score"),
        ("search: seldom (1,000 samples), -score", {"text": "seldom"}, "-score"),
        ("search: seldom, overridden, -length", {"text": "seldom", **rare}, "-length"),
        ("search: the (all samples), +id", {"text": "the"}, "+id"),
        ("search: the, -id", {"text": "the"}, "-id"),
        ("search: the, -score (comes by number)", {"text": "the"}, "-score"),
        ("search: the of and to, +id", {"text": "the of and to"}, "+id"),
        ('search: "the of" phrase, +id', {"text": '"the of"'}, "+id"),
        ("search: the, overridden, -score", {"text": "the", **rare}, "-score"),
        ("search: the, flagged, -score", {"text": "the", "is_flagged": True}, "-score"),
        ("search: the, score 5, -score", {"text": "the", "min_score": 5.0}, "-score"),
        ("search: the, unparsed and scored (empty)", {"text": "the", "is_unparsed": True, "min_score": 0.0}, "+id"),
        ("search: nothing like it", {"text": "xyzzyx"}, "+id"),
        ('search: "the of," with a sign', {"text": '"the of,"'}, "+id"),
        ("search: a sign alone, -score", {"text": "="}, "-score"),
        ("search: a regular expression, +id", {"text": r"/\bunicorn\b|seldom x/"}, "+id"),
        ("search: seldom unicorn (empty)", {"text": "seldom unicorn"}, "-score"),
        ("prompt: the (all), +id", {"prompt": "the"}, "+id"),
        ("prompt: the, overridden, -score", {"prompt": "the", **rare}, "-score"),
        ("prompt: babacedi, -score", {"prompt": "babacedi"}, "-score"),
        ("prompt: the, text: the, +id", {"prompt": "the", "text": "the"}, "+id"),
        ("prompt: nothing like it", {"prompt": "xyzzyx"}, "+id"),
    ]
    return rows


def of_steps(steps: int) -> list[tuple[str, dict[str, object], str]]:
    """Each query of all samples, and with each narrowing that a round of several steps has."""
    last = 2 * steps - 1
    narrowed: dict[str, dict[str, object]] = {
        "": {},
        f"step {last}": {"step": (last,)},
        "steps 1 and 3": {"step": (1, 3)},
        "edits": {"kind": ("edit",)},
        "imported": {"kind": ("other",)},
        f"edits of step {last}": {"kind": ("edit",), "step": (last,)},
    }
    return [
        (f"{name}; {words}" if words else name, fields | more, order)
        for words, more in narrowed.items()
        for name, fields, order in queries()
    ]


@dataclass(frozen=True)
class Taken:
    """Milliseconds of each call, sorted, and the processor's: what other work on the machine took is not in these."""

    wall: list[float]
    cpu: list[float]

    def __str__(self) -> str:
        high = self.wall[min(len(self.wall) - 1, int(len(self.wall) * 0.95))]
        return f"{self.median:9.2f} {statistics.median(self.cpu):9.2f} {high:9.2f} {self.wall[-1]:9.2f}"

    @property
    def median(self) -> float:
        return statistics.median(self.wall)


def timed(call: Callable[[], object], repeats: int) -> Taken:
    """The times of so many calls, after one to warm up."""
    call()
    wall, cpu = [], []
    for _ in range(repeats):
        start, worked = time.perf_counter(), time.process_time()
        call()
        wall.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - worked) * 1000)
    return Taken(sorted(wall), sorted(cpu))


def report(name: str, taken: Taken, note: str = "") -> Taken:
    over = "  over budget" if taken.median > BUDGET_MS else ""
    print(f"{name:62} {taken}  {note}{over}", flush=True)
    return taken


def in_the_database(
    actor: Actor, round_id: int, repeats: int, asked_for: list[tuple[str, dict[str, object], str]]
) -> None:
    from backend.services import round_report, samples
    from backend.services.samples import text_steps

    print(
        f"\n{'query':62} {'median ms':>9} {'of cpu':>9} {'p95':>9} {'worst':>9}  first rows, of how many; whole call of the"
        " service"
    )
    medians = []
    for name, fields, order in asked_for:
        asked = Asked(actor, round_id, Filters(**fields), Sort.read(order))  # type: ignore[arg-type]
        taken, page = timed(asked.find, repeats), asked.page()
        count = f"{page.count.number}{'' if page.count.is_exact else '+'}"
        part = ", goes on" if page.is_partial else ""
        whole = timed(asked.page, 5).median
        medians.append((report(name, taken, f"{len(page.rows)} of {count}{part}; {whole:.1f} ms").median, name))
        if page.next_cursor:
            deep = samples.page(actor, round_id, asked.filters, asked.sort, page.next_cursor)
            assert not {r.id for r in deep.rows} & {r.id for r in page.rows}
    if medians:
        slow = [name for middle, name in medians if middle > BUDGET_MS]
        print(
            f"\n{len(medians)} queries; slowest median {max(medians)[0]:.1f} ms; over {BUDGET_MS:.0f} ms: {slow or 'none'}"
        )
    report("histogram of all scores (comes after the rows)", timed(lambda: samples.histogram(actor, round_id), repeats))
    report("names of the steps", timed(lambda: text_steps.steps(actor, round_id), repeats))
    for part in (round_report.opening, round_report.texts, round_report.work):
        report(f"the round's page, {part.__name__}", timed(partial(part, actor, round_id), 5))


@dataclass(frozen=True)
class Asked:
    actor: Actor
    round_id: int
    filters: Filters
    sort: Sort

    def find(self) -> object:
        with reading() as db:
            return find(scope(db, self.round_id, self.filters), self.filters, self.sort, None, 50)

    def page(self) -> ListedSamples:
        return page(self.actor, self.round_id, self.filters, self.sort)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=1, help="so many steps of the round made them")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--only", default="", help="only queries with these words in their name, nothing on the screen")
    parser.add_argument("--folder", type=Path, help="keep the project here and use it again")
    asked = parser.parse_args()
    with kept_folder(asked.folder) if asked.folder else data_folder() as folder:
        actor, round_id = opened(asked.samples, asked.steps)
        print(
            f"{asked.samples:,} samples; database {sum(f.stat().st_size for f in folder.glob('rondo.db*')) / 1e6:,.0f} MB"
        )
        every = of_steps(asked.steps) if asked.steps > 1 else queries()
        in_the_database(actor, round_id, asked.repeats, [query for query in every if asked.only in query[0]])
        if not asked.only:
            on_screen(actor, round_id)


def opened(number: int, steps: int) -> tuple[Actor, int]:
    """The project in the folder, built where there is none yet."""
    with reading() as db:
        round_id = db.scalar(select(tables.Round.id))
        user = db.scalars(select(tables.User).join(tables.Membership)).first()
    if round_id is not None and user is not None:
        return Actor(user.id, user.name), round_id
    started = time.perf_counter()
    several = steps > 1
    actor, round_ = samples_of_steps.build(number, steps) if several else samples_project.build(number)
    print(f"built in {time.perf_counter() - started:.0f} s", flush=True)
    return actor, round_.id


if __name__ == "__main__":
    main()
