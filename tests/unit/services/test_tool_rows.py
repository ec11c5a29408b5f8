"""Rows as other tools read them: each written by hand from the tool's documentation."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.errors import InvalidInput
from backend.exporters import TRL
from backend.row_files import as_json
from backend.services.datasets import tool_files, tool_rows
from backend.services.datasets.export_rows import NO_SIDE, ExportRow
from backend.services.datasets.tool_rows import ToolNotes
from backend.values import DatasetType

SINGLE, PAIR = DatasetType.prompt_completion, DatasetType.preference
LABELLED, TEXT = DatasetType.unpaired_preference, DatasetType.language_modeling


def message(role: str, content: str) -> Any:
    return {"role": role, "content": content}


ASKED = [
    message("system", "Be brief."),
    message("user", "2+2?"),
    message("assistant", "4"),
    message("user", 'And "3+3"?'),
]
GOOD, BAD = NO_SIDE._replace(text="6 ✓"), NO_SIDE._replace(text="7")
ROW = ExportRow(0, 1, "0" * 64, ASKED, GOOD, None, True, 1.0, "select")
PAIRED = ROW._replace(rejected=BAD)
EPISODE = ROW._replace(turns=[message("assistant", "look"), message("user", "seen"), message("assistant", "done")])
PLAIN = ROW._replace(messages=[message("user", "A text.")], chosen=NO_SIDE)
ANSWER, WORSE = message("assistant", "6 ✓"), message("assistant", "7")
WEIGHTED = [ASKED[0], ASKED[1], {**ASKED[2], "weight": 0}, ASKED[3], ANSWER]
MARKED = [{**message, "train": False} for message in ASKED]
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


@pytest.mark.parametrize(
    ("tool", "type", "row", "expected"),
    [
        ("openai", SINGLE, ROW, {"messages": WEIGHTED}),
        (
            "openai",
            PAIR,
            PAIRED,
            {"input": {"messages": ASKED}, "preferred_output": [ANSWER], "non_preferred_output": [WORSE]},
        ),
        ("llama_factory", SINGLE, ROW, {"messages": [*ASKED, ANSWER]}),
        ("llama_factory", SINGLE, EPISODE, {"messages": [*ASKED, *EPISODE.turns]}),
        ("llama_factory", PAIR, PAIRED, {"conversations": ASKED, "chosen": ANSWER, "rejected": WORSE}),
        ("llama_factory", LABELLED, ROW, {"messages": [*ASKED, ANSWER], "label": True}),
        ("llama_factory", TEXT, PLAIN, {"text": "A text."}),
        ("axolotl", SINGLE, ROW, {"messages": [*MARKED, {**ANSWER, "train": True}]}),
        (
            "axolotl",
            SINGLE,
            EPISODE,
            {
                "messages": [
                    *MARKED,
                    message("assistant", "look") | {"train": True},
                    message("user", "seen") | {"train": False},
                    message("assistant", "done") | {"train": True},
                ]
            },
        ),
        ("axolotl", PAIR, PAIRED, {"messages": ASKED, "chosen": ANSWER, "rejected": WORSE}),
        ("axolotl", TEXT, PLAIN, {"text": "A text."}),
    ],
)
def test_a_row_is_what_the_tool_documents(tool: str, type: DatasetType, row: ExportRow, expected: Any) -> None:
    line = as_json(tool_rows.columns(tool, type))(tool_rows.shape(tool, type)(row))
    assert json.loads(line) == expected


def test_llama_factory_finds_its_columns(tmp_path: Path) -> None:
    infos = {}
    for type in (SINGLE, PAIR, LABELLED, TEXT):
        name, text = tool_rows.beside("llama_factory", type, "mine.jsonl") or ("", "")
        assert name == "dataset_info.json"
        infos[type] = json.loads(text)["mine"]
    chat = {"file_name": "mine.jsonl", "formatting": "sharegpt"}
    assert infos[SINGLE] == chat | {"columns": {"messages": "messages"}, "tags": TAGS}
    assert infos[LABELLED] == chat | {"columns": {"messages": "messages", "kto_tag": "label"}, "tags": TAGS}
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    assert infos[PAIR] == chat | {"ranking": True, "columns": columns, "tags": TAGS}
    assert infos[TEXT] == {"file_name": "mine.jsonl", "columns": {"prompt": "text"}}


def test_what_stands_beside_keeps_other_datasets(tmp_path: Path) -> None:
    info = tmp_path / "dataset_info.json"
    info.write_text('{"other": {"file_name": "x"}}')
    assert tool_files.write(tmp_path / "mine.jsonl", "llama_factory", TEXT) == info
    assert list(json.loads(info.read_text())) == ["other", "mine"]
    info.write_text("[]")
    with pytest.raises(InvalidInput, match="no JSON object"):
        tool_files.write(tmp_path / "mine.jsonl", "llama_factory", TEXT)
    assert tool_files.write(tmp_path / "mine.jsonl", "openai", SINGLE) is None


def test_what_stands_beside_is_checked_before_rows_are_written(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text("[]")
    with pytest.raises(InvalidInput, match="no JSON object"):
        tool_files.check(tmp_path / "pairs", "llama_factory")
    (tmp_path / "dataset_info.json").unlink()
    with pytest.raises(InvalidInput, match="another file"):
        tool_files.check(tmp_path / "dataset_info.json", "llama_factory")
    tool_files.write(tmp_path / "pairs", "llama_factory", TEXT)
    assert list(json.loads((tmp_path / "dataset_info.json").read_text())) == ["pairs"], "a name without a dot"
    edited = tmp_path / "pairs.axolotl.yaml"
    edited.write_text("mine")
    tool_files.write(tmp_path / "pairs", "axolotl", TEXT)
    tool_files.write(tmp_path / "pairs", "axolotl", TEXT)
    assert edited.with_name("pairs.axolotl.yaml.old").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 3, "no part is left"


def test_rows_that_a_tool_passes_over_are_counted() -> None:
    """LLaMA-Factory's converter: a system message may begin, then user and assistant in turn, an even number of them."""
    doubled = ROW._replace(messages=[*ASKED, message("user", "Well?")])
    to_go_on = PAIRED._replace(messages=ASKED[:3])
    ends_on_user = EPISODE._replace(turns=EPISODE.turns[:2])
    for tool, type, some, number in (
        ("llama_factory", SINGLE, [ROW, EPISODE, doubled, ends_on_user], 2),
        ("llama_factory", PAIR, [PAIRED, to_go_on], 1),
        ("openai", PAIR, [PAIRED, to_go_on], 1),
        ("axolotl", PAIR, [PAIRED, to_go_on], 0),
    ):
        notes = ToolNotes(tool, type)
        assert len(list(notes.looked(some))) == len(some)
        unread = [line for line in notes.lines() if "not read by" in line]
        assert [line.split()[0] for line in unread] == ([str(number)] if number else [])


def test_axolotl_is_told_the_columns_in_yaml(tmp_path: Path) -> None:
    path = tool_files.write(tmp_path / "mine.jsonl", "axolotl", SINGLE, longest=77)
    assert path == tmp_path / "mine.axolotl.yaml"
    names = {"role": "role", "content": "content"}
    file = {"path": "mine.jsonl", "ds_type": "json"}
    assert yaml.safe_load(path.read_text()) == {
        "sequence_len": 77,
        "excess_length_strategy": "raise",
        "datasets": [
            file
            | {
                "type": "chat_template",
                "field_messages": "messages",
                "message_property_mappings": names,
                "roles_to_train": [],
                "train_on_eos": "turn",
                "message_field_training": "train",
            }
        ],
    }
    _, pairs = tool_rows.beside("axolotl", PAIR, "mine.jsonl") or ("", "")
    assert yaml.safe_load(pairs) == {
        "rl": "dpo",
        "excess_length_strategy": "raise",
        "datasets": [
            file
            | {
                "split": "train",
                "type": "chat_template.default",
                "field_messages": "messages",
                "field_chosen": "chosen",
                "field_rejected": "rejected",
                "message_property_mappings": names,
                "roles": {"user": ["user"], "assistant": ["assistant"], "system": ["system"]},
            }
        ],
    }
    _, texts = tool_rows.beside("axolotl", TEXT, "mine.jsonl") or ("", "")
    assert yaml.safe_load(texts)["datasets"] == [file | {"type": "completion", "field": "text"}]


@pytest.mark.parametrize(
    ("tool", "type", "format", "message"),
    [
        ("openai", LABELLED, "jsonl", "OpenAI does not read .* Choose prompt_completion or preference"),
        ("openai", TEXT, "jsonl", "OpenAI does not read"),
        ("axolotl", LABELLED, "jsonl", "chat templates of their own"),
        ("llama_factory", DatasetType.prompt_only, "jsonl", "LLaMA-Factory does not read"),
        ("axolotl", SINGLE, "parquet", "written as jsonl"),
    ],
)
def test_what_a_tool_does_not_read_is_refused(tool: str, type: DatasetType, format: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        tool_rows.check(tool, type, format)


def test_what_a_file_cannot_say_is_said() -> None:
    rows = [ROW, ROW._replace(weight=0.5, messages=ASKED[:2]), EPISODE]
    fields = {}
    for tool in ("trl", "openai", "llama_factory", "axolotl"):
        notes = ToolNotes(tool, SINGLE)
        assert list(notes.looked(rows)) == rows
        fields[tool] = notes.lines()
    assert fields[TRL] == ()
    assert fields["axolotl"] == (
        "1 rows have a weight other than 1, which axolotl does not read: all rows count the same.",
    )
    assert fields["openai"][1:] == ("OpenAI takes 10 rows or more, and these are 3.",)
    assert [line.split(".")[0] for line in fields["llama_factory"][1:]] == [
        "2 rows have turns of the assistant in the question",
        "1 rows have an answer of several turns: with mask_history only the last is learned",
    ]
