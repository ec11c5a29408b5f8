"""Texts in pieces: they come one after the other, and the whole at the end is what `complete` returns."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.engines import Engine, answered
from backend.engines._event_stream import EventStream
from backend.engines._pieces import Pieces
from backend.engines.library import Library
from backend.engines.scripted import Scripted
from backend.engines.self_refine import SelfRefine
from backend.engines.transformers import Transformers
from backend.values import Completion, FailureKind, Messages, Sampling
from tests.endpoint import Server, chat, choices, engine, refusal, serving
from tests.waiting import PATIENCE

SAMPLING = Sampling(temperature=1.0, max_tokens=20, seed=3)


def streamed(opened: Engine, asked: Messages, sampling: Sampling = SAMPLING) -> tuple[list[str], Completion]:
    *pieces, whole = opened.stream(asked, sampling)
    assert isinstance(whole, Completion)
    return [piece for piece in pieces if isinstance(piece, str)], whole


@pytest.mark.large_library
def test_pieces_of_a_real_model_are_the_text_that_complete_returns(folder: Path) -> None:
    asked = chat("3 5 7 =26?")
    with Transformers(model=str(folder)) as opened:
        for sampling in (SAMPLING, Sampling(temperature=0, max_tokens=20), Sampling(top_p=0.9, max_tokens=20, seed=5)):
            pieces, whole = streamed(opened, asked, sampling)
            [[expected]] = opened.complete([asked], sampling)
            assert (whole.text, whole.finish_reason, whole.num_tokens) == (
                expected.text,
                expected.finish_reason,
                expected.num_tokens,
            )
            assert whole.logprob == pytest.approx(expected.logprob, abs=1e-3)
            assert "".join(pieces) == whole.text
            assert len(pieces) > 3
        goes_on = answered(asked, "3+5")
        pieces, whole = streamed(opened, goes_on)
        assert "".join(pieces) == whole.text == opened.complete([goes_on], SAMPLING)[0][0].text
        _, cut = streamed(opened, asked, replace(SAMPLING, stop=(opened.complete([asked], SAMPLING)[0][0].text[2:4],)))
        assert cut.finish_reason == "stop"
        _, refused = streamed(opened, chat("1 " * 100))
        assert refused.failure is not None
        assert refused.failure.kind is FailureKind.context


def test_half_a_character_waits_for_its_other_half_and_a_space_is_kept() -> None:
    """Tokens are bytes here, 256 and above whole words with a space that a decoder drops at the start of a text."""
    words = {256: " hello", 257: " world"}

    def decode(several: Any) -> list[str]:
        texts = []
        for ids in several:
            content = b"".join(words[key].encode() if key in words else bytes([key]) for key in ids)
            texts.append(content.decode("utf-8", errors="replace").removeprefix(" "))
        return texts

    pieces = Pieces(decode)
    euro = "€".encode()
    assert [pieces.after(entry) for entry in (256, 257, *euro, ord("!"))] == ["hello", " world", "", "", "€", "!"]

    lengths: list[int] = []

    def measured(several: Any) -> list[str]:
        lengths.append(len(several[1]))
        return ["".join("" if key == 0 else chr(key) for key in ids) for ids in several]

    special = Pieces(measured)
    assert [special.after(number) for number in (65, *[0] * 500, 66)] == ["A", *[""] * 500, "B"]
    assert max(lengths) < 100, "tokens without a text are not decoded over and over"


def test_wrappers_stream_what_they_can() -> None:
    inner = Scripted(replies=("one two three",))
    pieces, whole = streamed(Library(inner=inner, entries=()), chat("x"))
    assert pieces == ["one", " two", " three"]
    assert whole.text == "one two three"
    assert streamed(SelfRefine(inner=inner), chat("x"))[0] == []


def events(*parts: Any) -> bytes:
    return b"".join(
        b"data: " + (part if isinstance(part, bytes) else json.dumps(part).encode()) + b"\n\n" for part in parts
    )


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, **more}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
GOOD = events(
    {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
    {"choices": [{"delta": {"reasoning_content": "hm"}}]},
    delta("Hel", logprobs={"content": [{"logprob": -0.5}]}),
    delta("lo", logprobs={"content": [{"logprob": -0.25}]}),
    {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    USAGE,
    b"[DONE]",
)


def test_events_may_be_cut_anywhere() -> None:
    for size in (1, 7, len(GOOD)):
        heard: list[str] = []
        stream = EventStream(heard.append)
        for start in range(0, len(GOOD), size):
            stream.feed(GOOD[start : start + size])
        assert heard == ["Hel", "lo"]
        assert stream.reply == {
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hello", "reasoning_content": "hm"},
                    "finish_reason": "stop",
                    "logprobs": {"content": [{"logprob": -0.5}, {"logprob": -0.25}]},
                }
            ],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        }


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def in_events(content: bytes) -> Any:
    return 200, {"Content-Type": "text/event-stream; charset=utf-8"}, content


def test_an_endpoint_is_asked_for_pieces_and_what_it_took_is_counted(server: Server) -> None:
    server.answer = lambda body: in_events(GOOD)
    with engine(server, max_retries=0) as opened:
        pieces, whole = streamed(opened, chat("x"))
        assert opened.take_usage().tokens_in == 7
    assert pieces == ["Hel", "lo"]
    assert (whole.text, whole.finish_reason, whole.reasoning, whole.logprob) == ("Hello", "stop", "hm", -0.75)
    assert server.bodies[0]["stream"] is True


def test_an_endpoint_without_pieces_answers_whole(server: Server) -> None:
    """One ignores the wish; another refuses it, and is asked again without."""
    with engine(server, max_retries=0) as opened:
        pieces, whole = streamed(opened, chat("x"))
        assert pieces == []
        assert whole.text.startswith("x/")
        server.answer = lambda body: refusal(400, "stream is not supported") if "stream" in body else choices(body)
        pieces, whole = streamed(opened, chat("y"))
        assert pieces == []
        assert whole.text.startswith("y/")
        assert any("texts come whole" in note for note in opened.notes())


def test_an_error_in_place_of_an_event_or_an_end_is_a_failure_with_its_words(server: Server) -> None:
    server.answer = lambda body: in_events(events(delta("Hel"), {"error": {"message": "it burns"}}))
    with engine(server, max_retries=3) as opened:
        pieces, whole = streamed(opened, chat("x"))
    assert pieces == ["Hel"]
    assert len(server.bodies) == 1, "asking again would say it twice"
    assert whole.failure is not None
    assert "it burns" in whole.failure.reason


def test_a_reply_that_ends_before_its_end_is_none(server: Server) -> None:
    server.answer = lambda body: in_events(events(delta("Hel")))
    with engine(server, max_retries=0) as opened:
        pieces, whole = streamed(opened, chat("x"))
    assert pieces == ["Hel"]
    assert whole.failure is not None
    assert "broke off" in whole.failure.reason


def test_a_reply_without_an_end_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.engines import _client

    monkeypatch.setattr(_client, "LARGEST_REPLY", 2**20)
    server.answer = lambda body: in_events(b"data: " + b"x" * 2**21)
    with engine(server, max_retries=0) as opened:
        _, whole = streamed(opened, chat("x"))
    assert whole.failure is not None
    assert "over 1 MB" in whole.failure.reason


def test_who_wants_no_more_closes_the_connection(server: Server) -> None:
    gone = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield events(delta("more "))
        finally:
            gone.set()

    server.answer = lambda body: (200, {"Content-Type": "text/event-stream"}, endless())
    with engine(server, max_retries=0) as opened:
        pieces = opened.stream(chat("x"), SAMPLING)
        assert next(pieces) == "more "
        pieces.close()  # type: ignore[attr-defined]
        assert gone.wait(PATIENCE)
