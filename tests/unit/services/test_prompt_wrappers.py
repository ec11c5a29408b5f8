"""JSON objects that wrap rows, and rows that have lists of their own: which is which, and what is said of neither."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.services.prompts.files import limits, open_file

RESULT = {"text": "A", "score": 1}
LISTS = ("samples", "results", "tasks", "items", "data", "test", "questions")


def rows(tmp_path: Path, content: str, name: str = "a.jsonl") -> list[Any]:
    path = tmp_path / name
    path.write_text(content)
    return [row for _, row in open_file(path).rows()]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("prompt", ["prompt", "Question", "messages", "chosen"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("number", [1, 2])
def test_a_row_with_a_list_of_its_own_stays_a_row(
    tmp_path: Path, name: str, prompt: str, indent: int | None, number: int
) -> None:
    for row in ({"id": 1, name: [RESULT], prompt: "Q?"}, {prompt: "Q?", name: [RESULT, RESULT]}, {name: [], prompt: 1}):
        content = "\n".join([json.dumps(row, indent=indent)] * number)
        for suffix in ("jsonl", "json"):
            assert rows(tmp_path, content, f"a.{suffix}") == [row] * number, content


def test_lines_that_each_have_a_list_are_lines_however_long_the_first_is(tmp_path: Path) -> None:
    long = {"id": 1, "results": [{"text": "A" * 100_000}]}
    assert rows(tmp_path, f"{json.dumps(long)}\n\n{json.dumps(long)}\n") == [long, long]
    assert rows(tmp_path, json.dumps(long)) == long["results"]
    assert rows(tmp_path, json.dumps({"version": 1, "data": [RESULT, RESULT]}, indent=1), "a.json") == [RESULT, RESULT]


def test_a_wrapper_longer_than_a_row_is_read_and_one_that_may_be_a_row_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ROW_BYTES", 200)
    monkeypatch.setattr(limits, "CHUNK", 16)
    inner = [{"text": f"t{n}"} for n in range(50)]
    assert rows(tmp_path, json.dumps({"version": 1, "data": inner}), "a.json") == inner
    with pytest.raises(InvalidInput, match="beside the list 'data' it has 'prompt'"):
        rows(tmp_path, json.dumps({"version": 1, "data": inner, "prompt": "Q?"}), "a.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{\n[1]: 2}", "a name in double quotes is due, this is a list"),
        ("{\n{}: 2}", "this is an object"),
        ("{\n1: 2}", "this is a number"),
        ("{\nnull: 2}", "this is null"),
        ('{"data": [{"a": 1}], [2]: 3}', "a name in double quotes is due"),
        ('"only a text"', r"a \[ or \{ is due here"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        rows(tmp_path, content, "a.json")


@pytest.mark.parametrize(
    "bad",
    [
        '{\n "prompt": "a",\n "prompt": "b",\n "k": {"z": 1}\n}',
        '{\n "prompt": "a",\n "k": {"prompt": 1, "prompt": 2},\n "l": {"z": 1}\n}',
        '{\n "results": [{"prompt": 1, "prompt": 2}],\n "prompt": "a"\n}',
    ],
)
def test_a_key_that_stands_twice_refuses_the_row_in_every_layout(
    tmp_path: Path, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "the key 'prompt' stands twice in one object; keep one of them"
    good = '{\n "prompt": "c"\n}'
    assert rows(tmp_path, f"{bad}\n{good}\n{bad}", "a.json") == [text, {"prompt": "c"}, text]
    assert rows(tmp_path, f"[{bad}, {good}]", "a.json") == [text, {"prompt": "c"}]
    assert rows(tmp_path, f'{{"data": [{bad}, {good}]}}', "a.json") == [text, {"prompt": "c"}]
    flat = bad.replace("\n", "")
    assert rows(tmp_path, f"{flat}\n{flat}\n") == [text, text]
    monkeypatch.setattr(limits, "ROW_BYTES", 10)
    assert rows(tmp_path, '{\n "a": {"b": 1, "b": 2},\n "c": "dddddddddddddddddddd"\n}', "a.json") == [
        "the key 'b' stands twice in one object; keep one of them"
    ]


def test_a_list_of_texts_is_a_list_of_prompts(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content, kind in (('["Hi, you", "Bye"]', "json"), ('\n[\n "Hi, you",\n"Bye"]', "json")):
        path.write_text(content)
        source = open_file(path)
        assert source.kind == kind
        assert list(source.rows()) == [(1, {"text": "Hi, you"}), (2, {"text": "Bye"})]
        assert source.notes.sentences() == ("The file is a list of texts; each is a row with one column, text",)
    assert rows(tmp_path, '["Hi"]', "noname") == [{"text": "Hi"}]
    assert rows(tmp_path, '{"prompts": ["Hi", "Bye"]}') == [{"text": "Hi"}, {"text": "Bye"}]
    assert rows(tmp_path, "[1, 2]", "a.json") == ["a JSON object is needed, this is a number"] * 2
    assert rows(tmp_path, '[{"a": 1}, "Hi"]', "a.json") == [{"a": 1}, "a JSON object is needed, this is text"]
    assert rows(tmp_path, '["Hi"] is a list\n', "a.txt") == [{"text": '["Hi"] is a list'}]
