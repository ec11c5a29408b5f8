"""Tokens of rows by a real tokenizer: one token a character, and four of the template around prompt and answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.engines._row_tokens import RowTokens, counted
from backend.errors import InvalidInput
from tests.tiny import make_tiny_model

pytestmark = pytest.mark.large_library
AROUND = 4
"""<|bos|> <|user|> ... <|assistant|> ... <|eos|>"""


def chat(prompt: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


def lines(*rows: Any) -> list[str]:
    return [json.dumps(row) for row in rows]


def test_of_a_pair_the_longer_side_counts_and_texts_stand_alone(tmp_path: Path) -> None:
    model = str(make_tiny_model(tmp_path / "tiny", context=12))
    rows = lines([chat("1", "2")], [chat("1", "234"), chat("1", "2345678")], [chat("12", "3456 8")], "12345")
    assert counted(model, rows) == RowTokens(
        rows=4,
        total=(AROUND + 2) + (AROUND + 8) + (AROUND + 8) + 5,
        longest=AROUND + 8,
        context=12,
        over=0,
        refused=0,
        reason="",
    )
    longer = counted(model, lines([chat("1", "23456789")], [chat("1", "2")] * 2))
    assert (longer.over, longer.longest) == (1, 13)


def test_what_the_template_refuses_is_counted_apart(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny")
    template = folder / "chat_template.jinja"
    strict = "{% if messages[0].content == '9' %}{{ raise_exception('no nines') }}{% endif %}"
    template.write_text(strict + template.read_text())
    row_tokens = counted(str(folder), lines([chat("1", "2"), chat("9", "2")], [chat("1", "2")]))
    assert (row_tokens.rows, row_tokens.refused, row_tokens.longest) == (2, 1, AROUND + 2)
    assert "no nines" in row_tokens.reason


def test_without_a_model_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no model folder"):
        counted(str(tmp_path / "gone"), [])
