"""The few threads in which items are claimed and decisions written.

A thread builds its statements once (backend/db/built.py), which takes longer than many decisions, and a thread that
rests for a while ends where all requests share them. Python runs one thread at a time: with more of them each waits
longer, and holds what others wait for meanwhile.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
claims = ThreadPoolExecutor(6, "claims")
"""Claims of a round follow one another on PostgreSQL: more of them at once would find the same items, and wait."""
decisions = ThreadPoolExecutor(14, "decisions")
"""With `claims` as many as connect to PostgreSQL at a time, for which most wait. No decision waits for claims."""


async def run(threads: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the call returns, or raise what it raises; who comes first is served first."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: context.run(call, *args, **kwargs))
