"""Every list of REST, and the first content of every page, at ten million samples on PostgreSQL.

`python -m tests.bench.ten_million [--samples N] [--repeats N] [--only TEXT] [--plans] [--keep FOLDER]`: in a cluster of
its own, which is deleted in the end (11 GB) or kept in the folder and used again. Left out, and named: files, what is
about rows that are not there, and pages whose document holds nothing of its own. Each address is asked once, and then
so many times, before each of which a person decides on one more sample: what was kept of the answer before is then out
of date. Printed are the first time, the median and the 95th percentile by the clock, and the processor time of this
process and the server together, which other work on the machine does not change.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.round_1m import SLOW_MS, Statements
from tests.bench.ten_million_rows import built
from tests.bench.workers import postgres

BUDGET_MS = 100.0
WITH_QUERY = {
    "/rounds/{round_id}/samples": (
        "",
        "sort=score&descending=true",
        "sort=length&descending=true&verdict=accept",
        "sort=spread&is_overridden=true",
        "sort=score&then=length",
        "sort=score&descending=true&min_score=4.5",
        "text=w17",
        "text=the&sort=score",
        "prompt=w17",
    ),
    "/rounds/{round_id}/groups": ("", "sort=pass_rate", "sort=spread&descending=true"),
    "/rounds/{round_id}/histogram": ("", "key=length"),
}
"""Asked with each of these; every other address as it is."""
NO_LISTS = ("export", "/csv", "report.html", "/verification", "/file", "near-duplicates", "/card")
"""Files and reports that are made when they are asked for."""


def addresses(routes: list[Any], ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A name and an address for each question that REST answers about these rows."""
    for route in routes:
        path = getattr(route, "path", "").removeprefix("/api/v1")
        if "GET" not in getattr(route, "methods", ()):
            continue
        if any(part in path for part in NO_LISTS):
            print(f"{path:64}  left out: a file, or made when asked for")
            continue
        try:
            address = "/api/v1" + path.format(**ids)
        except KeyError as missing:
            print(f"{path:64}  left out: no row for {missing}")
            continue
        for query in WITH_QUERY.get(path, ("",)):
            yield f"{path}?{query}" if query else path, f"{address}?{query}" if query else address


def pages(ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The documents of the pages that hold their first content."""
    from app.pages import PAGES

    for page in PAGES:
        if hasattr(page, "first_content"):
            yield f"page {page.TITLE}", f"/p/bench/{page.PATH}?round={ids['round_id']}"
        else:
            print(f"{f'page {page.TITLE}':64}  left out: nothing of it is in its document")


class Server:
    """The processor time of PostgreSQL's processes."""

    def __init__(self) -> None:
        from backend.db import reading

        with reading() as db:
            told = db.connection().exec_driver_sql("SELECT pg_read_file('postmaster.pid')").scalar()
        self.postmaster = int(str(told).split()[0])

    def seconds(self) -> float:
        """Of those that run now."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[1]) == self.postmaster:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class Reviewer:
    """A person who decides on one sample after the other."""

    def __init__(self, ids: dict[str, Any]) -> None:
        from backend.services.access import Actor

        self.actor, self.round_id = Actor(ids["second_id"], "second"), ids["round_id"]
        self.begun, self.number = time.time_ns() % 1_000_000, ids["number"]

    def decide(self) -> None:
        from backend.services import reviews
        from backend.values import DecisionKind

        self.begun += 1
        sample_id = 1 + self.begun * 7919 % self.number
        reviews.decide(
            self.actor,
            f"bench-{time.time_ns()}",
            sample_id,
            DecisionKind.accept if self.begun % 3 else DecisionKind.reject,
            round_id=self.round_id,
            seconds=3.0,
        )


def measure(ids: dict[str, Any], repeats: int, only: str, *, with_plans: bool) -> list[str]:
    """Print a line for each address; return the names of those over the budget, or not answered."""
    from fastapi.testclient import TestClient

    from app import first_content, web
    from app.api.routes import rest_routes
    from app.cli import serving
    from backend.services.people import accounts

    first_content.BUDGET_SECONDS = 600.0
    actor, slow, server, statements = ids["actor"], list[str](), Server(), Statements()
    asked = [(name, address) for name, address in [*addresses(rest_routes(), ids), *pages(ids)] if only in name]
    reviewer = Reviewer(ids)
    print(f"{'':64}{'first':>9}{'median':>9}{'p95':>9}{'busy':>9}  ms", flush=True)
    with TestClient(web.create_app(with_worker=False)) as client:
        client.post(f"/login/link/{accounts.one_time_link(actor, actor.user_id)}")
        serving.keep_what_stands()
        for name, address in asked:
            started = time.perf_counter()
            status = client.get(address).status_code
            first, taken, busy = (time.perf_counter() - started) * 1000, [], 0.0
            for _ in range(repeats):
                reviewer.decide()
                statements.taken.clear()
                started, worked = time.perf_counter(), time.process_time() + server.seconds()
                client.get(address)
                taken.append((time.perf_counter() - started) * 1000)
                busy += (time.process_time() + server.seconds() - worked) * 1000 / repeats
            high = sorted(taken)[min(len(taken) - 1, int(len(taken) * 0.95))]
            note = "" if status == 200 else f"  failed: {status}"
            if status != 200:
                slow.append(f"{name} ({status})")
            elif high > BUDGET_MS:
                slow.append(name)
                note += "  over"
            print(f"{name:64}{first:9.1f}{statistics.median(taken):9.1f}{high:9.1f}{busy:9.1f}{note}", flush=True)
            if high > BUDGET_MS and with_plans:
                explain([entry for entry in statements.taken if entry[0] > SLOW_MS])
    return slow


def explain(statements: list[tuple[float, str, Any]]) -> None:
    """Print how PostgreSQL carries out the slowest two."""
    from backend.db import reading

    for taken, statement, parameters in sorted(statements, key=lambda entry: -entry[0])[:2]:
        print(f"  {taken:.0f} ms: {' '.join(statement.split())[:1500]}")
        with reading() as db:
            for row in db.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters):
                print(f"      {row[0]}")


@contextmanager
def installation(kept: Path | None) -> Iterator[None]:
    """An empty, migrated one on a cluster of its own, or the one that was kept."""
    import migrations
    from backend import jobs
    from backend.config import reread
    from backend.db import dispose

    with TemporaryDirectory(prefix="rondo-bench-") as folder, postgres(kept) as url:
        os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = folder, url
        reread()
        migrations.upgrade()
        jobs.prepare()
        try:
            yield
        finally:
            dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--plans", action="store_true", help="of the slowest statements of what is over the budget")
    parser.add_argument("--only", default="", help="addresses whose name holds this")
    parser.add_argument("--keep", type=Path, help="keep the cluster in this folder and use it again")
    asked = parser.parse_args()
    with installation(asked.keep):
        ids = built(asked.samples, asked.keep)
        slow = measure(ids, asked.repeats, asked.only, with_plans=asked.plans)
    print(f"over {BUDGET_MS:g} ms, or failed: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
