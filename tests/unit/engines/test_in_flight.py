"""Requests of several threads at a time through one engine, and what ends them."""

import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.engines import _in_flight
from backend.engines._client import proxy_of
from backend.engines._probe import probe
from backend.errors import EngineError, MissingPrerequisite
from backend.values import Sampling
from tests.endpoint import Reply, Server, chat, choices, engine, refusal, serving
from tests.waiting import until

ONCE = Sampling(seed=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def test_threads_share_what_may_be_in_flight(server: Server) -> None:
    server.meeting = threading.Barrier(3)  # 24 requests, three of them under way at a time
    with engine(server, concurrency=3) as opened, ThreadPoolExecutor(4) as pool:
        calls = [[chat(f"{thread} {n}") for n in range(6)] for thread in range(4)]
        replies = list(pool.map(lambda prompts: opened.complete(prompts, ONCE), calls))
    assert server.most_in_flight == 3
    assert [[entry.text.split("/")[0] for (entry,) in some] for some in replies] == [
        [f"{thread} {n}" for n in range(6)] for thread in range(4)
    ]
    assert opened.take_usage().requests == 24


def test_a_call_that_fails_leaves_those_of_other_threads(server: Server) -> None:
    free = threading.Event()

    def answer(body: dict[str, Any]) -> Reply:
        if body["messages"][0]["content"] == "bad":
            return refusal(404, "no such model")
        return choices(body) if free.is_set() else (503, {}, {"error": {"message": "loading"}})

    server.answer = answer
    with engine(server, max_retries=10_000) as opened, ThreadPoolExecutor(1) as pool:
        other = pool.submit(opened.complete, [chat("other")], ONCE)
        until(lambda: len(server.bodies) >= 2, "the other call is tried again")
        with pytest.raises(EngineError, match="status 404"):
            opened.complete([chat("bad"), chat("waits")], ONCE)
        free.set()
        assert other.result()[0][0].text.startswith("other/")


@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_given_up_ends_and_what_was_sent_is_counted_unless_at_once(server: Server, at_once: bool) -> None:
    free = threading.Event()

    class Free:  # the script is read under the server's lock, the hold is not
        def wait(self, _seconds: float) -> None:
            assert free.wait(120)

    server.meeting = Free()  # type: ignore[assignment]
    with engine(server, concurrency=1) as opened, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(opened.complete, [chat("first"), chat("second")], ONCE)
        until(lambda: server.bodies, "the first request is sent")
        opened.give_up(at_once=at_once)
        if not at_once:
            free.set()
        with pytest.raises(EngineError, match="given up"):
            asked.result(120)
        free.set()
        with pytest.raises(EngineError, match="given up"):
            opened.complete([chat("third")], ONCE)
    assert len(server.bodies) == 1
    assert opened.take_usage().requests == (0 if at_once else 1)


def test_a_fork_of_the_process_that_opened_an_engine_is_told_so(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine(server) as opened:
        with monkeypatch.context() as fork:
            fork.setattr(_in_flight, "getpid", lambda: -1)
            with pytest.raises(EngineError, match="forked"):
                opened.complete([chat("a")], ONCE)
        assert opened.complete([chat("a")], ONCE)


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("no_proxies")
def test_proxies_are_those_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_of("https://host/v1") is None
    monkeypatch.setenv("https_proxy", "me:word@proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example,127.0.0.1")
    assert proxy_of("https://host/v1") == "http://me:word@proxy:3128"
    assert proxy_of("http://host/v1") is None
    assert proxy_of("https://a.inside.example:8000/v1") is None
    monkeypatch.setenv("all_proxy", "socks5://me:word@proxy:1080")
    assert proxy_of("http://127.0.0.1:8000/v1") is None
    with pytest.raises(MissingPrerequisite, match=r"a socks5 proxy for host.*HTTP_PROXY.*NO_PROXY") as caught:
        proxy_of("http://host/v1")
    assert "word" not in caught.value.message
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    assert proxy_of("http://[::1]:8000/v1") == "http://proxy:3128"
    for listed in ("::1", "[::1]", "[::1]:8000"):
        monkeypatch.setenv("no_proxy", listed)
        assert proxy_of("http://[::1]:8000/v1") is None


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://me:a%hush@{}", "the proxy answered with status 407"),
        ("http://me:a/hush@{}", "cannot be asked"),
        ("http://me:hush@no..host:1", "endpoint.invalid"),
    ],
)
def test_the_password_of_a_proxy_is_in_no_message_or_traceback(
    server: Server, monkeypatch: pytest.MonkeyPatch, proxy: str, reason: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy.format(server.url.removeprefix("http://").removesuffix("/v1")))
    with (
        engine(server, base_url="https://endpoint.invalid/v1", max_retries=0) as opened,
        pytest.raises(EngineError, match=reason) as caught,
    ):
        opened.complete([chat("a")], ONCE)
    lines = "".join(traceback.format_exception(caught.value))
    assert "hush" not in lines
    (line,) = probe(engine(server, base_url="https://endpoint.invalid/v1")).lines
    assert "hush" not in line.text


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".invalid"])
def test_an_address_that_no_request_can_be_sent_to_is_an_error_and_not_a_crash(
    monkeypatch: pytest.MonkeyPatch, server: Server, host: str
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    (line,) = probe(engine(server, base_url=f"http://{host}/v1")).lines
    assert host in line.text


def test_a_key_may_end_in_a_line_break_and_holds_none(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_TEST_API_KEY", "sk-secret\n")
    with engine(server, api_key_env="RONDO_TEST_API_KEY") as opened:
        opened.complete([chat("a")], ONCE)
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    monkeypatch.setenv("RONDO_TEST_API_KEY", "sk-secret\nsk-other")
    (line,) = probe(engine(server, api_key_env="RONDO_TEST_API_KEY")).lines
    assert "RONDO_TEST_API_KEY to the key alone" in line.text
    assert "sk-" not in line.text
