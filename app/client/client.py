"""The client: one address, one token, a method for each route, and waiting for a round."""

import os
import time
from types import TracebackType

from .connection import Connection
from .routes import Routes
from .shapes import RoundView

POLL_SECONDS = 1.0


class Rondo(Routes):
    """A Rondo at an address, with the rights of a token; by default those of RONDO_URL and RONDO_TOKEN."""

    def __init__(self, url: str = "", token: str = "", *, timeout: float = 120.0) -> None:
        self.url = url or os.environ.get("RONDO_URL", "http://127.0.0.1:7860")
        self.connection = Connection(self.url, token or os.environ.get("RONDO_TOKEN", ""), timeout=timeout)
        super().__init__(self.connection)

    def wait(self, round_id: int, *, timeout: float | None = None) -> RoundView:
        """Return the round once it no longer runs: its status is review, held, done, failed or cancelled.

        Raises `TimeoutError` after `timeout` seconds.
        """
        started = time.monotonic()
        while (round_ := self.rounds.get_round(round_id))["status"] == "running":
            if timeout is not None and time.monotonic() - started > timeout:
                raise TimeoutError(f"Round {round_['number']} is still in stage {round_['stage']}.")
            time.sleep(POLL_SECONDS)
        return round_

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> "Rondo":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
