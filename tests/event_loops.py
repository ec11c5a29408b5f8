"""Where Gradio's pages are built."""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

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
