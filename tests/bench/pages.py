"""From an address to the first useful content of every page, in Chromium, warm, on the demo project.

`python -m tests.bench.pages [--keep FOLDER] [--repeats N] [--only PATH ...]`: a server process of its own, the demo with
one finished round and one in review. Useful is a page's main table, card or text with data in it, painted and visible,
whether the server drew it in the document or Gradio in the browser; from `own` on it is Gradio's, and can be worked
with. Printed are medians in milliseconds: `first paint` of anything, `useful`, `own`, and what does not depend on what
else the machine does: processor time until `own` of the tab's main thread, of its scripts alone, and of the server.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tests.bench import painted, web_process

BUDGET_MS = 600.0
SETTLES_MS = 1000.0
"""Between two visits, so that what a page does after its first content is not the next one's."""
USEFUL = {
    "": "#loop article dd",
    "round": "#round-opening table td",
    "warnings": "#warnings-lights :is(td, .rondo-empty)",
    "prompts": "#prompt-sets :is(td, [role=gridcell])",
    "recipes": "#recipes-table [role=gridcell]",
    "new-round": "#estimate dd",
    "new-round slots": ".gradio-container:has(#launch:enabled, #estimate .problem) #recipe-slots button",
    "samples": "#samples-table :is(td, [role=gridcell])",
    "groups": "#groups-list :is(li, .rondo-empty)",
    "review": "#review-desk .answer",
    "team": "#team-progress .numbers",
    "jobs": "#jobs-table [role=gridcell]",
    "training": "#training-said :is(p, dd, li)",
    "checkpoints": "#lineage td",
    "chat": "#chat-log .rondo-empty",
    "held-out": "#held-out-list :is(td, li, button)",
    "arena": ".gradio-container :is(.rondo-empty, td)",
    "compare": "#compared :is(td, .rondo-empty)",
    "datasets": "#dataset dd",
    "pairs": "#pairs-result :is(.rows, .rondo-empty)",
    "me": "#my-work :is(dd, .rondo-empty)",
    "people": ".gradio-container [role=gridcell]",
    "audit": "#audit-table td",
    "workers": "#workers-list :is(.rondo-empty, .rondo-card)",
    "judge-bench": ".gradio-container :is(td, .rondo-empty)",
    "previews": ".gradio-container :is(td, .rondo-empty)",
    "rewrites": ".gradio-container :is(td, .rondo-empty)",
}
"""By page what is useful on it; a page stands here twice whose main content comes later, with a word for that.

A selector that finds nothing is an error here, so one of a changed page is noticed."""
READ = """() => ({
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
  asked: performance.getEntriesByType("resource").length,
})"""
MAKE = """
from backend.services import demo, rounds
from backend.services.people import accounts
from backend.db import reading, tables
from backend.values import RoundStatus
from tests.bench.place import run_stage
owner = accounts.local_owner()
project = demo.create(owner)
plan = rounds.defaults(owner, project).__dict__ | {"num_prompts": 60, "is_reviewed": False}
done = rounds.launch(owner, project, rounds.Plan(**plan))
status = None
while status is not RoundStatus.done:
    run_stage(done)
    with reading() as db:
        status = db.get_one(tables.Round, done).status
plan = rounds.defaults(owner, project).__dict__ | {"num_prompts": 40, "is_reviewed": True}
waiting = rounds.launch(owner, project, rounds.Plan(**plan))
run_stage(waiting)
run_stage(waiting)
"""


def prepare(folder: str) -> None:
    """The demo project with a finished round and one that waits for people, unless the folder has one."""
    if (Path(folder) / "rondo.db").exists():
        return
    for command in (("-m", "app.cli", "db", "upgrade"), ("-c", MAKE)):
        environment = os.environ | {"RONDO_DATA_DIR": folder, "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(folder: str) -> Any:
    """`rondo up` on a free port; gives its process id and the address that signs in."""
    process, address = web_process.start(folder)
    try:
        yield process.pid, address
    finally:
        process.terminate()
        process.wait(20)


def server_ms(pid: int) -> float:
    """Processor time that the server has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def visit(page: Any, cdp: Any, pid: int, address: str, selector: str) -> dict[str, float]:
    """Go to the address in a tab that shows another page; return milliseconds."""
    painted.expect(page, {"useful": f"{selector}, {painted.in_document(selector)}", "own": selector})
    before, worked = server_ms(pid), main_thread_ms(cdp)
    page.goto(address, wait_until="commit")
    value = painted.read(page, ("useful", "own"), timeout=10_000) | page.evaluate(READ)
    # A browser may give a page a process of its own, which counts from nothing.
    now = main_thread_ms(cdp)
    taken = now if now["worked"] < worked["worked"] else {name: now[name] - worked[name] for name in now}
    taken["server"] = server_ms(pid) - before
    page.wait_for_timeout(SETTLES_MS)
    return value | taken


def main_thread_ms(cdp: Any) -> dict[str, float]:
    """Processor time that the tab's main thread has used."""
    metrics = {metric["name"]: metric["value"] for metric in cdp.send("Performance.getMetrics")["metrics"]}
    return {"worked": metrics["TaskDuration"] * 1000, "scripts": metrics["ScriptDuration"] * 1000}


def measure(page: Any, pid: int, base: str, paths: list[str], repeats: int) -> list[str]:
    """Print each page's medians; return those over the budget."""
    from playwright.sync_api import TimeoutError

    slow = []
    painted.watch(page)
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    print(
        f"{'page':16}{'first paint':>12}{'useful':>9}{'worst':>9}{'own':>9}{'worked':>9}{'scripts':>9}{'server':>8}{'asked':>7}"
    )
    for path in paths:
        try:  # warm: what a browser keeps and what a server imports late
            visit(page, cdp, pid, base + path.split(" ")[0], USEFUL[path])
        except TimeoutError:
            print(f"{path or 'overview':16} shows nothing that {USEFUL[path]} finds", flush=True)
            slow.append(path or "overview")
            continue
        taken = [visit(page, cdp, pid, base + path.split(" ")[0], USEFUL[path]) for _ in range(repeats)]
        middle = {name: statistics.median(value[name] for value in taken) for name in taken[0]}
        print(
            f"{path or 'overview':16}{middle['paint']:12.0f}{middle['useful']:9.0f}"
            f"{max(value['useful'] for value in taken):9.0f}{middle['own']:9.0f}{middle['worked']:9.0f}"
            f"{middle['scripts']:9.0f}"
            f"{middle['server']:8.0f}{middle['asked']:7.0f}",
            flush=True,
        )
        if middle["useful"] > BUDGET_MS:
            slow.append(path or "overview")
    return slow


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keep", help="folder for the project; used again where it has one")
    parser.add_argument("--only", nargs="*", help="paths of pages, such as samples; overview for the first")
    asked = parser.parse_args()
    paths = [path for path in USEFUL if not asked.only or (path or "overview") in asked.only]
    place = nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory(prefix="rondo-bench-")
    with place as folder, sync_playwright() as playwright:
        prepare(folder)
        with served(folder) as (pid, address):
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(web_process.CHROMIUM))
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            web_process.paint(page, address)
            page.wait_for_url("**/p/**")
            base = page.url.split("?")[0]
            slow = measure(page, pid, base, paths, asked.repeats)
            browser.close()
    if slow:
        raise SystemExit(f"Over {BUDGET_MS:g} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
