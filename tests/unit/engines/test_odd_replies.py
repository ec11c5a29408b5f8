"""Replies and refusals as real servers send them: the files of tests/data/found, and relatives of each kind."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.engines import _http_reply
from backend.engines._http import retry_after
from backend.engines._replies import completions_of
from backend.errors import EngineError
from backend.values import Completion, FailureKind, Sampling
from tests.endpoint import Server, chat, choices, complete, refusal, serving

FOUND = Path(__file__).parents[2] / "data" / "found"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def stored_reply(name: str) -> Any:
    return json.loads((FOUND / name).read_text(encoding="utf-8"))


def message(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **fields}}]}


def choice(**fields: Any) -> dict[str, Any]:
    result = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Score: 4"}}
    return {"choices": [result | fields]}


def read(server: Server, reply: Any, **knobs: Any) -> Completion:
    server.answer = lambda body: (200, {}, reply)
    ((completion,),) = complete(server, [chat("a")], **{"max_retries": 0} | knobs)
    return completion


@pytest.mark.parametrize(
    ("reply", "text", "reasoning"),
    [
        (stored_reply("reply_content_parts.json"), "Score: 4", "hm"),
        (message(content=[{"type": "text", "text": "Score"}, {"type": "output_text", "text": ": 4"}]), "Score: 4", ""),
        (message(content=["Score", ": 4"]), "Score: 4", ""),
        (message(content={"type": "text", "text": {"value": "Score: 4"}}), "Score: 4", ""),
        (
            message(content=[{"type": "reasoning", "summary": [{"text": "h"}, {"text": "m"}]}, {"text": "Score: 4"}]),
            "Score: 4",
            "hm",
        ),
        (stored_reply("reply_null_content_reasoning.json"), "", "It is fine. Score: 4"),
        (message(content="Score: 4", reasoning="hm"), "Score: 4", "hm"),
        (message(content="", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]), "", "hm"),
        (message(content="Score: 4", reasoning_content=None, thinking={"content": "hm"}), "Score: 4", "hm"),
        (message(reasoning_content="hm"), "", "hm"),
        (message(content=None, refusal="I would rather not."), "I would rather not.", ""),
        (message(content=[{"type": "refusal", "refusal": "No."}]), "No.", ""),
        (message(content=""), "", ""),
    ],
)
def test_parts_are_read_and_reasoning_is_kept_apart(server: Server, reply: Any, text: str, reasoning: str):
    completion = read(server, reply)
    assert completion.failure is None
    assert (completion.text, completion.reasoning, completion.finish_reason) == (text, reasoning, "stop")


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (message(content=None, tool_calls=[{"id": "1"}]), "it asks for a tool"),
        (message(content=5), "its content is int"),
        (message(content=[{"type": "image_url", "image_url": {"url": "x"}}]), "a part of the type 'image_url'"),
        (message(content=[{"type": "text", "text": ["a"]}]), "the text of a part is list"),
        (choice(error={"message": "upstream broke"}), "upstream broke"),
        ({"choices": []}, "a reply without choices"),
        ({"choices": [None]}, "a reply without choices"),
        ({"choices": [{"text": "a"}]}, "a reply without choices"),
        ({"error": {"message": "overloaded", "code": 502}}, "overloaded"),
        ({"error": "plain words"}, "plain words"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        (None, "null"),
        ("words", "words"),
    ],
)
def test_what_cannot_be_read_fails_alone_and_says_what_it_was(server: Server, reply: Any, text: str):
    server.answer = lambda body: (200, {}, reply) if body["messages"][0]["content"] == "odd" else choices(body)
    good, odd, fine = complete(server, [chat("a"), chat("odd"), chat("b")], max_retries=1)
    assert [c.text.split("/")[0] for c in good + fine] == ["a", "b"]
    assert odd[0].failure is not None
    assert odd[0].failure.kind is FailureKind.reply
    assert text in odd[0].failure.reason


@pytest.mark.parametrize(
    ("logprobs", "logprob", "tokens"),
    [
        (stored_reply("reply_logprob_null.json")["choices"][0]["logprobs"], None, 1),
        ({"content": [{"logprob": -0.5}, {"logprob": None}]}, None, 2),
        ({"content": [{"logprob": -0.5}, {"token": "x"}]}, None, 2),
        ({"content": [{"logprob": "-0.5"}]}, None, 1),
        ({"content": [{"logprob": float("nan")}]}, None, 1),
        ({"content": [None, -0.5]}, None, 2),
        ({"content": None}, None, 7),
        ([-0.5], None, 7),
        ({"token_logprobs": [-0.5]}, None, 7),
        ({"content": [{"logprob": -1}, {"logprob": -0.5}]}, -1.5, 2),
        ({"content": [{"logprob": -(10**400)}]}, None, 1),
        ({"content": [{"logprob": -1.7e308}, {"logprob": -1.7e308}]}, None, 2),
    ],
)
def test_a_logprob_is_a_number_or_not_known(server: Server, logprobs: Any, logprob: float | None, tokens: int):
    completion = read(server, choice(logprobs=logprobs) | {"usage": {"completion_tokens": 7}})
    assert (completion.text, completion.logprob, completion.num_tokens) == ("Score: 4", logprob, tokens)


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        (stored_reply("reply_max_tokens_uppercase.json")["choices"][0]["finish_reason"], "length"),
        ("LENGTH", "length"),
        ("max_output_tokens", "length"),
        ("model_length", "length"),
        ("STOP", "stop"),
        ("end_turn", "stop"),
        ("eos_token", "stop"),
        ("tool_calls", "unknown"),
        ("FINISH_REASON_UNSPECIFIED", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (3, "unknown"),
    ],
)
def test_only_what_says_that_it_stopped_is_complete(server: Server, reply: Any, finish: str):
    completion = read(server, choice(finish_reason=reply))
    assert (completion.failure, completion.finish_reason) == (None, finish)


@pytest.mark.parametrize("text", ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "RECITATION"])
def test_a_reply_that_a_filter_withheld_is_no_text(server: Server, text: str):
    completion = read(server, choice(finish_reason=text, message={"content": "Half a"}))
    assert completion.failure is not None
    assert (completion.text, completion.failure.kind) == ("", FailureKind.filter)


@pytest.mark.parametrize("usage", [{}, {"usage": None}, {"usage": {"completion_tokens": "7"}}, {"usage": 7}])
def test_a_missing_usage_is_no_error(server: Server, usage: Any):
    assert read(server, choice() | usage).num_tokens == 0


@pytest.mark.parametrize("indices", [[0, 0], [None, None], ["1", "0"], [1, None]])
def test_choices_without_an_index_of_their_own_stay_in_order(server: Server, indices: list[Any]):
    rows = [
        {"index": i, "finish_reason": "stop", "message": {"content": t}} for i, t in zip(indices, "ab", strict=True)
    ]
    server.answer = lambda body: (200, {}, {"choices": rows})
    (group,) = complete(server, [chat("x")], Sampling(n=2, seed=1))
    assert [c.text for c in group] == ["a", "b"]


def test_missing_choices_are_asked_for_and_too_many_are_cut(server: Server):
    numbers = iter([2, 1, 9])
    server.answer = lambda body: choices({**body, "n": next(numbers)})
    (group,) = complete(server, [chat("a")], Sampling(n=5, seed=1))
    assert [body.get("n", 1) for body in server.bodies] == [5, 3, 2]
    assert len({c.text for c in group}) == 5


def test_one_withheld_choice_of_several_leaves_the_others(server: Server):
    def answer(body: Any) -> Any:
        reply = choices(body)
        reply[2]["choices"][1] |= {"finish_reason": "content_filter", "message": {"content": None}}
        return reply

    server.answer = answer
    (group,) = complete(server, [chat("a")], Sampling(n=3, seed=1))
    assert [c.failure is None for c in group] == [True, False, True]


# Refusals that name a field


@pytest.mark.parametrize(
    ("reply", "gone", "kept"),
    [
        (stored_reply("refusal_top_p_400.json"), "top_p", "temperature"),
        (stored_reply("refusal_temperature_and_top_p_400.json"), "top_p", "temperature"),
        (
            {
                "error": {
                    "message": "Unsupported value: 'temperature' does not support 0.7 with this model. Only the "
                    "default (1) value is supported.",
                    "param": "temperature",
                    "code": "unsupported_value",
                }
            },
            "temperature",
            "top_p",
        ),
        (
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
            "seed",
            "top_p",
        ),
        ({"error": {"message": 'Unknown name "top_k": Cannot find field.'}}, "top_k", "top_p"),
        ({"error": "`top_p` is deprecated for this model."}, "top_p", "temperature"),
        ({"message": "'stop' is not supported with reasoning models"}, "stop", "top_p"),
    ],
)
def test_a_field_that_is_refused_is_left_out_once_for_all(server: Server, reply: Any, gone: str, kept: str):
    server.answer = lambda body: (400, {}, reply) if gone in body else choices(body)
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=5, stop=("/0",), seed=1)
    from tests.endpoint import engine

    with engine(server, concurrency=1) as opened:
        results = opened.complete([chat("a"), chat("b")], sampling)
        notes = opened.notes()
    assert [group[0].failure for group in results] == [None, None]
    assert len(server.bodies) == 3, "it was refused once and remembered"
    assert all(kept in body for body in server.bodies)
    assert len(notes) == 1
    assert f"refuses {gone}: " in notes[0]
    if gone == "stop":
        assert not any(group[0].text.endswith("/0") for group in results), "the text is cut here then"


def test_what_is_the_default_is_not_sent(server: Server):
    complete(server, [chat("a")])
    assert not {"temperature", "top_p", "top_k", "n", "stop"} & set(server.bodies[0])
    complete(server, [chat("a")], send_defaults=True)
    assert (server.bodies[1]["temperature"], server.bodies[1]["top_p"]) == (1, 1)
    complete(server, [chat("a")], Sampling(temperature=0.7, top_p=0.9))
    assert (server.bodies[2]["temperature"], server.bodies[2]["top_p"]) == (0.7, 0.9)


# Refusals of one prompt


@pytest.mark.parametrize(
    ("status", "reply", "kind"),
    [
        (400, stored_reply("refusal_content_filter_400.json"), FailureKind.filter),
        (
            400,
            {
                "error": {
                    "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
                    "management policy.",
                    "code": "content_filter",
                    "innererror": {"code": "ResponsibleAIPolicyViolation"},
                }
            },
            FailureKind.filter,
        ),
        (
            403,
            {"error": {"message": "Your input was flagged", "metadata": {"reasons": ["violence"]}}},
            FailureKind.filter,
        ),
        (200, {"error": {"message": "Blocked by the safety system", "code": "moderation_blocked"}}, FailureKind.filter),
        (451, {"message": "input_moderated"}, FailureKind.filter),
        (400, {"error": {"message": "prompt is too long: 9000 tokens > 8192 maximum"}}, FailureKind.context),
        (200, {"error": {"message": "maximum context length is 512"}}, FailureKind.context),
        (413, {"error": {"message": "x", "code": "context_length_exceeded"}}, FailureKind.context),
        (422, {"detail": "roles must alternate"}, FailureKind.refused),
        (500, {"error": {"message": "tokenizer failed"}}, FailureKind.server),
    ],
)
def test_one_refused_prompt_leaves_the_others(server: Server, status: int, reply: Any, kind: FailureKind):
    def answer(body: Any) -> Any:
        return (status, {}, reply) if body["messages"][0]["content"] == "bad" else choices(body)

    server.answer = answer
    good, bad, fine = complete(server, [chat("a"), chat("bad"), chat("b")], Sampling(n=2, seed=1), max_retries=1)
    assert [c.failure for c in good + fine] == [None] * 4
    assert {c.failure.kind for c in bad if c.failure} == {kind}
    assert len(bad) == 2
    assert all(c.failure and c.failure.reason.endswith(".") for c in bad)


@pytest.mark.parametrize(
    ("status", "reply", "text"),
    [
        (404, {"error": {"message": "no such route"}}, "status 404"),
        (400, {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}, "does not exist"),
        (402, {"error": {"message": "pay first"}}, "pay first"),
        (429, {"error": {"message": "spent", "code": "insufficient_quota"}}, "the account is spent"),
        (200, b"<html><body>Sign in</body></html>", "no JSON"),
    ],
)
def test_what_would_befall_every_prompt_is_raised(server: Server, status: int, reply: Any, text: str):
    server.answer = lambda body: (status, {"Content-Type": "text/html"}, reply)
    with pytest.raises(EngineError, match=text):
        complete(server, [chat(str(n)) for n in range(40)], max_retries=0)


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_TEST_API_KEY", "sk-very-secret")
    with serving() as other:
        server.answer = lambda body: (307, {"Location": f"{other.url}/chat/completions"}, {})
        with pytest.raises(EngineError, match=r"redirects to http://127.0.0.1:\d+/v1/chat/completions, which is not"):
            complete(server, [chat("a")], api_key_env="RONDO_TEST_API_KEY")
        assert other.bodies == []


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"choices": [', b"\xff\xfe", b"", b'{"a": ' + b"9" * 5000 + b"}"])
def test_a_body_that_is_no_json_is_tried_again_and_said(server: Server, body: bytes):
    server.script = [(200, {"Content-Type": "application/json"}, body)]
    assert complete(server, [chat("a")])[0][0].text.startswith("a/")
    server.answer = lambda _: (200, {"Content-Type": "application/json"}, body)
    failure = complete(server, [chat("a")], max_retries=0)[0][0].failure
    assert failure is not None
    assert "no JSON (application/json)" in failure.reason


def test_a_huge_body_is_not_read_to_its_end(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_http_reply, "LARGEST_REPLY", 2**20)
    server.script = [(200, {}, b" " * 2**22)]
    failure = complete(server, [chat("a")], max_retries=3)[0][0].failure
    assert failure is not None
    assert "over 1 MB" in failure.reason
    assert len(server.bodies) == 1, "it would be as large again"


def test_a_body_that_trickles_times_out_as_a_whole(server: Server):
    server.pause = 0.05
    started = time.monotonic()
    failure = complete(server, [chat("a")], timeout=0.5, max_retries=0)[0][0].failure
    assert failure is not None
    assert failure.kind is FailureKind.timeout
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2),
        ("1e9", 300),
        ("inf", 300),
        ("nan", 0),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 2999 23:59:59 GMT", 300),
    ],
)
def test_retry_after_is_bounded(value: str, seconds: float):
    assert retry_after({"Retry-After": value}) == seconds


def test_a_429_that_does_not_end_is_the_servers_and_not_the_prompts(server: Server):
    server.answer = lambda body: refusal(429, "slow down")
    with pytest.raises(EngineError, match="failed 2 times, last with: status 429 slow down"):
        complete(server, [chat("a")], max_retries=1)


def test_half_an_emoji_in_an_error_is_replaced():
    failure = completions_of({"choices": [{"error": {"message": "No \ud83d."}}]})[0].failure
    assert failure is not None
    assert failure.reason == "The reply holds an error: No \ufffd."
    (odd,) = completions_of({"choices": [{"message": {"content": [{"type": "\ud83d"}]}}]})
    assert odd.failure is not None
    assert "\ud83d" not in odd.failure.reason
