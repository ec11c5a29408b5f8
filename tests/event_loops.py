"""Where Gradio's pages are built, and coroutines that tests run."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_event_loop(build: Callable[P, T]) -> Callable[P, T]:
    """Run the function inside an event loop. Outside of one, Gradio makes loops for each page and closes none."""

    @wraps(build)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        async def built() -> T:
            return build(*args, **kwargs)

        try:
            asyncio.get_running_loop()  # Playwright's, where browser tests ran before
        except RuntimeError:
            return asyncio.run(built())
        return build(*args, **kwargs)

    return run


def run_alone(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: where browser tests ran before, Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(contextvars.copy_context().run, asyncio.run, work).result()
