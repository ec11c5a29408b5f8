"""A real server in a process of its own, and a real Chromium that speaks to nothing but it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The address bar's own page: two more processes and two fifths of the processor's time for each window, which nobody sees here.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
)

PATIENCE = 120_000.0
"""Milliseconds until a wait is given up; how quick a machine is, is no matter of tests."""
SLOW = float(os.environ.get("RONDO_SLOW_BROWSER", "1"))
"""How many times slower pages run; answers of the tests' server then wait for up to SLOW tenths of a second."""


@dataclass
class Server:
    """A running `rondo`; `link` signs in once."""

    address: str
    link: str
    data_dir: Path
    process: subprocess.Popen
    log: Path

    def stop(self) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)


def start_server(data_dir: Path, *command: str) -> Server:
    """Start `rondo <command>` on a free port and wait for its address."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "server.log"
    environment = os.environ | {"RONDO_DATA_DIR": str(data_dir), "RONDO_DATABASE_URL": "", "OMP_NUM_THREADS": "1"}
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *command, "--port", "0", "--json"],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, log.read_text()[-3000:]
    said = json.loads(line)
    return Server(said["address"], said["link"], data_dir, process, log)


def prepare(context: Any) -> None:
    """Wait long for what is to come, and under RONDO_SLOW_BROWSER be as slow as a bad day's machine and network."""
    context.set_default_timeout(PATIENCE)
    if SLOW > 1:
        context.on(
            "page", lambda page: context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """One browser for all tests of the session."""
    from playwright.sync_api import expect, sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and under CI nothing is skipped. Install Debian's `chromium`.")
        pytest.skip("Chromium is not installed. `apt-get install chromium` to run these.")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        browser.on("context", prepare)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def no_page_stays_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what the test opened: pages that poll dead servers would slow down every test after it."""
    browser = request.getfixturevalue("chromium")
    before = list(browser.contexts)
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The demo project's server, with its worker."""
    started = start_server(tmp_path / "data", "demo")
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.fixture
def page(chromium, server: Server) -> Iterator[object]:
    """A page that is signed in as the owner; any request that leaves the server fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    strangers: list[str] = []

    def watch(request: object) -> None:
        url = request.url  # type: ignore[attr-defined]
        if not url.startswith((server.address, "data:", "blob:")):
            strangers.append(url)

    context.on("request", watch)
    made = context.new_page()
    sign_in(made, server)
    yield made
    context.close()
    assert strangers == []


def sign_in(page, server: Server) -> None:
    """Use the link that the server printed; it works once."""
    page.goto(server.link)
    page.get_by_role("button").first.click()
    page.wait_for_url(lambda url: "/login" not in url)
