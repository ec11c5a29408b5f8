"""Writing one batch while the model makes the next."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self

P = ParamSpec("P")


class WriteBehind:
    """One writer thread, one write ahead of it: batches are written in order, and an error stops the stage.

    A fast model would otherwise wait for the database a sixth of its time. A batch still is one transaction, so what a
    crash can lose is one batch that was made but not written, and a rerun makes it again.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rondo-writer")
        self._last: Future[None] | None = None

    def __call__(self, write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Wait for the write before, raise what it raised, and start this one."""
        self.wait()
        self._last = self._pool.submit(write, *args, **kwargs)

    def wait(self) -> None:
        """Return when everything is written; raises what the last write raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._pool.shutdown(wait=True)
