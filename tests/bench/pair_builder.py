"""The pair builder at 100,000 samples: opening its page, and from a slider to the numbers.

`python -m tests.bench.pair_builder [--samples N]`: processor time in the services, the best of five; then in Chromium
from the event of a slider to the painted number of pairs, the median of eight.
"""

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from backend.db import reading, session
from backend.pipeline.groups import seen_by
from backend.pipeline.known import known_labels
from backend.pipeline.select import labelled, offered
from backend.selectors import _margins
from backend.services.access import Actor
from backend.services.pairs import openings, previews
from backend.services.rounds import get_row
from backend.values import JSON, Role
from tests.bench.place import data_folder
from tests.bench.samples_project import build
from tests.bench.samples_screen import ARGUMENTS, sign_in

BUDGET_MS = 100.0
KNOBS: tuple[JSON, ...] = (
    {"min_margin": 1.0},
    {"ties": "shorter"},
    {"length_penalty": 0.5},
    {"pairs_per_prompt": 4},
    {"category": "topic", "max_per_category": 20},
)
# From the event to the message after the frame in which the number has changed.
MEASURE = """() => {
  window.taken = [];
  const shown = () => document.querySelector("#pairs-result .rows b")?.textContent;
  window.slide = (value) => {
    const input = document.querySelector("#pairs-margin input[type=number]"), before = shown();
    const started = performance.now();
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    const look = () => {
      if (shown() === before) return requestAnimationFrame(look);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.taken.push(performance.now() - started);
      channel.port2.postMessage(0);
    };
    requestAnimationFrame(look);
  };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100_000)
    asked = parser.parse_args()
    with data_folder():
        actor, round_ = build(asked.samples)
        with session() as db:
            db.execute(text("UPDATE prompts SET extra = json_object('topic', 'topic ' || (id % 50), 'row', id)"))
        print(f"{asked.samples:,} samples")
        slow = in_services(actor, round_.id)
        on_screen(actor, round_.id)
    if slow:
        raise SystemExit(f"Over {BUDGET_MS:g} ms: {', '.join(slow)}")


def best(name: str, call: Callable[[], Any], times: int = 5) -> float:
    """Print and return milliseconds of processor time."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        call()
        taken.append((time.process_time() - started) * 1000)
    print(f"{name:44}{min(taken):9.1f} ms", flush=True)
    return min(taken)


def by_values(actor: Actor, round_id: int) -> None:
    """What an opening read before there were columns, for comparison."""
    with reading() as db:
        stage, _ = openings._stage(db, get_row(db, actor, round_id, Role.curator))
        groups = labelled(stage, db, seen_by(db, stage), known_labels(db, round_id))
        _margins.candidates(offered(stage, groups), seed=0)


def in_services(actor: Actor, round_id: int) -> list[str]:
    """Print each figure; return the names of those over the budget."""
    best("opening, by values", lambda: by_values(actor, round_id), times=2)
    best("opening", lambda: openings.open_round(actor, round_id))
    token = openings.open_round(actor, round_id).token
    slow = []
    for knobs in KNOBS:
        name = ", ".join(f"{name} {value}" for name, value in knobs.items())
        if best(name, lambda knobs=knobs: previews.preview(actor, round_id, knobs, token=token)) > BUDGET_MS:  # type: ignore[misc]
            slow.append(name)
    return slow


def on_screen(actor: Actor, round_id: int, *, repeats: int = 8) -> None:
    """Print milliseconds for opening the page, and from a slider to the numbers."""
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
        for name in ("the page, first", "the page, warm"):
            started = time.perf_counter()
            page.goto(f"{site.address()}/pairs?round={round_id}")
            page.wait_for_selector("#pairs-result .rows b", timeout=60_000)
            print(f"{name:44}{(time.perf_counter() - started) * 1000:9.0f} ms, in Chromium")
        page.wait_for_timeout(1000)
        page.evaluate(MEASURE)
        for number in range(repeats):
            # Scores are thirds: each step makes another number of pairs.
            page.evaluate(f"window.slide({0.4 * (number + 1):.1f})")
            page.wait_for_function(f"window.taken.length > {number}", timeout=20_000)
            page.wait_for_timeout(200)
        taken = page.evaluate("window.taken")
        print(f"{'slider to numbers':44}{statistics.median(taken):9.0f} ms, worst {max(taken):.0f}, in Chromium")
        browser.close()


if __name__ == "__main__":
    main()
