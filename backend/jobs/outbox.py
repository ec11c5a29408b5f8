"""A worker's thread that sends what waits in the rows of deliveries; a receiver that hangs holds nobody else up."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from backend.jobs import deliveries, mails, webhooks
from backend.jobs.deliveries import Claimed, Outcome

log = logging.getLogger("rondo.jobs")

LOOK_SECONDS = 3.0
MOST_AT_ONCE = 16
HOUSEKEEPING = 1200
"""Looks between two times at which what is long over is deleted: an hour."""

Send = Callable[[Claimed], Awaitable[Outcome]]


async def send(claimed: Claimed) -> Outcome:
    """Try a delivery once."""
    if claimed.user_id is not None:
        return await asyncio.to_thread(mails.send, claimed)
    return await webhooks.post(claimed)


class Outbox:
    """Looks for what is due and sends it, until it is stopped. One of a receiver at a time."""

    def __init__(self, *, send: Send = send, look_seconds: float = LOOK_SECONDS) -> None:
        self._send, self._look_seconds = send, look_seconds
        self._thread = threading.Thread(target=self._run, name="rondo-outbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = threading.Event()
        self._wake: asyncio.Event | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is under way is broken off, and tried again by another worker, or by this one's next process."""
        self._stopped.set()
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(wake.set)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._work())

    async def _work(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        under_way: dict[tuple[int | None, int | None], asyncio.Task[None]] = {}
        looks = 0
        while not self._stopped.is_set():
            self._wake.clear()
            under_way = {receiver: task for receiver, task in under_way.items() if not task.done()}
            try:
                if room := MOST_AT_ONCE - len(under_way):
                    for one in await asyncio.to_thread(deliveries.claim, set(under_way), most=room):
                        under_way[one.receiver] = asyncio.create_task(self._try(one))
                if looks % HOUSEKEEPING == 0:
                    await asyncio.to_thread(deliveries.forget)
            except SQLAlchemyError:
                log.warning("The database did not answer; what is to be sent waits.", exc_info=True)
            looks += 1
            if not self._stopped.is_set():
                await self._rest()
        for task in under_way.values():
            task.cancel()
        await asyncio.gather(*under_way.values(), return_exceptions=True)

    async def _rest(self) -> None:
        assert self._wake is not None
        try:
            await asyncio.wait_for(self._wake.wait(), self._look_seconds)
        except TimeoutError:
            return

    async def _try(self, one: Claimed) -> None:
        outcome = await self._send(one)
        try:
            await asyncio.to_thread(deliveries.record, one, outcome)
        except SQLAlchemyError:
            log.warning("What came of delivery %s could not be written; it is sent again.", one.uid, exc_info=True)
        assert self._wake is not None
        self._wake.set()  # the next one of this receiver may be due
