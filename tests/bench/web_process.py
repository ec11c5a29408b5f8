"""The web process: time to the first painted page when warm, and memory at rest."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def start(folder: str) -> tuple[subprocess.Popen, str]:
    """`rondo up` on a free port; return the process and the printed one-time address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {"RONDO_DATA_DIR": folder},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            return process, found[0]
    raise SystemExit("rondo up printed no address.")


def paint(address: str) -> None:
    """Open the address in Chromium, sign in by the link, wait until the overview is painted."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("button").first.click()
        page.wait_for_selector("gradio-app, .gradio-container")
        page.get_by_text("Overview").first.wait_for()
        browser.close()


def resident_mb(pid: int) -> float:
    """Resident memory of the process, in MB."""
    with open(f"/proc/{pid}/status") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes / 1024


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        for turn in ("cold", "warm"):
            started = time.perf_counter()
            process, address = start(folder)
            ready = time.perf_counter() - started
            try:
                time.sleep(8)
                at_rest = resident_mb(process.pid)
                before = time.perf_counter()
                paint(address)
                painted = time.perf_counter() - before
                time.sleep(5)
                after = resident_mb(process.pid)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(20)
            print(f"{turn}: address after {ready:.1f} s, first page painted {painted:.1f} s after that (browser start "
                  f"included), memory at rest {at_rest:.0f} MB, after one page {after:.0f} MB")  # fmt: skip
    print("budgets: warm start to first page under 5 s, at rest under 250 MB")


if __name__ == "__main__":
    main()
