"""The socket that `rondo up` listens on."""

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.cli import serving
from app.cli.serving import bind
from backend.config import Settings


def test_an_answer_is_sent_at_once_and_not_when_the_one_before_was_acknowledged() -> None:
    async def accepted() -> int:
        queue: asyncio.Queue[int] = asyncio.Queue()

        def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            own = writer.get_extra_info("socket")
            queue.put_nowait(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = bind("127.0.0.1", 0)
        async with await asyncio.start_server(connected, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()
            return await asyncio.wait_for(queue.get(), 60)

    # In a thread of its own: a browser test before this one may have left a loop in this one.
    with ThreadPoolExecutor() as aside:
        assert aside.submit(asyncio.run, accepted()).result() == 1


def test_a_busy_port_that_nobody_asked_for_is_left_to_the_other_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(serving, "settings", lambda: Settings.model_construct({"host"}, port=port))
        with bind("127.0.0.1", None) as moved:
            own = moved.getsockname()[1]
    assert own > port
    err = capsys.readouterr().err
    assert f"Port {port} " in err
    assert f"this one takes {own}." in err


def test_garbage_is_left_lying_while_pages_are_made_and_collected_from_then_on(tmp_path: Path) -> None:
    code = """
import gc
from app import web
from app.cli import serving
make, seen, openings = web.open_app, [], []

def opened(**wish):
    app, opening = make(**wish)
    openings.append(opening)
    return app, opening

def run(self, sockets):
    opening, = openings
    seen.append(gc.isenabled())
    opening.making.begin()
    opening.making.complete(lambda: False)
    seen.append(gc.isenabled())
    opening.when_whole()
    seen.append(gc.isenabled())
    opening.rest.when_tried()
    seen.append(gc.isenabled())

web.open_app, serving.AnnouncedServer.run = opened, run
serving.serve(serving.ServeOptions("127.0.0.1", 0, False, False, False))
assert seen == [False, False, True, True] and gc.get_freeze_count() > 100_000, (seen, gc.get_freeze_count())
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"RONDO_DATA_DIR": str(tmp_path)})
