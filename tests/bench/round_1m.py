"""A round's page where the round has a million samples: each part in the database and in all, and on the screen.

`python -m tests.bench.round_1m [--samples N] [--plans]`: the best of five calls of each, in milliseconds of processor
time, those in the database among them; with --plans the plan of every statement that took over 10 ms.
"""

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

from backend.services import judge_health, round_report, rounds
from backend.services.access import Actor
from tests.bench.place import data_folder
from tests.bench.samples_project import build
from tests.bench.samples_screen import ARGUMENTS, sign_in

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
    parser.add_argument("--plans", action="store_true")
    asked = parser.parse_args()
    with data_folder():
        actor, round_ = build(asked.samples)
        print(f"{asked.samples:,} samples")
        slow = measure(actor, round_.project_id, round_.id, with_plans=asked.plans)
        on_screen(actor, round_.id)
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
    seen, slow = Statements(), []
    for name, call in parts.items():
        all_of_it, in_database = [], []
        for _ in range(5):
            seen.taken.clear()
            started = time.process_time()
            call()
            all_of_it.append((time.process_time() - started) * 1000)
            in_database.append(sum(one[0] for one in seen.taken))
        print(f"{name:24}{min(in_database):9.1f} ms in the database {min(all_of_it):9.1f} in all", flush=True)
        if min(in_database) > BUDGET_MS:
            slow.append(name)
        if with_plans:
            explain([one for one in seen.taken if one[0] > SLOW_MS])
    return slow


def explain(statements: list[tuple[float, str, Any]]) -> None:
    """Print how SQLite carries these out."""
    from backend.db import reading

    for taken, statement, parameters in sorted(statements, key=lambda one: -one[0]):
        print(f"  {taken:.0f} ms: {' '.join(statement.split())[:1200]}")
        with reading() as db:
            for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                print(f"      {row[-1]}")


def on_screen(actor: Actor, round_id: int, *, repeats: int = 5) -> None:
    """Print milliseconds from the address of the round's page to its metrics and to its texts."""
    from playwright.sync_api import sync_playwright

    from tests.integration import site

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("Chromium is not installed: the time to the screen was not measured.")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        sign_in(context, actor)
        page = context.new_page()
        taken: dict[str, list[float]] = {"#round-opening h2": [], "#round-flow-table :is(td, p)": []}
        for number in range(repeats + 1):
            started = time.perf_counter()
            page.goto(f"{site.address()}/round?round={round_id}", wait_until="commit")
            for selector, times in taken.items():
                page.wait_for_selector(selector, timeout=60_000)
                if number:  # the first one is not warm
                    times.append((time.perf_counter() - started) * 1000)
        for selector, times in taken.items():
            print(f"{selector:24}{statistics.median(times):9.0f} ms, worst {max(times):.0f}, in Chromium, warm")
        browser.close()


if __name__ == "__main__":
    main()
