"""The requests that a stage of this process sends to a server, and when: what it does before, between and after."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class NotedRequests:
    """The address and the key of the server, what was sent to it, and by `time.perf_counter` from when to when."""

    def __init__(self) -> None:
        self.url, self.key = "", ""
        self.bodies: list[dict[str, Any]] = []
        self.began = time.perf_counter()
        self.first = self.last = 0.0
        """The first request's start and the last reply's end."""

    @property
    def seconds(self) -> float:
        """From the first request to the last reply."""
        return self.last - self.first

    def around(self, ended: float) -> tuple[float, float]:
        """Seconds before the first request, and after the last reply."""
        return self.first - self.began, ended - self.last


@contextmanager
def noting() -> Iterator[NotedRequests]:
    """Note each request of this process to an endpoint, in order; it is sent as ever."""
    from backend.engines._http import EndpointClient

    noted, post = NotedRequests(), EndpointClient.post

    async def post_noted(client: Any, body: Any, *rest: Any, **named: Any) -> Any:
        if not noted.bodies:
            noted.url, noted.key, noted.first = client.url, client._key, time.perf_counter()
        noted.bodies.append(body)
        reply = await post(client, body, *rest, **named)
        noted.last = time.perf_counter()
        return reply

    EndpointClient.post = post_noted  # type: ignore[method-assign]
    try:
        yield noted
    finally:
        EndpointClient.post = post  # type: ignore[method-assign]
