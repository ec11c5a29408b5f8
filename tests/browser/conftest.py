"""A real server in a process of its own, and a real Chromium that speaks to nothing but it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser import settled

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
        code = self.process.wait(120)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def start_server(data_dir: Path, *command: str) -> Server:
    """Start `rondo <command>` on a free port and wait for its address."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "server.log"
    environment = os.environ | {"RONDO_DATA_DIR": str(data_dir), "RONDO_DATABASE_URL": "", "OMP_NUM_THREADS": "1"}
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *command, "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, log.read_text()[-3000:]
    content = json.loads(line)
    return Server(content["address"], content["link"], data_dir, process, log)


def prepare(context: Any) -> None:
    """Wait long for what is to come, and under RONDO_SLOW_BROWSER be as slow as a bad day's machine and network."""
    context.set_default_timeout(PATIENCE)
    settled.watch(context)
    context.on("console", lambda message: heard(message.page, f"{message.type}: {message.text}"))
    context.on("weberror", lambda error: heard(error.page, f"thrown: {error.error}"))
    context.on("requestfailed", lambda request: HEARD.append(f"failed: {request.url} {request.failure}"))
    if SLOW > 1:
        context.on(
            "page", lambda page: context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
        )


HEARD: deque[str] = deque(maxlen=30)
"""What pages wrote to their console, and which of their requests failed: what a failed test has to tell."""


def heard(page: Any, what: str) -> None:
    HEARD.append(f"{page.url if page else ''} {what}"[:400])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Add to the report of a failed test what its pages show and said, and the end of its servers' logs."""
    report = yield
    if report.when == "call" and report.failed and "chromium" in item.funcargs:
        pages = [page for context in item.funcargs["chromium"].contexts for page in context.pages]
        report.sections += [(f"Page {page.url}", shown(page)) for page in pages]
        report.sections.append(("Console and failed requests", "\n".join(HEARD)))
        for log in sorted(item.funcargs["tmp_path"].rglob("*.log")) if "tmp_path" in item.funcargs else ():
            report.sections.append((f"End of {log.name}", log.read_text(errors="replace")[-3000:]))
    return report


def shown(page: Any) -> str:
    """The text of a page; a page that does not answer says so."""
    try:
        page.set_default_timeout(5000)
        return page.locator("body").inner_text()[:3000]
    except Exception as error:
        return f"No answer: {error}"[:300]


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
    HEARD.clear()
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
    result = context.new_page()
    sign_in(result, server)
    yield result
    context.close()
    assert strangers == []


def sign_in(page, server: Server) -> None:
    """Use the link that the server printed; it works once."""
    page.goto(server.link)
    page.get_by_role("button").first.click()
    page.wait_for_url(lambda url: "/login" not in url)
