"""What is read quickly is read as the general reader reads it, and what is not sure is left to that."""

import itertools
from typing import Any

import pytest

from backend.services.prompts import plain_rows
from backend.services.prompts.files.limits import NumberText, WrittenNumber
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.rows import BadRow, parse

TEXTS: list[Any] = [
    "What is 1+1?",
    'Say "it" \\ then;\t=1+1\r\nand \u2028 \x01 \x7f \N{GRINNING FACE}',
    "Ünïcode ﬁne \u00ad\u200b \u3042 İ ß",
    "Human: hi\n\nAssistant: ho",
    "[1] is a list",
    '[{"role": "user", "content": "x"}]',
    "\u00a0begins with a blank",
    "\u2003",
    "\x1c\x1d",
    " ",
    "",
    None,
    "nul \x00",
    "half \ud83d",
    "A",
    "array",
    "x" * 10_000,
    5,
    -(10**30),
    True,
    WrittenNumber(1.5),
    NumberText("1e999"),
    ["a"],
    {"a": 1},
]
for number in TEXTS:
    if isinstance(number, WrittenNumber):
        number.text = "1.50"
MAPPINGS = [
    Mapping(prompt="prompt", answer="answer"),
    Mapping(prompt="prompt"),
    Mapping(prompt="prompt", answer="answer", metadata=("note", "none", "prompt")),
    Mapping(prompt="prompt", answer="answer", metadata=()),
]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_row_is_read_as_the_general_reader_reads_it_or_left_to_it(mapping: Mapping) -> None:
    read, num_plain = plain_rows.reader(mapping), 0
    for prompt, answer, note in itertools.product(TEXTS, TEXTS, TEXTS):
        row = {"prompt": prompt, "answer": answer, "note": note, 'odd "name" \\ ü': note}
        plain = read(row)
        if plain is None:
            continue
        num_plain += 1
        whole = parse(row, mapping)
        assert plain == tuple(whole)[:7]
        assert not whole.completions
        assert not whole.ignored
    assert num_plain > 50


@pytest.mark.parametrize("external_id", [*TEXTS, "a b", "x" * 200, "x" * 201, 10**199, 10**200, " padded "], ids=repr)
def test_an_external_id_is_read_as_the_general_reader_reads_it_or_left_to_it(external_id: Any) -> None:
    mapping = Mapping(prompt="prompt", answer="answer", external_id="id")
    row = {"prompt": "1+1?", "answer": "2", "id": external_id, "level": 3}
    plain = plain_rows.reader(mapping)(row)
    try:
        whole = parse(row, mapping)
    except BadRow:
        assert plain is None
    else:
        assert plain in (None, tuple(whole)[:7])
    assert (plain is not None) == (external_id in ("A", "array", 5, -(10**30), "x" * 200, 10**199))


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "half \ud83d"},
        {"prompt": "nul \x00"},
        {"prompt": "fine", "answer": "half \ud83d"},
        {"prompt": "fine", "note": "nul \x00"},
        {"prompt": "fine", "half \ud83d": "a name"},
        {"prompt": "fine", "image": "a.png"},
        {"prompt": "\u3000"},
    ],
)
def test_a_bad_row_is_left_to_the_general_reader_which_says_why(row: dict[str, Any]) -> None:
    assert plain_rows.reader(MAPPINGS[0])(row) is None
    with pytest.raises(BadRow):
        parse(row, MAPPINGS[0])


def test_what_needs_more_than_one_column_is_left_to_the_general_reader() -> None:
    for mapping in (
        Mapping(messages="prompt"),
        Mapping(prompt="prompt", system="note"),
        Mapping(prompt="prompt", completion="answer"),
    ):
        assert plain_rows.reader(mapping)({"prompt": "x", "answer": "y", "note": "z"}) is None
