"""What a test of an endpoint finds out: each ability from what the server does, never from what it says it is."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from backend.engines import _probe
from backend.engines._probe import context_of, probe
from tests.capable import CONTEXT, capable, models
from tests.endpoint import Reply, Server, choices, engine, refusal, serving


@pytest.fixture
def server() -> Any:
    with serving() as running:
        yield running


def outcomes(server: Server, **knobs: Any) -> dict[str, str]:
    return {line.name: str(line.outcome) for line in probe(engine(server, **knobs)).lines}


def lines_by_name(result: _probe.Probed) -> dict[str, str]:
    return {line.name: line.text for line in result.lines}


def test_all_that_a_server_can_do_is_found(server: Server) -> None:
    server.answer, server.models = capable, models()
    result = probe(engine(server, supports_n=False, logprobs=False))
    assert {line.name for line in result.lines if line.outcome == "pass"} == {
        "connection",
        "logprobs",
        "n",
        "seed",
        "top_logprobs",
        "prompt_logprobs",
        "forced_formats",
        "context",
    }
    assert result.answered
    assert result.knobs == {
        "logprobs": True,
        "supports_n": True,
        "seeds": True,
        "top_logprobs": True,
        "prompt_logprobs": True,
        "forced": "structured_outputs",
        "context": CONTEXT,
    }
    assert len(server.bodies) < 14


@pytest.mark.parametrize(("way", "how"), [("guided_choice", "guided"), ("response_format", "response_format")])
def test_other_ways_to_ask_for_a_form_are_found(server: Server, way: str, how: str) -> None:
    server.answer = partial(capable, forms=(way,))
    assert probe(engine(server)).knobs["forced"] == how


def test_what_a_plain_server_lacks_is_said_and_is_no_fault(server: Server) -> None:
    def plain(body: dict[str, Any]) -> Reply:
        bad = {
            "n",
            "top_logprobs",
            "prompt_logprobs",
            "structured_outputs",
            "response_format",
            "logprobs",
        } & body.keys()
        return refusal(400, f"Unknown parameter: {sorted(bad)[0]!r}.", param=sorted(bad)[0]) if bad else choices(body)

    server.answer = plain
    result = probe(engine(server))
    texts = {line.name: str(line.outcome) for line in result.lines}
    assert (texts["connection"], texts["seed"]) == ("pass", "pass")
    assert {texts[name] for name in ("n", "logprobs", "top_logprobs", "prompt_logprobs", "forced_formats")} == {"no"}
    assert result.knobs == {
        "logprobs": False,
        "supports_n": False,
        "seeds": True,
        "top_logprobs": False,
        "prompt_logprobs": False,
        "forced": "",
        "context": None,
    }


def test_seeds_that_change_nothing_or_do_not_hold_are_told(server: Server) -> None:
    texts = iter(f"word {number}" for number in range(100))

    def answer(body: dict[str, Any], text: Callable[[], str]) -> Reply:
        reply = choices(body)
        for choice in reply[2]["choices"]:
            choice["message"]["content"] = text()
        return reply

    server.answer = partial(answer, text=lambda: next(texts))
    result = probe(engine(server))
    assert result.knobs["seeds"] is False
    assert "killed and goes on" in next(line.text for line in result.lines if line.name == "seed")
    server.answer = partial(answer, text=lambda: "always the same")
    assert "is not known" in next(line.text for line in probe(engine(server)).lines if line.name == "seed")


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<html>Sign in</html>", "a reply that is cut off or no JSON"),
        ("hang up", "the server closed the connection before its reply was whole"),
        ("half a reply", "the server closed the connection before its reply was whole"),
        (
            refusal(401, "no key"),
            "asks for a key (status 401), and none was sent: no key. Set a variable like RONDO_MY_API_KEY",
        ),
        (
            (429, {"Retry-After": "7"}, {"error": {"message": "slow down"}}),
            "It limits how often it is asked, and asks to wait 7 seconds",
        ),
        ((200, {}, {"hello": 1}), "a reply without choices"),
        (refusal(404, "no such route"), "Check the base_url (it ends in /v1)"),
    ],
)
def test_each_trouble_is_one_sentence_and_ends_the_test(server: Server, reply: Any, text: str) -> None:
    server.script = [reply]
    result = probe(engine(server))
    (line,) = result.lines
    assert (line.name, line.outcome, result.knobs, len(server.bodies)) == ("connection", "warn", {}, 1)
    assert text in line.text


def test_a_slow_server_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.delay = 0.3
    monkeypatch.setattr(_probe, "SECONDS", 0.1)
    (line,) = probe(engine(server)).lines
    assert "no reply within 0.1 seconds" in line.text
    is_first, plain = iter([True]), server.answer

    def answer(body: dict[str, Any]) -> Reply:
        server.delay = 0.0 if next(is_first, False) else 2.5
        return plain(body)

    server.answer = answer
    monkeypatch.setattr(_probe, "SECONDS", 10.0)
    monkeypatch.setattr(_probe, "ALL_SECONDS", 2.0)
    result = probe(engine(server))
    assert "It was not found out" in lines_by_name(result)["n"]
    assert "the time for all requests is over" in lines_by_name(result)["n"]
    assert [line.outcome for line in result.lines if "It was not asked for" in line.text] == ["warn"] * 5
    assert result.knobs == {"logprobs": True}


def test_what_a_limit_of_requests_hides_is_not_taken_for_lacking(server: Server) -> None:
    server.script = [choices({"messages": _probe.GREETING, "logprobs": True})]
    server.answer = lambda body: refusal(429, "slow down")
    result = probe(engine(server))
    assert result.knobs == {"logprobs": True, "context": None}  # it lists no models
    assert sum("It was not found out" in line.text for line in result.lines) == 5


def test_a_server_that_names_its_limit_otherwise_is_tested_like_any_other(server: Server) -> None:
    def newer(body: dict[str, Any]) -> Reply:
        if "max_tokens" in body:
            return refusal(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return capable(body)

    server.answer, server.models = newer, models()
    result = probe(engine(server))
    assert result.knobs == {
        "logprobs": True,
        "supports_n": True,
        "seeds": True,
        "top_logprobs": True,
        "prompt_logprobs": True,
        "forced": "structured_outputs",
        "context": CONTEXT,
    }
    assert sum("max_tokens" in body for body in server.bodies) == 1


@pytest.mark.parametrize("status", [503, 429])
def test_trouble_in_the_middle_leaves_what_was_known(server: Server, status: int) -> None:
    """The server fails for what asks for a form or reads a text, and where it lists its models."""

    def failing(body: dict[str, Any]) -> Reply:
        asked = {"structured_outputs", "guided_choice", "response_format", "continue_final_message"} & body.keys()
        return refusal(status, "try later") if asked else capable(body)

    server.answer, server.models, server.models_status = failing, models(), status
    result = probe(engine(server))
    assert result.knobs == {"logprobs": True, "supports_n": True, "seeds": True, "top_logprobs": True}
    for name in ("prompt_logprobs", "forced_formats", "context"):
        assert "It was not found out" in lines_by_name(result)[name]


def test_a_refused_text_is_not_taken_for_another_one(server: Server) -> None:
    server.answer = lambda body: refusal(400, "too hot") if body["messages"] == _probe.VARIED else capable(body)
    result = probe(engine(server))
    assert "seeds" not in result.knobs
    assert lines_by_name(result)["seed"] == "It was not found out: it refused the request: too hot."


def test_a_seed_that_is_refused_is_said(server: Server) -> None:
    server.answer = lambda body: refusal(400, "Unknown parameter: 'seed'.") if "seed" in body else capable(body)
    result = probe(engine(server))
    assert result.knobs["seeds"] is False
    assert lines_by_name(result)["seed"].startswith("It takes no seed")


@pytest.mark.parametrize(
    ("listing", "length"),
    [
        ({"data": [{"id": "m", "max_model_len": 512}]}, 512),
        ({"data": [{"id": "m", "meta": {"n_ctx": 2048}}]}, 2048),
        ({"data": [{"id": "other", "max_model_len": 512}]}, None),
        ({"data": [{"id": "m", "max_model_len": "512"}, 3]}, None),
        ({"data": "none"}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_context_is_read_from_the_list_of_models(listing: Any, length: int | None) -> None:
    assert context_of(listing, "m") == length
