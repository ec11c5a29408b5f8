"""LLaMA-Factory's files, written by hand from its `data/README.md`."""

import json

from backend.exporters import RowCounts, TrainingRow
from backend.exporters.llama_factory import LlamaFactory
from backend.values import DatasetType

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "3+3?"}]
GOOD, BAD = ({"role": "assistant", "content": text} for text in ("6", "7"))
ROW = TrainingRow(ASKED, [GOOD], [BAD], True)
SINGLE, LABELLED = DatasetType.prompt_completion, DatasetType.unpaired_preference


def test_a_chat_is_whole_and_a_pair_has_one_message_a_side() -> None:
    assert LlamaFactory().values(ROW, SINGLE) == ([*ASKED, GOOD],)
    assert LlamaFactory().values(ROW, LABELLED) == ([*ASKED, GOOD], True)
    asked, chosen, rejected = LlamaFactory().values(ROW, DatasetType.preference)
    assert (asked, json.loads(chosen), json.loads(rejected)) == (ASKED, GOOD, BAD)


def test_its_entry_names_the_label() -> None:
    info = json.loads(LlamaFactory().beside("mine.jsonl", LABELLED))["mine"]
    assert (info["file_name"], info["columns"]) == ("mine.jsonl", {"messages": "messages", "kto_tag": "label"})


def test_turns_that_do_not_alternate_are_not_read() -> None:
    twice = ROW._replace(messages=[*ASKED, {"role": "user", "content": "Well?"}])
    assert [LlamaFactory().is_read(row, SINGLE) for row in (ROW, twice)] == [True, False]
    assert LlamaFactory().is_read(twice, DatasetType.language_modeling)
    assert LlamaFactory().notes(DatasetType.preference, RowCounts(3, 2, 0)) == ()
    (asked,) = LlamaFactory().notes(SINGLE, RowCounts(3, 2, 0))
    assert asked.startswith("2 rows have turns of the assistant in the question")
