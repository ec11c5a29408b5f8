"""Reading over HTTP from a server that answers in vLLM's form, a token a character; and going on from a message."""

from typing import Any

import pytest

from backend.engines import Ability
from backend.errors import EngineError, MissingPrerequisite
from backend.values import FailureKind, Messages, Reading, Sampling
from tests.endpoint import Reply, Server, chat, choices, engine, refusal, serving


def rendered(body: dict[str, Any]) -> str:
    """`u:` before what a user says, `a:` before the assistant, `;` after a turn that is over."""
    text = "".join(f"{message['role'][0]}:{message['content']};" for message in body["messages"])
    return text.removesuffix(";") if body.get("continue_final_message") else text + "a:"


def reads(body: dict[str, Any]) -> Reply:
    """Log-probability -position/8 for each character of the prompt; the likeliest token stands behind it."""
    if "prompt_logprobs" not in body:
        return choices(body)
    entries: list[Any] = [None]
    for position, letter in enumerate(rendered(body)[1:], start=1):
        fields = {str(ord(letter)): {"logprob": -position / 8, "rank": 2, "decoded_token": letter}}
        entries.append(fields | {"7": {"logprob": -0.01, "rank": 1, "decoded_token": "~"}})
    return 200, {}, choices(body)[2] | {"prompt_logprobs": entries}


def begun(question: str, start: str) -> Messages:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": start}]


def read(server: Server, chats: list[Any], texts: list[str]) -> list[Reading]:
    with engine(server, prompt_logprobs=True) as opened:
        return opened.read(chats, texts)


def test_the_tokens_of_the_text_alone_are_read():
    """`u:x;a:` has 6 characters, so `yz` are the 7th and 8th; `u:x;a:y` has 7."""
    with serving() as server:
        server.answer = reads
        first, empty, same, going_on = read(
            server, [chat("x"), chat("x"), chat("x"), begun("x", "y")], ["yz", "", "7", "z"]
        )
    assert first == Reading((-6 / 8, -7 / 8))
    assert (empty, same, going_on) == (Reading(()), Reading((-6 / 8,)), Reading((-7 / 8,)))
    assert len(server.bodies) == 5, "each distinct chat is asked for once, and each text"
    whole = next(body for body in server.bodies if body["messages"] == begun("x", "yz"))
    assert whole == {
        "model": "m",
        "messages": begun("x", "yz"),
        "max_tokens": 1,
        "temperature": 0,
        "prompt_logprobs": 1,
        "continue_final_message": True,
        "add_generation_prompt": False,
    }


def test_a_text_whose_start_is_joined_to_the_chat_fails_alone():
    def joins(body: dict[str, Any]) -> Reply:
        status, headers, value = reads(body)
        if rendered(body).endswith(":\n"):
            value["prompt_logprobs"][5:7] = [{"999": {"logprob": -1.0}}]
        return status, headers, value

    with serving() as server:
        server.answer = joins
        joined, other = read(server, [chat("x")] * 2, ["\n", "y"])
    assert joined.failure is not None
    assert joined.failure.kind is FailureKind.template
    assert "joins the start of the text" in joined.failure.reason
    assert other == Reading((-6 / 8,))


def test_a_text_over_the_context_fails_alone():
    def short(body: dict[str, Any]) -> Reply:
        return reads(body) if len(rendered(body)) < 9 else refusal(400, "maximum context length is 8 tokens")

    with serving() as server:
        server.answer = short
        long, fits = read(server, [chat("x")] * 2, ["yyyy", "y"])
    assert long.failure is not None
    assert long.failure.kind is FailureKind.context
    assert fits == Reading((-6 / 8,))


def test_a_server_that_gives_none_is_an_error_and_is_not_asked_unless_it_is_known_to():
    with serving() as server:
        with pytest.raises(EngineError, match="cannot read: it gives no log-probabilities of the prompt"):
            read(server, [chat("x")], ["y"])
        asked = len(server.bodies)
        with engine(server) as opened, pytest.raises(MissingPrerequisite, match="cannot give the log-probabilities"):
            opened.read([chat("x")], ["y"])
        assert len(server.bodies) == asked
        assert engine(server).abilities == {Ability.complete}
        assert engine(server, prompt_logprobs=True).abilities == {Ability.complete, Ability.read}


def test_a_message_by_the_assistant_is_gone_on_from():
    with serving() as server, engine(server) as opened:
        opened.complete([begun("x", "y"), chat("x")], Sampling(seed=1))
    going_on, fresh = sorted(server.bodies, key=lambda body: "continue_final_message" not in body)
    assert (going_on["continue_final_message"], going_on["add_generation_prompt"]) == (True, False)
    assert not {"continue_final_message", "add_generation_prompt"} & fresh.keys()


def test_a_server_that_cannot_go_on_says_so_for_that_prompt():
    def refuses(body: dict[str, Any]) -> Reply:
        if "continue_final_message" in body:
            return refusal(400, "Unrecognized request argument supplied: continue_final_message")
        return choices(body)

    with serving() as server, engine(server) as opened:
        server.answer = refuses
        (going_on,), (fresh,) = opened.complete([begun("x", "y"), chat("x")], Sampling(seed=1))
    assert fresh.failure is None
    assert going_on.failure is not None
    assert "does not go on from a message by the assistant" in going_on.failure.reason
    assert "Serve the model with vLLM" in going_on.failure.reason
