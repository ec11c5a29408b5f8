"""Connections that say nothing, or say it byte by byte: raw sockets against the real server."""

import json
import socket
import time

import httpx
import pytest

from app import connections, request_bodies
from tests.integration import site
from tests.waiting import PATIENCE


def connect() -> socket.socket:
    host, port = httpx.URL(site.address()).host, httpx.URL(site.address()).port
    connection = socket.create_connection((host, port or 80), timeout=PATIENCE)
    return connection


def until_closed(client: socket.socket) -> bytes:
    """What comes until the server closes; fails where it does not."""
    reply = b""
    while part := client.recv(65536):
        reply += part
    return reply


@pytest.fixture
def impatient(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads are waited for a moment."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.6)
    site.address()


@pytest.fixture
def impatient_of_bodies(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head has more time: what is looked at comes after it, and a busy machine sends it late."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 2.0)
    monkeypatch.setattr(request_bodies, "BODY_SECONDS", 0.6)
    site.address()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
class TestSlow:
    def test_a_connection_that_says_nothing_is_closed(self, impatient: None) -> None:
        with connect() as client:
            assert until_closed(client) == b""

    def test_a_head_that_trickles_is_closed_however_often_a_byte_comes(self, impatient: None) -> None:
        with connect() as client:
            started = time.monotonic()
            with pytest.raises(OSError):  # noqa: PT012  reset or broken pipe, whichever send meets it
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
                while time.monotonic() - started < PATIENCE:
                    client.sendall(b"X-A: b\r\n")
                    time.sleep(0.05)

    def test_a_second_head_that_trickles_is_closed_too(self, impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "HEAD_SECONDS", 2.0)  # the first one has to come in time
        with connect() as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" in client.recv(65536)
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
            until_closed(client)

    def test_a_body_that_does_not_come_is_answered_and_closed(self, impatient_of_bodies: None) -> None:
        head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        with connect() as client:
            client.sendall(head + b"Content-Length: 5000\r\n\r\nname=ow")
            content = until_closed(client)
        assert b" 408 " in content.split(b"\r\n")[0]
        assert b"did not come in time" in content

    def test_an_upload_without_a_session_is_refused_and_its_rest_is_not_waited_for(
        self, impatient_of_bodies: None
    ) -> None:
        with connect() as client:
            client.sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nabc")
            assert b" 401 " in client.recv(65536).split(b"\r\n")[0]
            with pytest.raises(OSError):  # noqa: PT012
                for _ in range(int(20 * PATIENCE)):
                    client.sendall(b"x")
                    time.sleep(0.05)

    def test_a_body_that_keeps_coming_is_taken_however_long_it_takes(
        self, impatient_of_bodies: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_bodies, "BODY_SECONDS", 1.2)
        monkeypatch.setattr(request_bodies, "SLOWEST", 100)
        body = b"name=x&password=" + b"y" * 984
        head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        with connect() as client:
            client.sendall(head + b"Content-Length: 1000\r\n\r\n")
            for start in range(0, 1000, 100):
                client.sendall(body[start : start + 100])
                time.sleep(0.15)
            assert b" 401 " in client.recv(65536).split(b"\r\n")[0]

    def test_a_head_without_end_is_refused(self, database: str) -> None:
        with connect() as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * (connections.LARGEST_HEAD + 1000))
            assert b" 400 " in until_closed(client).split(b"\r\n")[0]

    def test_an_address_longer_than_any_head_is_refused_in_words_that_arrive(self, database: str) -> None:
        for _ in range(3):
            with connect() as client:
                client.sendall(b"GET /healthz?q=" + b"x" * 2_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
                content = until_closed(client)
            assert b" 400 " in content.split(b"\r\n")[0]
            assert json.loads(content.split(b"\r\n\r\n")[1])["error"]["message"] == connections.UNREADABLE

    def test_two_hundred_that_say_nothing_keep_nobody_else_waiting(
        self, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "HEAD_SECONDS", 10 * PATIENCE)
        idle = [connect() for _ in range(200)]
        try:
            with site.visitor() as client:
                assert client.get("/healthz").text == "ok", "while all of them are waited for"
        finally:
            for entry in idle:
                entry.close()


def test_the_kernel_is_told_to_notice_who_is_gone() -> None:
    with socket.socket() as listening:
        connections.watch(listening)
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * connections.GONE_SECONDS
