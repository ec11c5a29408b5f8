"""The socket that `rondo up` listens on."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from app.cli.serving import bind


def test_an_answer_is_sent_at_once_and_not_when_the_one_before_was_acknowledged() -> None:
    async def accepted() -> int:
        seen: asyncio.Queue[int] = asyncio.Queue()

        def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            own = writer.get_extra_info("socket")
            seen.put_nowait(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = bind("127.0.0.1", 0)
        async with await asyncio.start_server(connected, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()
            return await asyncio.wait_for(seen.get(), 5)

    # In a thread of its own: a browser test before this one may have left a loop in this one.
    with ThreadPoolExecutor() as aside:
        assert aside.submit(asyncio.run, accepted()).result() == 1
