"""The engine against a real server on the loopback that behaves as badly as told."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from tenacity import RetryCallState, Retrying

from backend.engines import Engine
from backend.engines._http import EndpointClient, RetryRequest
from backend.engines.openai import FIRST, OpenAI
from backend.errors import EngineError, MissingPrerequisite
from backend.values import Completion, Failure, FailureKind, Sampling
from tests.endpoint import Reply, Server, chat, choices, complete, engine, refusal, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def failure(completion: Completion) -> Failure:
    assert completion.failure is not None
    assert (completion.text, completion.finish_reason) == ("", "error")
    return completion.failure


def test_returns_completions_in_order_with_logprobs(server: Server):
    server.delay = 0.01
    results = complete(server, [chat(f"p{i}") for i in range(40)], Sampling(n=2, seed=1, max_tokens=9, stop=("x",)))
    assert [[c.text.split("/")[0::2] for c in group] for group in results] == [
        [[f"p{i}", "0"], [f"p{i}", "1"]] for i in range(40)
    ]
    assert {(c.logprob, c.num_tokens, c.finish_reason) for group in results for c in group} == {(-0.75, 2, "stop")}
    sent = server.bodies[0]
    assert (sent["max_tokens"], sent["stop"], sent["n"], sent["logprobs"]) == (9, ["x"], 2, True)
    assert 1 < server.most_in_flight <= 16


def test_every_prompt_has_its_own_seed_and_the_same_one_again(server: Server):
    prompts = [chat("a"), chat("b"), chat("a")]
    first, again = complete(server, prompts), complete(server, prompts)
    assert first == again
    assert len({group[0].text.split("/")[1] for group in first}) == 3
    assert complete(server, prompts, Sampling(seed=2)) != first
    assert complete(server, [chat("b")]) == [first[1]]


def test_keeps_to_the_concurrency(server: Server):
    server.delay = 0.1
    server.meeting = threading.Barrier(3)  # three have to be here at once, or none is answered
    complete(server, [chat(str(i)) for i in range(12)], concurrency=3)
    assert server.most_in_flight == 3


def test_waits_as_long_as_a_429_asks(server: Server):
    server.script = [(429, {"Retry-After": "0.4"}, {"error": {"message": "slow down"}})]
    started = time.monotonic()
    assert complete(server, [chat("a")])[0][0].text.startswith("a/")
    assert time.monotonic() - started >= 0.4
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    "broken",
    [
        refusal(500, "boom"),
        refusal(503, "loading"),
        '{"choices": [{"mess',  # cut off
        "hang up",
        (200, {}, {"choices": []}),
        (200, {}, {"error": {"message": "upstream"}}),
        (200, {}, ["not an object"]),
    ],
)
def test_tries_again_after_a_failure_that_may_pass(server: Server, broken: Any):
    server.script = [broken, broken]
    assert complete(server, [chat("a")])[0][0].text.startswith("a/")
    assert len(server.bodies) == 3


def test_names_endpoint_status_and_reason_when_retries_do_not_help(server: Server):
    server.answer = lambda body: refusal(500, "CUDA error")
    (group,) = complete(server, [chat("a")], max_retries=2)
    assert failure(group[0]).kind is FailureKind.server
    assert "/v1/chat/completions failed 3 times, last with: status 500 CUDA error" in failure(group[0]).reason
    assert len(server.bodies) == 3


def test_a_server_that_fails_from_the_start_is_not_asked_for_every_prompt(server: Server):
    server.answer = lambda body: refusal(500, "CUDA error")
    with pytest.raises(EngineError, match=f"The first {FIRST} requests all failed. One of them: .* 500 CUDA error"):
        complete(server, [chat(str(n)) for n in range(200)], max_retries=0, concurrency=2)
    assert len(server.bodies) < 20


def test_a_slow_server_times_out(server: Server):
    server.delay = 0.5
    (group,) = complete(server, [chat("a")], timeout=0.1, max_retries=1)
    assert failure(group[0]).kind is FailureKind.timeout
    assert "no reply within 0.1 seconds" in failure(group[0]).reason


def test_a_server_that_is_down_is_named():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    knobs: dict[str, Any] = {"model": "m", "retry_seconds": 0.01, "max_retries": 1}
    with OpenAI(base_url=f"http://127.0.0.1:{port}/v1", **knobs) as opened:
        with pytest.raises(EngineError, match=f"127.0.0.1:{port}.* failed 2 times, last with: no connection"):
            opened.complete([chat("a")], Sampling())


def test_one_lost_request_does_not_wait_for_the_retries_of_the_others(server: Server):
    def answer(body: dict[str, Any]) -> Reply:
        if body["messages"][0]["content"] == "bad":
            return refusal(404, "no such model")
        return 429, {"Retry-After": "600"}, {"error": {"message": "later"}}

    server.answer = answer
    started = time.monotonic()
    with pytest.raises(EngineError, match="status 404: no such model"):
        complete(server, [chat("a"), chat("b"), chat("bad")])
    assert time.monotonic() - started < 500, "it waited as long as the others"
    assert len(server.bodies) == 3, "the others were not sent again"


def test_waits_double_up_to_30_seconds_and_differ() -> None:
    endpoint = EndpointClient("http://host", key=None, timeout=1, max_retries=9, retry_seconds=0.5, connections=1)
    state = RetryCallState(Retrying(), None, (), {})
    for attempt, longest in enumerate((0.5, 1, 2, 4, 8, 16, 30, 30), start=1):
        state.attempt_number = attempt
        waits = [endpoint._wait(state) for _ in range(200)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
        assert max(waits) - min(waits) > longest / 4
    state.set_exception((RetryRequest, RetryRequest(FailureKind.error, "slow down", wait=120.0), None))
    assert endpoint._wait(state) == 120
    endpoint.close()


def test_the_key_is_in_no_traceback(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_TEST_API_KEY", "sk-very-secret")
    server.answer = lambda body: refusal(429, "slow down, sk-very-secret")
    with pytest.raises(EngineError, match="slow down") as caught:
        complete(server, [chat("a")], max_retries=0, api_key_env="RONDO_TEST_API_KEY")
    assert "sk-very-secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_tried_again_and_not_shown(server: Server, status: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_TEST_API_KEY", "sk-very-secret")
    server.answer = lambda body: refusal(status, "Incorrect API key provided: sk-very-secret")
    with pytest.raises(MissingPrerequisite, match="Incorrect API key provided: ") as caught:
        complete(server, [chat("a")], api_key_env="RONDO_TEST_API_KEY")
    assert "secret" not in caught.value.message
    assert server.headers[0]["Authorization"] == "Bearer sk-very-secret"
    assert len(server.bodies) == 1


def test_a_key_that_is_not_set_is_named(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("RONDO_TEST_API_KEY", raising=False)
    with pytest.raises(MissingPrerequisite, match="Set RONDO_TEST_API_KEY"):
        complete(server, [chat("a")], api_key_env="RONDO_TEST_API_KEY")


@pytest.mark.parametrize("name", ["AWS_SECRET_KEY", "RONDO_DATABASE_URL", "OPENAI_API_KEY"])
def test_only_keys_meant_for_rondo_are_sent(name: str):
    with pytest.raises(ValidationError, match="pattern"):
        OpenAI(base_url="http://127.0.0.1:1/v1", model="m", api_key_env=name)


@pytest.mark.parametrize("url", ["ftp://host/v1", "host:8000/v1", "http://me:key@host/v1", "http://host/v1?key=1"])
def test_addresses_are_plain_http(url: str):
    with pytest.raises(ValidationError, match="address"):
        OpenAI(base_url=url, model="m")


def test_key_and_refusals_are_not_in_repr_or_dump(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_TEST_API_KEY", "sk-very-secret")
    with engine(server, api_key_env="RONDO_TEST_API_KEY") as opened:
        assert "secret" not in repr(opened) + str(opened.dump()) + repr(opened._endpoint)
        assert Engine.load(opened.dump()).dump() == opened.dump()


def test_another_refusal_is_told_without_retry(server: Server):
    server.answer = lambda body: refusal(400, "temperature must be below 2")
    (group,) = complete(server, [chat("a")], Sampling(temperature=3, seed=1))
    assert failure(group[0]).kind is FailureKind.refused
    assert "status 400: temperature must be below 2" in failure(group[0]).reason
    assert len(server.bodies) == 1, "a value that is wrong is not left out unsaid"


def test_goes_on_without_logprobs_where_they_are_refused(server: Server):
    def answer(body: dict[str, Any]) -> Reply:
        return refusal(400, "Unsupported", param="logprobs") if body.get("logprobs") else choices(body)

    server.answer = answer
    results = complete(server, [chat("a"), chat("b")], Sampling(n=2, seed=1), concurrency=1)
    assert [c.logprob for group in results for c in group] == [None] * 4
    assert [c.num_tokens for group in results for c in group] == [3] * 4
    assert len(server.bodies) == 3  # refused once, then remembered


def test_asks_one_by_one_where_n_is_refused_or_ignored(server: Server):
    def refuses(body: dict[str, Any]) -> Reply:
        return refusal(400, "'n' must be 1") if body.get("n", 1) > 1 else choices(body)

    for answer in (refuses, lambda body: choices({**body, "n": 1})):
        server.answer = answer
        (group,) = complete(server, [chat("a")], Sampling(n=3, seed=1))
        assert len({c.text for c in group}) == 3
    server.bodies.clear()
    complete(server, [chat("a")], Sampling(n=3, seed=1), supports_n=False)
    assert ["n" in body for body in server.bodies] == [False] * 3


def test_renames_max_tokens_where_the_server_wants_it(server: Server):
    def answer(body: dict[str, Any]) -> Reply:
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return refusal(400, message) if "max_tokens" in body else choices(body)

    server.answer = answer
    complete(server, [chat("a")], Sampling(max_tokens=7))
    assert server.bodies[-1]["max_completion_tokens"] == 7


def test_a_prompt_over_the_context_fails_alone(server: Server):
    def answer(body: dict[str, Any]) -> Reply:
        long = "This model's maximum context length is 512 tokens. However, your prompt has 600."
        return refusal(400, long) if body["messages"][0]["content"] == "long" else choices(body)

    server.answer = answer
    first, long = complete(server, [chat("a"), chat("long")], Sampling(n=2, seed=1))
    assert [c.text.split("/")[0] for c in first] == ["a", "a"]
    assert [failure(c).kind for c in long] == [FailureKind.context] * 2
    assert "maximum context length is 512" in failure(long[0]).reason


def test_a_prompt_that_fits_without_max_tokens_fills_the_context(server: Server):
    def answer(body: dict[str, Any]) -> Reply:
        if "max_tokens" in body:
            return refusal(400, "maximum context length is 512", code="context_length_exceeded")
        return choices(body)

    server.answer = answer
    assert complete(server, [chat("a")], Sampling(max_tokens=500))[0][0].text.startswith("a/")
