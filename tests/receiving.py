"""A server on this machine that webhooks are posted to, for tests."""

import re
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress


def _read(connection: socket.socket) -> bytes:
    """A whole request: its head, and as much as that says is to come. What is left unread would break the answer off."""
    got = b""
    while part := connection.recv(65536):
        got += part
        head, end, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if end and len(body) >= int(length[1] if length else 0):
            break
    return got


def _send(connection: socket.socket, answer: bytes, *, drips: bool) -> None:
    for byte in answer if drips else ():
        connection.sendall(bytes([byte]))
        time.sleep(0.05)
    connection.sendall(b"" if drips else answer)


@contextmanager
def receiver(answer: bytes | None, *, drips: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """The address of a server that answers each request so, byte by byte, or never; and the requests that came."""
    asked: list[bytes] = []
    kept: list[socket.socket] = []

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError):
                asked.append(_read(connection))
                if answer is None:
                    kept.append(connection)
                    continue
                _send(connection, answer, drips=drips)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook", asked
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for entry in kept:
                entry.close()


def delivered(asked: Collection[bytes]) -> set[str]:
    """The ids of the deliveries that these requests brought; what is tried again comes under the same."""
    return {content.decode().partition("Rondo-Delivery: ")[2].partition("\r\n")[0] for content in asked}
