"""Rows at the edges of JSON: what exactly is kept of them, or why they are left out."""

import json
from pathlib import Path

import pytest

from backend.services.prompts.files import read
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.rows import BadRow, parse

PROMPT = Mapping(prompt="prompt", answer="answer")
# A line -> messages, text, answer, metadata and the first digits of the hash; or how the reason begins; or None for no row.
EDGES: list[tuple[bytes, tuple[str | None, ...] | str | None]] = [
    (
        b'{"prompt": "a", "prompt": "b", "answer": "1", "answer": "2", "k": 1, "k": 2}',
        "the key 'prompt' stands twice in one object; keep one of them",
    ),
    (b'{"prompt": "a", "k": NaN}', ('[{"role":"user","content":"a"}]', "a", None, "{}", "5168bd63")),
    (
        b'{"prompt": "a", "k": -Infinity}',
        ('[{"role":"user","content":"a"}]', "a", None, '{"k": "-Infinity"}', "5168bd63"),
    ),
    (b'{"prompt": "a", "k": 1e400}', ('[{"role":"user","content":"a"}]', "a", None, '{"k": "1e400"}', "5168bd63")),
    (b'{"prompt": "a", "answer": 1e400}', ('[{"role":"user","content":"a"}]', "a", "1e400", "{}", "5168bd63")),
    (
        b'{"prompt": "a", "answer": 123456789012345678901234567890, "k": -18446744073709551617}',
        (
            '[{"role":"user","content":"a"}]',
            "a",
            "123456789012345678901234567890",
            '{"k": -18446744073709551617}',
            "5168bd63",
        ),
    ),
    (
        b'{"prompt": "a", "answer": -0, "k": [-0.0, 1E5, 0.1, 1.0, 1e-7, 123456789.123456789]}',
        (
            '[{"role":"user","content":"a"}]',
            "a",
            "0",
            '{"k": [-0.0, 100000.0, 0.1, 1.0, 1e-07, "123456789.123456789"]}',
            "5168bd63",
        ),
    ),
    (
        b'{"prompt": "half \\ud800"}',
        "bad: the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8",
    ),
    (
        b'{"prompt": "a", "answer": "\\udfff"}',
        "bad: the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8",
    ),
    (
        b'{"prompt": "a", "k": "\\ud83d"}',
        "bad: the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8",
    ),
    (
        b'{"prompt": "a", "\\udc00": 1}',
        "bad: the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8",
    ),
    (
        b'{"prompt": "\\ud83d\\ude42 \\u00e9", "answer": "\\u20ac", "k": "\\u2028"}',
        ('[{"role":"user","content":"🙂 é"}]', "🙂 é", "€", '{"k": "\u2028"}', "015a1c45"),
    ),
    (b'{"prompt": "nul \\u0000"}', "bad: contains a NUL character, which the database cannot hold; remove it"),
    (
        b'{"prompt": "a", "answer": "\\u0000"}',
        "bad: contains a NUL character, which the database cannot hold; remove it",
    ),
    (
        b'{"prompt": "a", "k": "\\u0000"}',
        "bad: the metadata contains a NUL character, which the database cannot hold; remove it",
    ),
    (
        b'{"prompt": "a", "\\u0000": 1}',
        "bad: the metadata contains a NUL character, which the database cannot hold; remove it",
    ),
    (
        b'{"prompt": "a", "k": {"d": ["\\u0000"]}}',
        "bad: the metadata contains a NUL character, which the database cannot hold; remove it",
    ),
    (
        b'{"prompt": "a", "k": "\\\\u0000"}',
        ('[{"role":"user","content":"a"}]', "a", None, '{"k": "\\\\u0000"}', "5168bd63"),
    ),
    (b'{"prompt": "tab\there"}', "broken JSON: Invalid control character at column 16"),
    (
        b'{"prompt": "esc \\u001b \\u007f \\t \\n \\r \\b \\f \\/ \\" \\\\", "k": "\\u001b\\u007f\\t\\"\\\\"}',
        (
            '[{"role":"user","content":"esc \\u001b \x7f \\t \\n \\r \\b \\f / \\" \\\\"}]',
            'esc \x1b \x7f \t \n \r \x08 \x0c / " \\',
            None,
            '{"k": "\\u001b\x7f\\t\\"\\\\"}',
            "82d32587",
        ),
    ),
    (b'\xef\xbb\xbf{"prompt": "a"}', "broken JSON: Expecting value at column 1"),
    (b' \t{"prompt": "a"} \x0b\x0c\r', ('[{"role":"user","content":"a"}]', "a", None, "{}", "5168bd63")),
    (b'\xc2\xa0{"prompt": "a"}\xe2\x80\xa8', ('[{"role":"user","content":"a"}]', "a", None, "{}", "5168bd63")),
    (b'{"prompt": "caf\xe9"}', "not UTF-8 at byte 16; save the file as UTF-8"),
    (b'{"prompt": "a"} {"prompt": "b"}', "broken JSON: more text after the object, at column 16"),
    (b'{"prompt": "a",}', "broken JSON: "),
    (b"{'prompt': 'a'}", "broken JSON: Expecting property name enclosed in double quotes at column 2"),
    (b"{prompt", "broken JSON: Expecting property name enclosed in double quotes at column 2"),
    (b"null", "a JSON object is needed, this is null"),
    (b'"a"', "a JSON object is needed, this is text"),
    (b"true", "a JSON object is needed, this is true or false"),
    (b"[]", "a JSON object is needed, this is a list"),
    (b'{"prompt": 5}', "bad: column 'prompt' is a number, not text or a list of messages"),
    (b'{"prompt": true}', "bad: column 'prompt' is true or false, not text or a list of messages"),
    (b'{"prompt": null}', "bad: column 'prompt' is missing or empty"),
    (b'{"prompt": "\\u00a0"}', "bad: column 'prompt' is empty"),
    (b'{"Prompt": "a"}', "bad: column 'prompt' is missing or empty"),
    (b"{}", "bad: column 'prompt' is missing or empty"),
    (
        b'{"prompt": "a", "answer": "", "k": "", "n": null, "t": true, "f": false, "i": 7, "l": [], "o": {}}',
        (
            '[{"role":"user","content":"a"}]',
            "a",
            None,
            '{"k": "", "t": true, "f": false, "i": 7, "l": [], "o": {}}',
            "5168bd63",
        ),
    ),
    (b'{"prompt": "a", "answer": [1]}', "bad: column 'answer' is a list; an answer is text or one assistant message"),
    (b'{"prompt": "a", "answer": true}', ('[{"role":"user","content":"a"}]', "a", "true", "{}", "5168bd63")),
    (b'{"prompt": "a", "answer": 4.50}', ('[{"role":"user","content":"a"}]', "a", "4.50", "{}", "5168bd63")),
    (
        b'{"prompt": "a", "": 1, "k": {"b": 1, "a": [null, "x"]}}',
        ('[{"role":"user","content":"a"}]', "a", None, '{"": 1, "k": {"b": 1, "a": [null, "x"]}}', "5168bd63"),
    ),
    (
        b'{"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "r\\n"}], "k": 1}',
        ('[{"role":"user","content":"q"}]', "q", "r\n", '{"k": 1}', "49b16c13"),
    ),
    (
        b'{"prompt": [{"role": "user", "content": "q\\ud800"}]}',
        "bad: the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8",
    ),
    (
        b'{"prompt": [{"role": "user", "content": "q", "name": "x"}]}',
        ('[{"role":"user","content":"q"}]', "q", None, "{}", "49b16c13"),
    ),
    (
        b'{"prompt": "a", "answer": [{"role": "assistant", "content": "r"}]}',
        ('[{"role":"user","content":"a"}]', "a", "r", "{}", "5168bd63"),
    ),
]


def outcome(path: Path) -> tuple[str | None, ...] | str | None:
    """What becomes of the second line."""
    row = dict(read(path)).get(2)
    if row is None or isinstance(row, str):
        return row
    try:
        prompt = parse(row, PROMPT)
    except BadRow as error:
        return f"bad: {error}"
    return prompt.messages, prompt.text, prompt.answer, prompt.extra, prompt.digest.hex()[:8]


@pytest.mark.parametrize(("line", "expected"), EDGES)
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_at_the_edge_of_json(
    tmp_path: Path, line: bytes, expected: tuple[str | None, ...] | str | None, end: bytes
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"x": 1}' + (end or b"\n") + line + end)
    texts = outcome(path)
    assert texts == expected or (isinstance(texts, str) and isinstance(expected, str) and texts.startswith(expected))


@pytest.mark.parametrize(
    "value", [1, 0, -7, 2**70, True, False, 'é\u2028\x1b"\\', "", 1.5, [], {}, ["a", None], {"b": 1, "a": {"c": "d"}}]
)
def test_metadata_are_kept_as_json_writes_them(value: object) -> None:
    row = {"prompt": "p", "first": "1", 'k"é\n': value, "none": None, "last": 3}
    kept = {name: row[name] for name in row if name not in ("prompt", "none")}
    assert parse(row, PROMPT).extra == json.dumps(kept, ensure_ascii=False)


def test_a_line_of_a_megabyte_is_kept(tmp_path: Path) -> None:
    text = 'é"\\ 🙂' * 150_000
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"prompt": text, "answer": text, "k": text}, ensure_ascii=False) + "\n")
    ((line, row),) = read(path)
    assert isinstance(row, dict)
    prompt = parse(row, PROMPT)
    assert (line, prompt.text, prompt.answer, json.loads(prompt.extra)) == (1, text, text, {"k": text})
    assert json.loads(prompt.messages) == [{"role": "user", "content": text}]
