"""The web process: time to the first painted page when warm, and memory at rest."""

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


def resident_mb(pid: int) -> float:
    """Resident memory of the process, in MB."""
    with open(f"/proc/{pid}/status") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes / 1024


def measure(turn: str, folder: str, page: Any) -> None:
    """Start, open the first page, look at the memory, stop."""
    started = time.perf_counter()
    process, address = start(folder)
    ready = time.perf_counter() - started
    try:
        paint(page, address)
        painted = time.perf_counter() - started
        time.sleep(8)
        memory = resident_mb(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    print(
        f"{turn}: address after {ready:.1f} s, first page painted after {painted:.1f} s, "
        f"memory at rest after it {memory:.0f} MB"
    )


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder, sync_playwright() as playwright:
        prepare(folder)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        for turn in ("first", "warm"):
            measure(turn, folder, browser.new_page())
        browser.close()
    print("budgets: warm start to first page under 5 s, at rest under 250 MB")


if __name__ == "__main__":
    main()
