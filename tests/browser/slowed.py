"""A server slowed by two seconds, and what is done on its pages at once."""

import asyncio
import functools
import os
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from app.cli.serving import bind
from tests import installation
from tests.browser.test_team import Team
from tests.integration import site
from tests.integration.site import address as plain_address
from tests.waiting import until

TIMES = int(os.environ.get("RONDO_RACES", "1"))
"""How often each is done; more than the suite has time for with `RONDO_RACES=20`."""
DELAY = 2.0
SLOWED = ("/gradio_api/queue/join", "/gradio_api/upload", "/api/v1/")


def slowed(application: Any) -> Any:
    """The same application, whose every answer to what is done on a page comes two seconds later."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(SLOWED):
            await asyncio.sleep(DELAY)
        await application(scope, receive, send)

    return answer


@functools.lru_cache
def slow_address() -> str:
    """Start the slowed server, once, in the event loop of the other one; it ends with the process.

    Gradio's queue, which both fill, is of one loop: its lock, once somebody waits for it in another, ends the queue.
    """
    plain_address()
    listening = bind("127.0.0.1", 0)
    door = site.Door(slowed(site.application()), site.works)
    # The application has started already.
    server = uvicorn.Server(uvicorn.Config(door, log_config=None, server_header=False, lifespan="off"))
    asyncio.run_coroutine_threadsafe(server.serve([listening]), site.front_door().loop)
    until(lambda: server.started, "the slowed server's start")
    installation.doors.append(door)
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page of these tests is the slowed server's."""
    monkeypatch.setattr(site, "address", slow_address)


@pytest.fixture
def slow_team(empty: None, slow: None, chromium: Any) -> Iterator[Team]:
    team = Team(chromium)
    yield team
    expect(team.page.locator(".toast-body.error")).to_have_count(0)
    assert team.errors == []
    team.context.close()


def go(team: Team, path: str) -> Page:
    """Open a page and wait for nothing on it."""
    team.page.goto(f"{site.address()}/{path}", wait_until="domcontentloaded")
    return team.page


def tap(page: Page, selector: str, words: str) -> None:
    """Click into a field and type, as soon as the page takes it."""
    field = page.locator(f"{selector} :is(input, textarea)").first
    field.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(words)
