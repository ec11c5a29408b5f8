"""From the key press to the first rows on the screen of the Samples page, in Chromium."""

import faulthandler
import os
import shutil
import signal
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

PATIENCE_MS, LONGEST_S = 60_000, 900
"""How long one wait may take, and all that a browser does."""
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
# From the event that asks to the frame in which the first changed row is painted.
MEASURE = """() => {
  window.taken = [];
  let start = 0;
  const note = (event) => { if (event.key === undefined || event.key === "Enter") start = event.timeStamp; };
  addEventListener("keydown", note, true);
  addEventListener("click", note, true);
  new MutationObserver(() => {
    if (!start) return;
    const from = start;
    start = 0;
    requestAnimationFrame(() => requestAnimationFrame(() => window.taken.push(performance.now() - from)));
  }).observe(document.querySelector("#samples-table"), { subtree: true, childList: true, characterData: true });
}"""


@contextmanager
def browser_page(actor: Any) -> Iterator[Any]:
    """A page of a browser that this person signed in with; None, and why, where there is no Chromium.

    No wait in it is longer than `PATIENCE_MS`, and it is closed whatever happens. Where all together takes longer than
    `LONGEST_S`, as with a browser that does not answer, the process says where it stands and kills the browser: the
    wait fails then, and what was set up for it is removed as ever.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("Chromium is not installed: the time to the screen was not measured.")
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), timeout=PATIENCE_MS)
        timer = threading.Timer(LONGEST_S, _kill, [_pid(browser)])
        timer.daemon = True
        timer.start()
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(PATIENCE_MS)
            sign_in(context, actor)
            yield context.new_page()
        finally:
            # The watch goes on while it is closed, which may not be answered either.
            browser.close()
            timer.cancel()


def _pid(browser: Any) -> int:
    reply = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return next(int(entry["id"]) for entry in reply["processInfo"] if entry["type"] == "browser")


def _kill(pid: int) -> None:
    faulthandler.dump_traceback()
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def on_screen(actor: Any, round_id: int, *, repeats: int = 8) -> None:
    """Print milliseconds for a page load, searches, and paging."""
    from tests.integration import site

    with browser_page(actor) as page:
        if page is None:
            return
        page.goto(f"{site.address()}/samples?round={round_id}")
        page.wait_for_selector("#samples-table [role=gridcell][data-row='0']")
        page.wait_for_timeout(1000)
        page.evaluate(MEASURE)
        box = page.locator("#samples-search textarea, #samples-search input")
        for words in ("seldom", "the of", "unicorn", "the", "xyzzyx", "")[: max(2, repeats)]:
            for _ in range(2):
                box.fill(words)
                changed(page, lambda: page.keyboard.press("Enter"))
                box.fill("and")
                changed(page, lambda: page.keyboard.press("Enter"))
        report("search, Enter to the rows", page.evaluate("window.taken.splice(0)"))
        box.fill("")
        changed(page, lambda: page.keyboard.press("Enter"))
        page.evaluate("window.taken.splice(0)")
        for _ in range(repeats):
            changed(page, lambda: page.locator("#samples-next").click())
        report("next page, click to the rows", page.evaluate("window.taken.splice(0)"))


def changed(page: Any, act: Any) -> None:
    """Act and wait until the rows changed, or two seconds where they stay the same."""
    before = page.evaluate("window.taken.length")
    act()
    page.wait_for_function(
        f"window.taken.length > {before} || performance.now() > {page.evaluate('performance.now()') + 2000}"
    )
    page.wait_for_timeout(150)


def report(name: str, taken: list[float]) -> None:
    taken.sort()
    if taken:
        high = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
        print(
            f"{name:48} {statistics.median(taken):9.0f} {high:9.0f} {taken[-1]:9.0f}  {len(taken)} times, in Chromium"
        )


def sign_in(context: Any, actor: Any) -> None:
    from backend.db import session
    from backend.services.people import sessions
    from tests.integration import site

    with session() as db:
        link = sessions.link_for(db, actor.user_id)
    context.request.post(f"{site.address()}/login/link/{link}", max_redirects=0)
