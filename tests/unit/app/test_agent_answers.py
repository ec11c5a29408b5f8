"""Answers to agents: cut to a size, and what a call is refused for before it is made."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from app.agents import calls
from app.agents.calls import TOOLS
from app.agents.fitting import written
from app.agents.tool import ToolCall, conversation, untrusted
from app.cli.agents import mcp
from backend.errors import InvalidInput

HARD = "\x01"
"""JSON writes six characters for it."""


def test_a_long_answer_loses_the_ends_of_its_texts() -> None:
    item = {"id": 1, "members": [untrusted(HARD * 30_000, 20_000) for _ in range(8)], "short": untrusted("a" * 60)}
    text = written(item, 200_000)
    assert text is not None
    assert len(text) <= 200_000
    content = json.loads(text)
    assert content["short"] == {"untrusted_text": "a" * 60}
    assert content["members"] == [{"untrusted_text": HARD * 2_000, "is_cut_from_characters": 30_000}] * 8
    assert written({"short": "a"}, 200_000) == '{"short": "a"}'
    assert written(["a" * 200], 200) is None


def test_what_was_done_is_no_refusal_however_long_its_answer() -> None:
    class Reading(ToolCall):
        title = "Read"

    class Changing(ToolCall):
        title = "Change"
        changes = True

    long = ["a" * calls.MOST_CHARACTERS]
    assert json.loads(calls._written(Changing(), long))["is_done"]
    with pytest.raises(InvalidInput, match="Ask for fewer"):
        calls._written(Reading(), long)


def test_the_rest_of_a_text_and_the_first_messages_of_many() -> None:
    assert untrusted("abcdef", 2) == {"untrusted_text": "ab", "is_cut_from_characters": 6}
    assert untrusted("abcdef", 2, offset=4) == {"untrusted_text": "ef", "from_character": 4}
    reply = conversation([{"role": "system" if n == 0 else "<role>", "content": str(n)} for n in range(30)])
    assert reply[0] == {"role": "system", "untrusted_text": "0"}
    assert reply[4] == {"left_out_messages": 10}
    assert [reply[n] for n in (5, -1)] == [{"role": "other", "untrusted_text": n} for n in ("14", "29")]


@pytest.mark.parametrize("value", ["5", 5.0, True])
def test_no_tool_takes_anything_but_a_number_for_a_row(value: Any) -> None:
    """The audit trail looks the project of a call up by these."""
    ids = [(name, field) for name, tool in TOOLS.items() for field in tool.model_fields if field.endswith("_id")]
    ids = [(name, field) for name, field in ids if field != "client_id"]
    assert len(ids) > 10
    for name, field in ids:
        with pytest.raises(ValidationError) as refused:
            TOOLS[name].model_validate({field: value})
        assert [entry for entry in refused.value.errors() if entry["loc"][0] == field], (name, field)


@pytest.mark.parametrize("url", [None, "", " "])
def test_a_token_without_an_address_starts_nothing(url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_TOKEN", "rondo_x")
    with pytest.raises(InvalidInput, match="RONDO_URL is not"):
        mcp(url)
