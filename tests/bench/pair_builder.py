"""The pair builder at 100,000 samples: opening its page, and from a slider to the numbers.

`python -m tests.bench.pair_builder [--samples N]`: processor time in the services, the best of five; then in Chromium
from the event of a slider to the painted number of pairs, the median of some twelve.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from backend.db import reading, session
from backend.pipeline.groups import groups_for_step
from backend.pipeline.known import known_labels
from backend.pipeline.select import labelled, offered
from backend.selectors import _margins
from backend.services.access import Actor
from backend.services.pairs import openings, previews
from backend.services.rounds import get_row
from backend.values import JSON, Role
from tests.bench.place import data_folder
from tests.bench.samples_project import build
from tests.bench.samples_screen import browser_page

BUDGET_MS = 100.0
KNOBS: tuple[JSON, ...] = (
    {"min_margin": 1.0},
    {"ties": "shorter"},
    {"length_penalty": 0.5},
    {"pairs_per_prompt": 4},
    {"category": "topic", "max_per_category": 20},
)
DEADLINE_MS = 20_000
# From the event to the message after the frame in which the number has changed; null where it stays what it was.
MEASURE = """([value, deadline]) => new Promise((done) => {
  const shown = () => document.querySelector("#pairs-result .rows b")?.textContent;
  const input = document.querySelector("#pairs-margin input[type=number]"), before = shown();
  const started = performance.now();
  const look = () => {
    if (performance.now() - started > deadline) return done(null);
    if (shown() === before) return requestAnimationFrame(look);
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now() - started);
    channel.port2.postMessage(0);
  };
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  requestAnimationFrame(look);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100_000)
    asked = parser.parse_args()
    with data_folder():
        actor, round_ = build(asked.samples)
        with session() as db:
            db.execute(text("UPDATE prompts SET extra = json_object('topic', 'topic ' || (id % 50), 'row', id)"))
        print(f"{asked.samples:,} samples", flush=True)
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
        stage, _, _ = openings._stage(db, get_row(db, actor, round_id, Role.curator))
        groups = labelled(stage, db, groups_for_step(db, stage), known_labels(db, round_id))
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
    from tests.integration import site

    with browser_page(actor) as page:
        if page is None:
            return
        for name in ("the page, first", "the page, warm"):
            started = time.perf_counter()
            page.goto(f"{site.address()}/pairs?round={round_id}")
            page.wait_for_selector("#pairs-result .rows b")
            print(f"{name:44}{(time.perf_counter() - started) * 1000:9.0f} ms, in Chromium", flush=True)
        page.wait_for_timeout(1000)
        taken, worked = [], []
        for margin in margins(actor, round_id)[: 2 * repeats]:
            begun = time.process_time()
            number = page.evaluate(MEASURE, [f"{margin:.1f}", DEADLINE_MS])
            if number is None:
                raise SystemExit(
                    f"The number of pairs did not change within {DEADLINE_MS:,} ms of the margin {margin:.1f}."
                )
            taken.append(number)
            worked.append((time.process_time() - begun) * 1000)
            page.wait_for_timeout(200)
        taken, worked = taken[2:], worked[2:]  # the first ones are not warm
        print(f"{'the server, for each slide':44}{statistics.median(worked):9.1f} ms of processor time")
        print(f"{'slider to numbers':44}{statistics.median(taken):9.0f} ms, worst {max(taken):.0f}, in Chromium")


def margins(actor: Actor, round_id: int) -> list[float]:
    """Values of the slider, each of which makes another number of pairs than the one before, the first than 0 does."""
    token = openings.open_round(actor, round_id).token
    result, last = [], previews.preview(actor, round_id, {}, token=token).rows
    for tenths in [*range(1, 41), *range(40, 0, -1)]:
        rows = previews.preview(actor, round_id, {"min_margin": tenths / 10}, token=token).rows
        if rows != last:
            result.append(tenths / 10)
            last = rows
    return result


if __name__ == "__main__":
    main()
