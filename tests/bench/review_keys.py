"""From the key press to the next item painted on the review desk, in Chromium, a million samples in the project."""

import argparse
import shutil
import statistics
import time

from tests.bench.place import data_folder
from tests.bench.samples_screen import ARGUMENTS, sign_in

MEASURE = """() => {
  window.taken = [];
  const answer = document.querySelector("#review-desk .facts");
  document.addEventListener("keydown", (event) => {
    const pressed = event.timeStamp, before = answer.textContent;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      // The message comes after the frame with the change was painted.
      channel.port1.onmessage = () => answer.textContent !== before && window.taken.push(performance.now() - pressed);
      channel.port2.postMessage(0);
    });
  }, true);
}"""
SAVED = "document.querySelector('#review-desk .unsaved').textContent === 'All saved'"
SHOWN = "#review-desk .answer :is(.text, .markdown)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--decisions", type=int, default=500)
    parser.add_argument("--per-second", type=float, default=5.0)
    asked = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("Chromium is not installed: nothing was measured. `apt-get install chromium`.")
    with data_folder():
        measure(path, asked.samples, asked.decisions, asked.per_second)


def measure(path: str, samples: int, decisions: int, per_second: float) -> None:
    """Build the project, decide, print milliseconds."""
    from playwright.sync_api import sync_playwright

    from tests.bench.samples_project import build
    from tests.integration import site

    started = time.perf_counter()
    actor, round_ = build(samples)
    print(f"{samples:,} samples written in {time.perf_counter() - started:.0f} s", flush=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        sign_in(context, actor)
        page = context.new_page()
        started = time.perf_counter()
        page.goto(f"{site.address()}/review?round={round_.id}")
        page.wait_for_selector(SHOWN, timeout=60_000)
        print(f"from the address to the first item {time.perf_counter() - started:.1f} s", flush=True)
        page.evaluate(MEASURE)
        started = time.perf_counter()
        for n in range(decisions):
            time.sleep(max(0.0, started + n / per_second - time.perf_counter()))
            page.keyboard.press("axa"[n % 3])
        page.wait_for_function(SAVED, timeout=60_000)
        report(page.evaluate("window.taken"), decisions, time.perf_counter() - started)
        browser.close()


def report(taken: list[float], decisions: int, seconds: float) -> None:
    taken.sort()
    high = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    median = statistics.median(taken)
    print(f"{decisions} decisions in {seconds:.0f} s, {len(taken)} of them painted another item at once")
    print(f"key to paint: median {median:.1f} ms, 95th percentile {high:.1f} ms, worst {taken[-1]:.1f} ms")


if __name__ == "__main__":
    main()
