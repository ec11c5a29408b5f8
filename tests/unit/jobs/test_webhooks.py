"""Which addresses a webhook may have, how it is signed, and how long it is waited for."""

import hashlib
import hmac
import socket
import time
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from backend.config import reread
from backend.errors import InvalidInput
from backend.jobs import webhooks
from backend.jobs.deliveries import Claimed, Outcome, pause
from tests.event_loops import run_alone
from tests.receiving import receiver


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("RONDO_PRIVATE_WEBHOOKS", raising=False)
    reread()
    return monkeypatch


@pytest.fixture(autouse=True)
def anew() -> object:
    yield
    reread()


def claimed(url: str) -> Claimed:
    return Claimed(1, "abc", 1, 7, None, {"kind": "test", "text": "über"}, url, "salt")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org",
        "example.org",
        "https://",
        "https://a b.org",
        "https://me:secret@example.org",
        "http://127.0.0.1/x",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localhost:80",
        "http://a.localhost./",
        "http://10.1.2.3",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[fe80::1%25eth0]/",
        "http://0.0.0.0/",
        "http://127。0。0。1:9/",
        "http://①②⑦.⓪.⓪.①/",
        "http://１６９.254.169.254/",
        "http://127%2e0.0.1/",
        "http://LOCALHOST/",
        "http://x:99999/",
    ],
)
def test_an_address_that_is_none_or_private_is_refused(folder: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(InvalidInput):
        webhooks.check(url)


def test_a_public_address_is_taken_and_a_private_one_where_the_settings_say_so(folder: pytest.MonkeyPatch) -> None:
    webhooks.check("https://example.org:8443/rondo?key=1")
    webhooks.check("http://93.184.215.14/")
    assert not webhooks.is_kept_out(ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"))
    folder.setenv("RONDO_PRIVATE_WEBHOOKS", "true")
    reread()
    webhooks.check("http://127.0.0.1:9000/x")


def test_a_signature_is_the_hmac_of_timestamp_and_body() -> None:
    expected = hmac.new(b"secret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert webhooks.signature("secret", "1700000000", b'{"a":1}') == f"v1={expected}"


def test_pauses_grow_up_to_an_hour() -> None:
    assert [pause(n) / timedelta(seconds=1) for n in (1, 2, 3, 4, 5, 6, 7, 50)] == [
        10,
        30,
        90,
        270,
        810,
        2430,
        3600,
        3600,
    ]


def test_what_is_sent_is_signed_with_the_secret_that_the_owner_was_told(folder: pytest.MonkeyPatch) -> None:
    folder.setenv("RONDO_PRIVATE_WEBHOOKS", "true")
    reread()
    with receiver(b"HTTP/1.1 204 No Content\r\n\r\n") as (url, asked):
        assert run_alone(webhooks.post(claimed(url))) == Outcome(204)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    stamp = headers["Rondo-Timestamp"]
    assert abs(int(stamp) - time.time()) < 600
    assert headers["Rondo-Delivery"] == "abc"
    assert headers["Rondo-Signature"] == webhooks.signature(webhooks.secret_of(7, "salt"), stamp, body)
    assert webhooks.secret_of(7, "salt") != webhooks.secret_of(8, "salt")


def test_a_server_that_drips_bytes_is_given_up_in_time(folder: pytest.MonkeyPatch) -> None:
    folder.setenv("RONDO_PRIVATE_WEBHOOKS", "true")
    reread()
    with receiver(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100_000, drips=True) as (url, _):
        outcome = run_alone(webhooks.post(claimed(url), seconds=0.5))
    assert outcome == Outcome(error="No answer came within 0.5 seconds.")


def test_a_redirect_is_not_followed_and_a_private_address_is_not_asked(folder: pytest.MonkeyPatch) -> None:
    with receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (there, asked):
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n"
        with receiver(moved.encode()) as (url, _):
            assert "private network" in run_alone(webhooks.post(claimed(url))).error
            folder.setenv("RONDO_PRIVATE_WEBHOOKS", "true")
            reread()
            outcome = run_alone(webhooks.post(claimed(url)))
        assert (outcome.status, "redirects are not followed" in outcome.error) == (307, True)
    assert asked == []


def test_a_socket_to_a_private_address_is_never_made(folder: pytest.MonkeyPatch) -> None:
    """Whatever the check of the text let through: the address that is connected to is looked at again."""
    folder.setattr(webhooks, "check", lambda url: None)
    with receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (there, asked):
        for host in ("127.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①"):
            assert "private network" in run_alone(webhooks.post(claimed(there.replace("127.0.0.1", host)))).error
    assert asked == []


def test_a_name_that_stands_for_a_private_address_is_refused_when_it_is_sent(folder: pytest.MonkeyPatch) -> None:
    """The name was checked as text when it was saved; what it stands for may have changed since."""
    real = socket.getaddrinfo

    def looked_up(host: str, *more: object, **named: object) -> object:
        return real("127.0.0.1" if host == "rebound.example" else host, *more, **named)  # type: ignore[arg-type]

    folder.setattr(socket, "getaddrinfo", looked_up)
    webhooks.check("http://rebound.example:1/")
    assert "private network" in run_alone(webhooks.post(claimed("http://rebound.example:1/"))).error
