"""A round's page where the round has a million samples: each part in the database and in all, and on the screen.

`python -m tests.bench.round_1m [--samples N] [--steps N] [--folder DIR] [--plans]`: the best of five calls of each, in
milliseconds of processor time, and of them those until statements had their first row; with --plans the plan of every
statement that took over 10 ms. With a folder the project is kept and used again, by `tests.bench.samples_1m`, too.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from backend.db import reading, tables
from backend.services import judge_health, round_report, rounds
from backend.services.access import Actor
from tests.bench import painted
from tests.bench.place import data_folder
from tests.bench.samples_1m import kept_folder, opened
from tests.bench.samples_screen import PATIENCE_MS, browser_page

BUDGET_MS = 100.0
SLOW_MS = 10.0


class Statements:
    """How long the database took, by statement."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, str, Any]] = []
        event.listen(Engine, "before_cursor_execute", self._begin)
        event.listen(Engine, "after_cursor_execute", self._end)

    def _begin(self, conn: Any, *_: Any) -> None:
        conn.info["started"] = time.perf_counter()

    def _end(self, conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self.taken.append(((time.perf_counter() - conn.info["started"]) * 1000, statement, parameters))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=1, help="so many steps of the round made them")
    parser.add_argument("--folder", type=Path, help="keep the project here and use it again")
    parser.add_argument("--plans", action="store_true")
    asked = parser.parse_args()
    with kept_folder(asked.folder) if asked.folder else data_folder():
        actor, round_id = opened(asked.samples, asked.steps)
        with reading() as db:
            project_id = db.get_one(tables.Round, round_id).project_id
        print(f"{asked.samples:,} samples", flush=True)
        slow = measure(actor, project_id, round_id, with_plans=asked.plans)
        on_screen(actor, round_id)
    if slow:
        raise SystemExit(f"Over {BUDGET_MS:g} ms: {', '.join(slow)}")


def measure(actor: Actor, project_id: int, round_id: int, *, with_plans: bool) -> list[str]:
    """Print each part; return the names of those whose statements take longer than the budget."""
    parts: dict[str, Callable[[], Any]] = {
        "list of rounds": lambda: rounds.list_rounds(actor, project_id),
        "opening": lambda: round_report.opening(actor, round_id),
        "texts": lambda: round_report.texts(actor, round_id),
        "work": lambda: round_report.work(actor, round_id),
        "judge": lambda: judge_health.of_round(actor, round_id),
    }
    statements, slow = Statements(), []
    for name, call in parts.items():
        all_of_it, in_database = [], []
        for _ in range(5):
            statements.taken.clear()
            started = time.process_time()
            call()
            all_of_it.append((time.process_time() - started) * 1000)
            in_database.append(sum(entry[0] for entry in statements.taken))
        print(f"{name:24}{min(in_database):9.1f} ms in the database {min(all_of_it):9.1f} in all", flush=True)
        if min(in_database) > BUDGET_MS:
            slow.append(name)
        if with_plans:
            explain([entry for entry in statements.taken if entry[0] > SLOW_MS])
    return slow


def explain(statements: list[tuple[float, str, Any]]) -> None:
    """Print how SQLite carries these out."""
    for taken, statement, parameters in sorted(statements, key=lambda entry: -entry[0]):
        print(f"  {taken:.0f} ms: {' '.join(statement.split())[:1200]}")
        with reading() as db:
            for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                print(f"      {row[-1]}")


def on_screen(actor: Actor, round_id: int, *, repeats: int = 5) -> None:
    """Print milliseconds from the address of the round's page to each of its parts, and from a scroll to its charts."""
    from tests.integration import site

    with browser_page(actor) as page:
        if page is None:
            return
        parts = {"head": "#round-opening h2", "flow": "#round-flow-table :is(td, p)"}
        selectors = {
            f"{name}, in the document or Gradio's": f"{of}, {painted.in_document(of)}" for name, of in parts.items()
        }
        selectors |= {f"{name}, Gradio's own": of for name, of in parts.items()}
        selectors |= {"judge": "#round-judge section", "work": "#round-work section"}
        taken: dict[str, list[float]] = {name: [] for name in selectors}
        charts = "#round-scores .js-plotly-plot"
        worked, drawn = [], []
        page.goto(f"{site.address()}/me", wait_until="commit")
        painted.watch(page)
        for number in range(repeats + 1):
            painted.expect(page, selectors)
            begun = time.process_time()
            page.goto(f"{site.address()}/round?round={round_id}", wait_until="commit")
            came = painted.read(page, selectors, timeout=PATIENCE_MS)
            worked.append((time.process_time() - begun) * 1000)
            scrolled = time.perf_counter()
            page.locator("#round-spread-head").scroll_into_view_if_needed()
            page.wait_for_selector(charts)
            if number:  # the first one is not warm
                drawn.append((time.perf_counter() - scrolled) * 1000)
                for name, times in taken.items():
                    times.append(came[name])
        taken[f"{charts}, from the scroll"] = drawn
        print(f"the server, for each opening {statistics.median(worked[1:]):9.0f} ms of processor time")
        for name, times in taken.items():
            print(f"{name:40}{statistics.median(times):9.0f} ms, worst {max(times):.0f}, in Chromium, warm")


if __name__ == "__main__":
    main()
