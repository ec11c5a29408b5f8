"""Forms, weighed words, further fields and usage of the engine for OpenAI-compatible servers."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from backend.engines import Ability, can
from backend.engines._asking import form_body
from backend.engines._top_logprobs import weights
from backend.errors import MissingPrerequisite
from backend.values import FailureKind, Sampling
from backend.values.replies import ReplyForm, Usage, Weights
from tests.capable import FORMS, P_NO, P_YES, capable, used
from tests.endpoint import Server, chat, engine, refusal, serving

CHOICE = ReplyForm(choices=("Yes", "No"))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.answer = partial(capable, forms=FORMS)
        yield running


def test_a_form_is_asked_for_in_the_words_of_the_server() -> None:
    schema = {"type": "object", "properties": {"score": {"enum": [1, 2]}}}
    assert form_body(CHOICE, "structured_outputs") == {"structured_outputs": {"choice": ["Yes", "No"]}}
    assert form_body(ReplyForm(pattern="a+"), "guided") == {"guided_regex": "a+"}
    assert form_body(ReplyForm(schema=schema), "guided") == {"guided_json": schema}
    asked = form_body(ReplyForm(schema=schema), "response_format")["response_format"]
    assert (asked["type"], asked["json_schema"]["schema"]) == ("json_schema", schema)
    assert form_body(ReplyForm(pattern="a+"), "response_format") == {}
    assert form_body(CHOICE, "") == {}


@pytest.mark.parametrize("how", ["structured_outputs", "guided", "response_format"])
def test_a_choice_comes_back_as_the_text_alone(server: Server, how: str) -> None:
    with engine(server, forced=how) as opened:
        (several,) = opened.complete_as(CHOICE, [chat("a")], Sampling(n=8, seed=1))
    assert {entry.text for entry in several} == {"Yes", "No"}
    assert [body.get("n") for body in server.bodies] == [8]


def test_where_no_form_is_offered_the_request_is_the_usual_one(server: Server) -> None:
    with engine(server) as opened:
        formed = opened.complete_as(CHOICE, [chat("a")], Sampling(seed=1))
        assert formed == opened.complete([chat("a")], Sampling(seed=1))
    assert server.bodies[0] == server.bodies[1]


def test_a_form_that_is_refused_is_left_out_and_said(server: Server) -> None:
    server.answer = lambda body: (
        refusal(400, "The grammar backend is off.") if "structured_outputs" in body else capable(body)
    )
    with engine(server, forced="structured_outputs") as opened:
        ((entry,),) = opened.complete_as(CHOICE, [chat("a")], Sampling(seed=1))
        assert entry.text.startswith("a/")
        (note,) = opened.notes()
    assert "replies are held to no form" in note


def test_words_are_weighed_by_the_likeliest_first_tokens(server: Server) -> None:
    """The server says p(Yes) = 0.6 and p(No) = 0.2."""
    with engine(server, top_logprobs=True) as opened:
        assert can(opened.abilities, Ability.weigh)
        (weight,) = opened.weigh([chat("a")], ("Yes", "No"))
    assert [math.exp(logprob) for logprob in weight.logprobs] == pytest.approx([P_YES, P_NO])
    assert len(server.bodies) == 1
    with engine(server) as opened, pytest.raises(MissingPrerequisite, match="probabilities of a few words"):
        opened.weigh([chat("a")], ("Yes", "No"))


def test_the_limit_is_renamed_also_where_nothing_is_written(server: Server) -> None:
    server.answer = lambda body: (
        refusal(400, "Use 'max_completion_tokens' instead of 'max_tokens'.", param="max_tokens")
        if "max_tokens" in body
        else capable(body)
    )
    with engine(server, top_logprobs=True, concurrency=1) as opened:
        result = opened.weigh([chat("a"), chat("b")], ("Yes", "No"))
        assert [math.exp(logprob) for logprob in result[1].logprobs] == pytest.approx([P_YES, P_NO])
        assert "max_tokens is sent as max_completion_tokens" in opened.notes()[0]
    assert ["max_tokens" in body for body in server.bodies] == [True, False, False]
    with engine(server, prompt_logprobs=True) as opened:
        assert opened.read([chat("a")], ["Yes"])[0].logprobs == (-0.5,) * 3


def test_who_reads_weighs_whole_words(server: Server) -> None:
    """A token a letter of -0.5 each: `Yes` has three, `No` two."""
    with engine(server, prompt_logprobs=True, top_logprobs=True) as opened:
        assert opened.weigh([chat("a")], ("Yes", "No")) == [Weights((-1.5, -1.0))]
        assert opened.weigh([], ("Yes", "No")) == []


def test_a_word_that_is_not_among_the_likeliest_is_no_guess() -> None:
    result = weights({"Yes": -0.1, "I": -3.0}, ("Yes", "No"))  # `No` may have up to exp(-3), too much to leave out
    assert result.failure is not None
    assert result.failure.kind is FailureKind.reply
    assert "likeliest one of 'Yes', 'I', so 'No' cannot be weighed" in result.failure.reason
    assert weights({"Yes": -0.1, "I": -9.0}, ("Yes", "No")) == Weights((-0.1, -9.0))
    assert weights({"I": -0.1, "The": -9.0}, ("Yes", "No")).failure is not None


def test_further_fields_are_sent_and_replace_none_of_ours(server: Server) -> None:
    extra = {"min_p": 0.05, "chat_template_kwargs": {"enable_thinking": False}}
    with engine(server, extra=extra) as opened:
        opened.complete([chat("a")], Sampling(seed=1))
    assert {name: server.bodies[0][name] for name in extra} == extra


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ({"seed": 3}, "'seed' is a field that Rondo sends itself"),
        ({"stream": True}, "a field that Rondo sends itself"),
        ({"api_key": "x"}, "looks like the name of a key"),
        ({"provider": {"headers": {"Authorization": "x"}}}, "looks like the name of a key"),
        ({"key": "0123456789abcdef0123456789abcdef"}, "looks like the name of a key"),
        ({"api_key_2": "x"}, "looks like the name of a key"),
        ({"APIKey": "x"}, "looks like the name of a key"),
        ({"pwd": "x"}, "looks like the name of a key"),
        ({"accessTokenValue": "x"}, "looks like the name of a key"),
        ({"user": "sk-abcdef"}, "looks like a key"),
        ({"a": "x" * 4000}, "more than 4,000 characters"),
        ({"a": float("nan")}, "not finite"),
    ],
)
def test_further_fields_hold_no_secret_and_nothing_of_ours(server: Server, extra: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        engine(server, extra=extra)


def test_fields_of_tokens_and_caches_are_no_keys(server: Server) -> None:
    names = (
        "bos_token",
        "stop_token",
        "stop_token_ids",
        "skip_special_tokens",
        "prompt_cache_key",
        "thinking_token_budget",
    )
    assert engine(server, extra=dict.fromkeys(names, "x")).extra == dict.fromkeys(names, "x")


def test_what_requests_take_is_counted_until_it_is_asked_for(server: Server) -> None:
    with engine(server) as opened:
        opened.complete([chat("a"), chat("b")], Sampling(n=4, seed=1))
        numbers = used({"messages": chat("a"), "n": 4})
        assert opened.take_usage() == Usage(2, 2 * numbers["prompt_tokens"], 2 * numbers["completion_tokens"])
        assert opened.take_usage() == Usage()
        server.answer = lambda body: (200, {}, {"choices": capable(body)[2]["choices"]})
        opened.complete([chat("a")], Sampling(seed=1))
        assert opened.take_usage() == Usage(1, 0, 0, uncounted=1)
