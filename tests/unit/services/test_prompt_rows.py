"""Rows of a file as prompts, without a database."""

import hashlib
import json
from json.encoder import encode_basestring
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.prompts.importing import noted
from backend.errors import InvalidInput
from backend.pipeline import adopt
from backend.services.prompts.canonical import canonical_turn, digest_of
from backend.services.prompts.formats import recognise
from backend.services.prompts.mapping import Mapping, check_mapping, from_json
from backend.services.prompts.row_completions import UNREAD
from backend.services.prompts.rows import BadRow, parse
from backend.services.prompts.staging import drawn_held_out

PROMPT = Mapping(prompt="prompt", answer="answer")
CHAT = Mapping(messages="messages", answer="answer")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5))
def test_canonical_json_is_what_json_writes_with_sorted_keys(texts: list[str]) -> None:
    messages: Any = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    written = json.dumps(messages, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    canonical = f"[{','.join(canonical_turn(turn['role'], encode_basestring(turn['content'])) for turn in messages)}]"
    assert canonical == written
    assert digest_of(canonical).hex() == adopt.content_hash(messages) == hashlib.sha256(written.encode()).hexdigest()


@given(st.text())
def test_any_text_is_either_kept_exactly_or_refused_with_a_reason(text: str) -> None:
    row = {"prompt": text, "answer": text, "m": {"deep": [text]}}
    if not text.strip() or "\x00" in text or any(0xD800 <= ord(c) < 0xE000 for c in text):
        with pytest.raises(BadRow, match=r"is empty|NUL|not valid UTF-8"):
            parse(row, PROMPT)
        return
    prompt = parse(row, PROMPT)
    assert json.loads(prompt.messages) == [{"role": "user", "content": text}]
    assert (prompt.text, prompt.answer) == (text, text)
    assert json.loads(prompt.extra) == {"m": {"deep": [text]}}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("x", "x"),
        (" ", None),
        (None, None),
        (42, "42"),
        (4.5, "4.5"),
        (True, "true"),
        ([{"role": "assistant", "content": "y"}], "y"),
    ],
)
def test_answers_become_text(given: Any, kept: str | None) -> None:
    assert parse({"prompt": "p", "answer": given}, PROMPT).answer == kept


@pytest.mark.parametrize("given", [["a"], {"a": 1}, [{"role": "user", "content": "y"}]])
def test_an_answer_that_is_no_text_is_a_bad_row(given: Any) -> None:
    with pytest.raises(BadRow, match="column 'answer' is"):
        parse({"prompt": "p", "answer": given}, PROMPT)


def test_two_answers_that_differ_are_a_bad_row() -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    assert parse({"messages": turns, "answer": "a"}, CHAT).answer == "a"
    with pytest.raises(BadRow, match="two different answers"):
        parse({"messages": turns, "answer": "b"}, CHAT)


def test_messages_may_be_json_text_as_in_a_csv() -> None:
    prompt = parse({"messages": '[{"role": "user", "content": "q"}]'}, CHAT)
    assert prompt.text == "q"
    assert prompt.messages == '[{"role":"user","content":"q"}]'


def test_metadata_are_the_other_columns_or_those_chosen() -> None:
    row = {"prompt": "p", "answer": "a", "x": 1, "y": None, "z": "2"}
    assert json.loads(parse(row, PROMPT).extra) == {"x": 1, "z": "2"}
    assert json.loads(parse(row, Mapping(prompt="prompt", metadata=("z",))).extra) == {"z": "2"}
    with pytest.raises(BadRow, match="metadata cannot be kept"):
        parse({"prompt": "p", "x": float("nan")}, PROMPT)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


COMPLETIONS = Mapping(prompt="prompt", completion="c")


@pytest.mark.parametrize("depth", [64, 300, 5_000])
def test_what_is_kept_beside_a_text_is_bounded_in_depth(depth: int) -> None:
    assert json.loads(parse({"prompt": "p", "m": nested(63)}, PROMPT).extra) == {"m": nested(63)}
    with pytest.raises(BadRow, match="the metadata is nested more than 64 deep"):
        parse({"prompt": "p", "m": nested(depth)}, PROMPT)
    with pytest.raises(BadRow, match="said of a completion is nested more than 64 deep"):
        parse({"prompt": "p", "c": {"text": "x", "m": nested(depth)}}, COMPLETIONS)


@pytest.mark.parametrize("nothing", [None, [], {}, "", " ", [None], ["", None]])
def test_no_completion_is_no_reason_to_leave_a_row_out(nothing: Any) -> None:
    assert parse({"prompt": "p", "c": nothing}, COMPLETIONS).completions == ()
    pair = Mapping(prompt="prompt", chosen="chosen", rejected="rejected")
    (left,) = (
        parse({"prompt": "p", "chosen": "x", "rejected": nothing if nothing != [None] else []}, pair).completions
        if nothing != ["", None]
        else parse({"prompt": "p", "chosen": "x"}, pair).completions
    )
    assert left.text == "x"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"score": "N/A"}, {UNREAD: "N/A"}),
        ({"score": "N/A", "rating": 4}, {UNREAD: "N/A", "rating": 4, "score": 4.0}),
        ({"score": ""}, {UNREAD: ""}),
        ({"score": None}, {}),
        ({"score": "8.5"}, {"score": 8.5}),
        ({"rating": "N/A"}, {"rating": "N/A"}),
    ],
)
def test_a_score_is_a_number_or_is_said_to_be_none(given: dict[str, Any], kept: dict[str, Any]) -> None:
    (completion,) = parse({"prompt": "p", "c": {"text": "x"} | given}, COMPLETIONS).completions
    assert completion.extra == {"column": "c"} | kept
    words = noted(completion.extra)
    assert ("is no number" in words) == (UNREAD in kept)
    assert ("score 4" in words or "score 8.5" in words) == ("score" in kept)


@pytest.mark.parametrize("score", [10**400, "9" * 400, "1e999", "high", [1]])
def test_a_score_that_no_float_holds_is_a_bad_row(score: Any) -> None:
    with pytest.raises(BadRow, match="a score is a"):
        parse({"prompt": "p", "c": {"text": "x", "score": score}}, COMPLETIONS)
    with pytest.raises(BadRow, match="a score is a"):
        parse({"prompt": "p", "c": "x", "s": score}, Mapping(prompt="prompt", completion="c", score="s"))


def test_what_is_noted_is_shown_whatever_it_is() -> None:
    for value in ("N/A", None, True, [1], {"a": 1}, 8.5):
        assert noted({"score": value, "label": value, "chosen": value})


@pytest.mark.parametrize(
    ("columns", "mapping"),
    [
        (["Messages", "prompt"], Mapping(messages="Messages")),
        (["text", "completion", "id"], Mapping(prompt="text", answer="completion", completion="completion")),
        (["prompt", "text"], Mapping(prompt="prompt")),
        (["who"], None),
    ],
)
def test_the_names_of_the_columns_suggest_a_mapping(columns: list[str], mapping: Mapping | None) -> None:
    result = recognise(columns, [])
    assert (result and result[1]) == mapping


def test_a_mapping_is_read_from_json() -> None:
    assert from_json('{"prompt": "q", "context": "c", "metadata": []}') == Mapping(
        prompt="q", context=("c",), metadata=()
    )
    assert from_json(" ") is None
    for text, words in (
        ("[]", "it is no object"),
        ("{", "it is no JSON"),
        ('{"promt": "q"}', "promt"),
        ('{"prompt": 1}', "prompt"),
    ):
        with pytest.raises(InvalidInput, match=words):
            from_json(text)


@pytest.mark.parametrize(
    "mapping", [Mapping(), Mapping(messages="a", prompt="b"), Mapping(prompt="c"), Mapping(prompt="a", metadata=("c",))]
)
def test_a_mapping_that_does_not_fit_names_the_columns(mapping: Mapping) -> None:
    with pytest.raises(InvalidInput, match="a, b"):
        check_mapping(mapping, ["a", "b"])


def test_the_held_out_share_is_met_and_grows_with_the_share() -> None:
    digests = [hashlib.sha256(str(i).encode()).digest() for i in range(4000)]
    tenth = {d for d in digests if drawn_held_out(0.1, 1)(d)}
    half = {d for d in digests if drawn_held_out(0.5, 1)(d)}
    assert 320 <= len(tenth) <= 480
    assert tenth < half
    assert tenth != {d for d in digests if drawn_held_out(0.1, 2)(d)}
