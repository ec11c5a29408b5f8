"""`rondo up`: find a port, serve, print one address, and stop everything on Ctrl-C."""

import asyncio
import contextlib
import ctypes
import errno
import gc
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app import connections
from app.cli.output import emit, say
from backend import log
from backend.config import settings
from backend.db import dispose
from backend.errors import Conflict, InvalidInput
from backend.services import installation
from backend.services.people import accounts

PORTS_TO_TRY = 20
M_ARENA_MAX = -8
"""As malloc.h has it."""
STOP_SECONDS, LEAVE_SECONDS = 2, 1
"""How long requests under way may take when the server ends, and how long what answers them may take to end after
that. Event streams of open pages, which never end, are not waited for."""


@dataclass(frozen=True)
class ServeOptions:
    """What was asked for on the command line; None means the setting."""

    host: str | None
    port: int | None
    with_worker: bool
    opens_browser: bool
    as_json: bool


class AnnouncedServer(uvicorn.Server):
    """Says where it is once it really answers. `when_ending` is called before it waits for requests under way."""

    def __init__(self, config: uvicorn.Config, wish: ServeOptions, address: str) -> None:
        super().__init__(config)
        config.app = self._quietly(config.app)
        self.wish, self.address, self.is_announced = wish, address, False
        self.when_ending: Callable[[], None] = lambda: None

    def end(self) -> None:
        """Answer nothing new, and end."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            announce(self.wish, self.address)
            self.is_announced = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End once: a second Ctrl-C would break off what is waited for, and ends nothing sooner."""
        if not self.should_exit:
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.when_ending()
        self._leave(lambda connection: connection.is_event_stream)
        loop = asyncio.get_running_loop()
        late = (
            loop.call_later(STOP_SECONDS, self._leave, lambda connection: True),
            loop.call_later(STOP_SECONDS + LEAVE_SECONDS, self._cancel),
        )
        await super().shutdown(sockets)
        for call in late:
            call.cancel()
        dispose()  # here: SIGTERM ends the process as soon as this returned

    def _leave(self, is_left: Callable[[connections.Connection], bool]) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, connections.Connection) and is_left(connection):
                connection.leave()

    def _cancel(self) -> None:
        """Wait no longer for what answers, such as a thread that is at work: nobody is there to be answered."""
        for task in self.server_state.tasks:
            task.cancel()

    def _quietly(self, app: Any) -> ASGIApp:
        """The application, of which no task that is cancelled as the server ends is an error that uvicorn writes."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                if scope["type"] != "http" or not self.should_exit:
                    raise

        return answer


def serve(wish: ServeOptions, *, is_prepared: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; raises what keeps the pages from being made.

    Where the address was printed, it raises `SystemExit` instead: the result of the command is on stdout already.
    """
    log.setup()
    _share_one_arena()
    with bind(wish.host or settings().host, wish.port) as listening:  # before anything is made in the data folder
        if not is_prepared:
            installation.prepare()
        installation.warn_of_place()
        _serve_at(listening, wish)


def _serve_at(listening: socket.socket, wish: ServeOptions) -> None:
    """Make the application and let it answer."""
    gc.disable()  # nearly all that is made from here on stays: looking through it again and again is a tenth of a start
    from app.web import open_app

    host, port = listening.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    connections.allow_files()
    app, opening = open_app(with_worker=wish.with_worker)
    most = 2 * (STOP_SECONDS + LEAVE_SECONDS)
    server = AnnouncedServer(connections.configuration(app, timeout_graceful_shutdown=most), wish, address)
    opening.when_whole, opening.when_failed, opening.rest.when_tried = _collect_again, server.end, keep_what_stands
    server.when_ending = opening.close
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    gc.enable()
    if opening.failure is not None:
        if not server.is_announced:
            raise opening.failure
        sys.exit(f"Rondo cannot go on, see the log above: {opening.failure}")


def _collect_again() -> None:
    """Collect what comes from now on. Nobody who waits for a page waits while all that was made is looked through."""
    gc.freeze()
    gc.enable()


def keep_what_stands() -> None:
    """What stands now stands to the end: it is neither looked through again nor taken apart on Ctrl-C."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _share_one_arena() -> None:
    """Let all threads take memory from one place (glibc, mallopt(3)): each of many that make pages kept its rest."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def bind(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens. A port that was asked for is taken or refused; the default may move up."""
    first = port if port is not None else settings().port
    is_asked = port is not None or "port" in settings().model_fields_set
    for candidate in [first] if is_asked else range(first, first + PORTS_TO_TRY):
        with contextlib.suppress(Conflict):
            listening = _listen(host, candidate)
            if candidate != first:
                used = f"{first} is" if candidate == first + 1 else f"{first} to {candidate - 1} are"
                say(f"Port {used} in use, perhaps by another Rondo; this one takes {candidate}.")
            return listening
    if is_asked:
        raise Conflict(
            f"Port {first} of {host} is in use. Stop what uses it, or choose another: --port {first + 1}, or "
            f"RONDO_PORT={first + 1}."
        )
    raise Conflict(f"Ports {first} to {first + PORTS_TO_TRY - 1} of {host} are all in use. Choose one with --port.")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Asyncio sends small packets at once only where the socket names TCP; without it, each answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    connections.watch(listening)
    try:
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict() from error
        raise InvalidInput(f"Cannot listen on {host}:{port}: {error.strerror}. Choose --host and --port.") from error
    listening.set_inheritable(False)
    return listening


def announce(wish: ServeOptions, address: str) -> None:
    """Print the one address: a link that signs this machine's owner in once."""
    (settings().folder / "address").write_text(address)
    owner = accounts.local_owner()
    link = f"{address}/login/link/{accounts.one_time_link(owner, owner.user_id, ends_others=False)}"
    emit(
        {
            "address": address,
            "link": link,
            "user": owner.name,
            "data_dir": str(settings().folder),
            "process_id": os.getpid(),
        },
        as_json=wish.as_json,
        text=f"\n  Rondo answers at {link}\n  The link works once, for 15 minutes or until another one is used "
        "or asked for. Ctrl-C stops everything.\n",
    )
    if not wish.with_worker:
        say("No worker runs here. Start one beside it: rondo worker")
    if wish.opens_browser:
        import webbrowser

        webbrowser.open(link)
