"""The web process: time to the first painted page when warm, processor time, and memory at rest.

Painted: the browser has drawn what the document holds, as it says itself; drawn: Gradio has put its own in its place.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


MAKE_PROJECT = "from backend.services import demo; from backend.services.people import accounts; demo.create(accounts.local_owner())"


def prepare(folder: str) -> None:
    """An installation with the demo project in it, so that the first page is the overview."""
    for command in (("-m", "app.cli", "db", "upgrade"), ("-c", MAKE_PROJECT)):
        subprocess.run(
            [sys.executable, *command],
            env=os.environ | {"RONDO_DATA_DIR": folder},
            check=True,
            stdout=subprocess.DEVNULL,
        )


def start(folder: str) -> tuple[subprocess.Popen, str]:
    """`rondo up` on a free port; return the process and the printed one-time address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"RONDO_DATA_DIR": folder},
    )
    assert process.stdout is not None
    for line in process.stdout:
        match = re.search(r"http://\S+", line)
        if match:
            return process, match[0]
    raise SystemExit("rondo up printed no address.")


def paint(page: Any, address: str) -> None:
    """Open the address, sign in by the link, wait until the overview is painted."""
    page.goto(address)
    page.get_by_role("button").first.click()
    page.wait_for_selector("gradio-app, .gradio-container")
    page.get_by_text("Overview").first.wait_for()


def first_paint(page: Any) -> float:
    """When the browser painted the first content of the page that it shows; seconds since the epoch."""
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    return (
        page.evaluate("performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime")
        / 1000
    )


def processor_seconds(pid: int) -> float:
    """What the process used so far, without its children."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of the process, in MB."""
    with open(f"/proc/{pid}/status") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes / 1024


def measure(turn: str, folder: str, page: Any) -> None:
    """Start, open the first page, look at the memory, stop."""
    since_epoch, started = time.time(), time.perf_counter()
    process, address = start(folder)
    ready = time.perf_counter() - started
    try:
        paint(page, address)
        drawn = time.perf_counter() - started
        painted = first_paint(page) - since_epoch
        used = processor_seconds(process.pid)
        time.sleep(8)
        memory = resident_mb(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    print(
        f"{turn}: address after {ready:.1f} s, first page painted after {painted:.1f} s and drawn by Gradio after "
        f"{drawn:.1f} s ({used:.1f} s of processor time), memory at rest after it {memory:.0f} MB",
        flush=True,
    )


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder, sync_playwright() as playwright:
        prepare(folder)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        for turn in ("first", "warm", "warm again"):
            measure(turn, folder, browser.new_page())
        browser.close()
    print("budgets: warm start to first page under 3 s, at rest under 250 MB")


if __name__ == "__main__":
    main()
