"""When a page stands still: whoever looks at colors, sizes or the whole of a page waits for that first."""

import time
from typing import Any
from weakref import WeakKeyDictionary

PATIENCE = 120.0
"""Seconds until a page that moves on is given up."""
POLLED_FOR = 30.0
"""Seconds until what the page asks for is no longer waited for: a page that looks again all the time asks all the time."""
TURNS = 7
"""How many turns of the page have to find it still, one after the other."""
TURN = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
  const short = (one) => one.effect.getComputedTiming().endTime < 3000;
  const moves = document.getAnimations().some((one) => one.playState === "running" && short(one));
  done(document.readyState === "complete" && document.fonts.status === "loaded" && !moves
    && !document.querySelector("[inert]"));
}, 50)))"""
"""A turn of the page, and whether it finds it drawn: nothing fades, slides or is locked for an answer on its way."""
FITS = "document.documentElement.scrollWidth <= innerWidth"

_asked: WeakKeyDictionary[Any, set[Any]] = WeakKeyDictionary()
"""What each page has asked for and not been given yet. Gradio listens for answers only while it waits for one."""


def watch(context: Any) -> None:
    """Follow what the pages of a context ask for."""
    context.on("page", _watch_page)


def _watch_page(page: Any) -> None:
    asked = _asked[page] = set()

    def begin(request: Any) -> None:
        if request.is_navigation_request():
            asked.clear()  # who leaves a page waits for nothing there
        if "/heartbeat/" not in request.url:  # that one lasts as long as the page
            asked.add(request)

    page.on("request", begin)
    page.on("requestfinished", lambda request: asked.discard(request))
    page.on("requestfailed", lambda request: asked.discard(request))


def settled(page: Any) -> None:
    """Wait until the page has got what it asked for and has drawn it, and nothing on it moves.

    Turns are the page's own: one that is too busy to draw takes as long for them as it needs.
    """
    begun, still = time.monotonic(), 0
    while still < TURNS:
        waited = time.monotonic() - begun
        assert waited < PATIENCE, f"{page.url} did not come to rest within {PATIENCE:.0f} s"
        is_drawn = page.evaluate(TURN)
        still = still + 1 if is_drawn and (not _asked.get(page) or waited > POLLED_FOR) else 0


def fits(page: Any) -> None:
    """Wait until the page stands still, and until it is no wider than its window."""
    settled(page)
    page.wait_for_function(FITS)
