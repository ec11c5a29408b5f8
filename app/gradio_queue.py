"""Gradio's queue of events, without a loop that looks a thousand times a second whether one has come.

With nobody there that is 3 % of a core, and the loop for progress, which Rondo's pages do not show, another 1 %. Gradio
6.31 has a setting for neither.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

from gradio.queueing import Queue
from gradio.utils import run_coro_in_background, set_task_name

PROGRESS_SECONDS = 1.0

_push, _close = Queue.push, Queue.close
COPIED = Queue.start_processing
"""What `_process` and `_begin` are a copy of: a test knows its source, and fails where Gradio changes it."""


def install(queue: Queue) -> None:
    """From now on this queue waits for events. Before it is started; may be repeated."""
    Queue.push = _announced  # type: ignore[method-assign]
    Queue.close = _closed  # type: ignore[method-assign]
    Queue.start_processing = _process  # type: ignore[method-assign]
    queue.progress_update_sleep_when_free = PROGRESS_SECONDS


async def _announced(self: Any, *args: Any, **more: Any) -> Any:
    told = await _push(self, *args, **more)
    if (arrived := getattr(self, "rondo_arrived", None)) is not None:
        arrived.set()
    return told


def _closed(self: Any) -> None:
    """Also from another thread."""
    _close(self)  # type: ignore[no-untyped-call]
    if (arrived := getattr(self, "rondo_arrived", None)) is not None:
        with suppress(RuntimeError):  # its loop has ended, and what waited there too
            self.rondo_loop.call_soon_threadsafe(arrived.set)


async def _process(self: Any) -> None:
    """Gradio's `Queue.start_processing`, which sleeps for a millisecond where this waits for an event."""
    self.rondo_loop = asyncio.get_running_loop()
    self.rondo_arrived = arrived = asyncio.Event()
    try:
        while not self.stopped:
            if len(self) == 0:
                arrived.clear()
                await arrived.wait()
                continue
            if None not in self.active_jobs:
                await asyncio.sleep(self.sleep_when_free)
                continue
            async with self.delete_lock:
                events = self.get_events()
            if events:
                _begin(self, *events)
            else:
                await asyncio.sleep(self.sleep_when_free)
    finally:
        self.stopped = True
        self._cancel_asyncio_tasks()


def _begin(self: Any, events: list[Any], batch: bool, concurrency_id: str) -> None:
    self.active_jobs[self.active_jobs.index(None)] = events
    event_queue = self.event_queue_per_concurrency_id[concurrency_id]
    event_queue.current_concurrency += 1
    started, function = time.time(), events[0].fn
    event_queue.start_times_per_fn[function].add(started)
    for event in events:
        if (analytics := self.event_analytics.get(event._id)) is not None:
            analytics["status"] = "processing"
    task = run_coro_in_background(self.process_events, events, batch, started, function)
    set_task_name(task, events[0].session_hash, function._id, events[0]._id, batch)
    self._asyncio_tasks.add(task)
    task.add_done_callback(self._asyncio_tasks.discard)
    if self.live_updates:
        self.broadcast_estimations(concurrency_id)
