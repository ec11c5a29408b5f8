"""The server that the tests of a process share: what is left of one test does not reach the next."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from backend.errors import NotSignedIn, TooManyAttempts
from backend.services.people import sessions
from tests.installation import point_at
from tests.integration.site import Door


def test_who_is_inside_when_a_test_ends_is_waited_for_and_nobody_comes_in_after() -> None:
    async def visit() -> None:
        may_answer, is_streaming = asyncio.Event(), asyncio.Event()

        async def application(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/stream":
                head = (b"content-type", b"text/event-stream; charset=utf-8")
                await send({"type": "http.response.start", "status": 200, "headers": [head]})
                is_streaming.set()
            await may_answer.wait()
            if scope["path"] != "/stream":
                await PlainTextResponse("found")(scope, receive, send)

        door = Door(application)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://test") as client:
            stream = asyncio.create_task(client.get("/stream"))
            await is_streaming.wait()
            assert door.inside == 0, "a page's stream lasts as long as the page"
            asked = asyncio.create_task(client.get("/"))
            while not door.inside:
                await asyncio.sleep(0)
            shutting = asyncio.create_task(asyncio.to_thread(door.shut))
            while door.is_open:
                await asyncio.sleep(0)
            assert (await client.get("/")).status_code == 503
            assert not shutting.done()
            may_answer.set()
            assert (await asked).text == "found"
            await shutting
            door.open()
            assert (await client.get("/")).text == "found"
            stream.cancel()

    # In a thread of its own: where a browser test ran before, this one has Playwright's loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, visit()).result()


def test_failures_of_one_installation_slow_nobody_down_in_the_next(
    database: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        sessions.sign_in("nobody", "wrong", address="10.0.0.1")

    for error in [NotSignedIn] * 5 + [TooManyAttempts]:
        with pytest.raises(error):
            fail()
    point_at(database, tmp_path / "data", monkeypatch)
    with pytest.raises(NotSignedIn):
        fail()
