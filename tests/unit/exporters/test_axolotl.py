"""Axolotl's files, written by hand from its docs."""

import json

import yaml

from backend.exporters import TrainingRow
from backend.exporters.axolotl import Axolotl
from backend.values import DatasetType

ASKED = [
    {"role": "user", "content": "2+2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "3+3?"},
]
GOOD, BAD = ({"role": "assistant", "content": text} for text in ("6", "7"))
ROW = TrainingRow(ASKED, [GOOD], [BAD])


def test_only_the_answer_is_learned() -> None:
    (messages,) = Axolotl().values(ROW, DatasetType.prompt_completion)
    assert [message["train"] for message in json.loads(messages)] == [False, False, False, True]
    asked, chosen, rejected = Axolotl().values(ROW, DatasetType.preference)
    assert (asked, json.loads(chosen), json.loads(rejected)) == (ASKED, GOOD, BAD)


def test_its_yaml_fails_on_rows_that_are_too_long() -> None:
    pairs = yaml.safe_load(Axolotl().beside("mine.jsonl", DatasetType.preference, longest=40))
    assert (pairs["rl"], pairs["sequence_len"], pairs["excess_length_strategy"]) == ("dpo", 40, "raise")
    assert "sequence_len" not in yaml.safe_load(Axolotl().beside("mine.jsonl", DatasetType.prompt_completion))
    assert "512 tokens" in Axolotl().about_length(None)[0]
