"""How a connection is kept, so that one that says nothing, or says it very slowly, does not stay for ever.

uvicorn bounds how long a connection may rest between two requests, and nothing before the first or within a head.
"""

import asyncio
import contextlib
import json
import resource
import socket
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 1000
"""Connections and requests at a time; who comes beyond gets 503. A page that is shown keeps one open."""
FILES = 4096
LARGEST_HEAD = 64 * 1024
REST_SECONDS = 30
"""Between two requests of one connection."""
HEAD_SECONDS = 20.0
"""From a connection's start, or a head's first byte, to its last."""
LAST_SECONDS, LAST_BYTES = 2.0, 8 * 1024 * 1024
"""For how long, and how much, is read of what is refused unread."""
UNREADABLE = (
    f"This is no HTTP request that can be read, or its address and headers are larger than {LARGEST_HEAD // 1024} kB. "
    "Shorten the address, or send what it holds in a body."
)
EVENTS = b"text/event-stream"
GONE_SECONDS = 300
"""How long somebody may take nothing of what is sent to them, or not answer at all."""


class Connection(H11Protocol):
    """uvicorn's own, with a clock that runs while no request is being answered."""

    _clock: asyncio.TimerHandle | None = None
    _thrown_away: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wind()

    def data_received(self, data: bytes) -> None:
        if self._thrown_away is not None:
            self._thrown_away += len(data)
            if self._thrown_away > LAST_BYTES:
                self.transport.close()
            return
        super().data_received(data)
        if self._is_answering():
            self._stop()
        elif self._clock is None:
            self._wind()

    def send_400_response(self, msg: str) -> None:
        """Answer in the shape of every error, and close once the rest has come.

        A connection that is closed with bytes unread is reset, and whoever is still sending loses the answer.
        """
        self._stop()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"error": {"type": "InvalidInput", "message": UNREADABLE}}).encode()
            headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
            for event in (
                h11.Response(status_code=400, headers=[*headers.items()], reason=b"Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self._thrown_away = 0
        self._clock = self.loop.call_later(LAST_SECONDS, self.transport.close)

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def leave(self) -> None:
        """Close. What still answers is told that the other side has gone, and ends as if a page had been closed."""
        self.transport.close()

    @property
    def is_event_stream(self) -> bool:
        """Whether what is answered now goes on until the other side leaves: a page that is shown holds such a one.

        Agents say of each of their POSTs that they take event streams, too, and are answered once.
        """
        if not self._is_answering() or self.cycle.scope["method"] != "GET":
            return False
        return any(name == b"accept" and EVENTS in value for name, value in self.cycle.scope["headers"])

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wind(self) -> None:
        if not self._is_answering() and not self.transport.is_closing():
            self._clock = self.loop.call_later(HEAD_SECONDS, self._close)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _close(self) -> None:
        self._clock = None
        if not self._is_answering() and not self.transport.is_closing():
            with contextlib.suppress(h11.LocalProtocolError):
                self.conn.send(h11.ConnectionClosed())
            self.transport.close()


def configuration(application: Any, **more: Any) -> uvicorn.Config:
    """How the application is served, here and in tests."""
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        # Read in app/proxies.py, which asks the settings whom to believe.
        proxy_headers=False,
        limit_concurrency=MOST,
        timeout_keep_alive=REST_SECONDS,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        **more,
    )


def watch(listening: socket.socket) -> None:
    """Let the kernel end what comes in by this socket once the other side is gone, or takes nothing any more."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Linux's names; elsewhere the system's own, longer, times hold.
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 20),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", GONE_SECONDS * 1000),
    ):
        if hasattr(socket, option):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def allow_files() -> None:
    """Let the process open as many files as connections need: 1024 is the usual limit, and any program may raise it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
