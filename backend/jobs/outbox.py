"""A worker's thread that sends what waits in the rows of deliveries; a receiver that hangs holds nobody else up."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from backend.config import settings
from backend.errors import RondoError
from backend.jobs import deliveries, mails, webhooks
from backend.jobs.deliveries import Claimed, Outcome

log = logging.getLogger("rondo.jobs")

LOOK_SECONDS = 3.0
MOST_AT_ONCE = 16
MAILS_AT_ONCE = 4
"""They all go to one server: where that hangs, webhooks are still sent."""
HOUSEKEEPING_SECONDS = 3600.0
"""Between two times at which what is long over is deleted: then a little at a time, as long as anything is left."""

Send = Callable[[Claimed], Awaitable[Outcome]]


async def try_once(mailing: ThreadPoolExecutor, claimed: Claimed) -> Outcome:
    """Try a delivery once; a mail in a thread of that pool."""
    if claimed.user_id is not None:
        return await asyncio.get_running_loop().run_in_executor(mailing, mails.send, claimed)
    return await webhooks.post(claimed)


class Outbox:
    """Looks for what is due and sends it, until it is stopped. One of a receiver at a time."""

    def __init__(self, *, send: Send | None = None, look_seconds: float = LOOK_SECONDS) -> None:
        # Pools of their own: a look-up of a name, or a mail, that hangs keeps no outcome from being written.
        self._mailing = ThreadPoolExecutor(MAILS_AT_ONCE, "rondo-mail")
        self._rows = ThreadPoolExecutor(2, "rondo-deliveries")
        self._send, self._look_seconds = send or partial(try_once, self._mailing), look_seconds
        self._thread = threading.Thread(target=self._run, name="rondo-outbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = threading.Event()
        self._wake: asyncio.Event | None = None
        self._tidy_at = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is under way is broken off, and tried again by another worker, or by this one's next process."""
        self._stopped.set()
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(wake.set)
        mails.break_off()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._work())
        finally:
            for pool in (self._mailing, self._rows):
                pool.shutdown(wait=False, cancel_futures=True)

    async def _in_rows(self, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._rows, partial(call, *args, **named))

    async def _work(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        under_way: dict[tuple[int | None, int | None], asyncio.Task[None]] = {}
        while not self._stopped.is_set():
            self._wake.clear()
            for receiver in [receiver for receiver, task in under_way.items() if task.done()]:
                del under_way[receiver]
            # As a value: an error that nobody thought of ends the thread no more than one of the database does.
            [came] = await asyncio.gather(self._look(under_way), return_exceptions=True)
            if isinstance(came, asyncio.CancelledError):
                raise came
            if isinstance(came, SQLAlchemyError | RondoError):
                log.warning("The database did not answer; what is to be sent waits.", exc_info=came)
            elif isinstance(came, BaseException):
                log.error("A look for what is to be sent failed; it is done again.", exc_info=came)
            if not self._stopped.is_set():
                await self._rest()
        for task in under_way.values():
            task.cancel()
        await asyncio.gather(*under_way.values(), return_exceptions=True)

    async def _look(self, under_way: dict[tuple[int | None, int | None], asyncio.Task[None]]) -> None:
        """Begin what is due, and delete some of what is long over where it is time to."""
        if room := MOST_AT_ONCE - len(under_way):
            mailing = sum(user_id is not None for _, user_id in under_way)
            mails_left = MAILS_AT_ONCE - mailing if settings().smtp_host else 0
            for delivery in await self._in_rows(deliveries.claim, set(under_way), most=room, mails=mails_left):
                under_way[delivery.receiver] = asyncio.create_task(self._try(delivery))
        if time.monotonic() >= self._tidy_at and not self._stopped.is_set():
            gone = await self._in_rows(deliveries.forget)
            self._tidy_at = time.monotonic() + (self._look_seconds if gone else HOUSEKEEPING_SECONDS)

    async def _rest(self) -> None:
        assert self._wake is not None
        try:
            await asyncio.wait_for(self._wake.wait(), self._look_seconds)
        except TimeoutError:
            return

    async def _try(self, delivery: Claimed) -> None:
        # As a value: an error that nobody thought of is written down, too, or it would be tried each minute for ever.
        [came] = await asyncio.gather(self._send(delivery), return_exceptions=True)
        if isinstance(came, asyncio.CancelledError):
            raise came
        if isinstance(came, BaseException):
            log.error("Delivery %s could not be sent.", delivery.uid, exc_info=came)
            came = Outcome(error=f"It could not be sent ({type(came).__name__}). The log of the worker says more.")
        outcome = came
        try:
            await self._in_rows(deliveries.record, delivery, outcome)
        except (SQLAlchemyError, RondoError):
            log.warning("What came of delivery %s could not be written; it is sent again.", delivery.uid, exc_info=True)
        assert self._wake is not None
        self._wake.set()  # the next one of this receiver may be due
