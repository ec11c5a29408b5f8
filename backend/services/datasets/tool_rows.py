"""Rows as other tools for training read them, by their documentation; and what these want to find beside the file.

OpenAI's guides for supervised and for preference fine-tuning, `data/README.md` of LLaMA-Factory (its `openai` case of
`sharegpt`), and `docs/dataset-formats` and `docs/rlhf.qmd` of axolotl. TRL's own columns are in `export_files`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from backend.errors import InvalidInput
from backend.pipeline.rows import plain
from backend.row_files import JSON_TEXT, MESSAGES, Columns, Values
from backend.services.datasets.export_rows import NO_SIDE, ExportRow
from backend.values import JSON, DatasetType, Message, Messages


class Tool(StrEnum):
    """What a file is to be read by."""

    trl = "trl"
    openai = "openai"
    llama_factory = "llama_factory"
    axolotl = "axolotl"

    @property
    def in_words(self) -> str:
        return {"trl": "TRL", "openai": "OpenAI", "llama_factory": "LLaMA-Factory", "axolotl": "axolotl"}[self]


_SINGLE, _PAIR = DatasetType.prompt_completion, DatasetType.preference
_LABELLED, _TEXT = DatasetType.unpaired_preference, DatasetType.language_modeling
_COLUMNS: dict[tuple[Tool, DatasetType], Columns] = {
    (Tool.openai, _SINGLE): {"messages": JSON_TEXT},
    (Tool.openai, _PAIR): {"input": JSON_TEXT, "preferred_output": MESSAGES, "non_preferred_output": MESSAGES},
    (Tool.llama_factory, _SINGLE): {"messages": MESSAGES},
    (Tool.llama_factory, _PAIR): {"conversations": MESSAGES, "chosen": JSON_TEXT, "rejected": JSON_TEXT},
    (Tool.llama_factory, _LABELLED): {"messages": MESSAGES, "label": "bool"},
    (Tool.llama_factory, _TEXT): {"text": "string"},
    (Tool.axolotl, _SINGLE): {"messages": JSON_TEXT},
    (Tool.axolotl, _PAIR): {"messages": MESSAGES, "chosen": JSON_TEXT, "rejected": JSON_TEXT},
    (Tool.axolotl, _TEXT): {"text": "string"},
}
FEWEST_OF_OPENAI = 10
INFO = "dataset_info.json"
_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_ROLES = "    message_property_mappings:\n      role: role\n      content: content\n"
_AXOLOTL = {
    _SINGLE: "    type: chat_template\n    field_messages: messages\n" + _ROLES + "    roles_to_train: []\n"
    "    train_on_eos: turn\n    message_field_training: train\n",
    _PAIR: "    split: train\n    type: chat_template.default\n    field_messages: messages\n    field_chosen: chosen\n"
    "    field_rejected: rejected\n" + _ROLES + "    roles:\n      user: [user]\n      assistant: [assistant]\n"
    "      system: [system]\n",
    _TEXT: "    type: completion\n    field: text\n",
}


def check(tool: Tool, type: DatasetType, format: str) -> None:
    """Raise `InvalidInput` for a type, or a format of files, that the tool does not read."""
    if tool is Tool.trl:
        return
    if format != "jsonl":
        raise InvalidInput(f"Files for {tool.in_words} are written as jsonl. Choose that format.")
    if (tool, type) in _COLUMNS:
        return
    reads = " or ".join(known for known_tool, known in _COLUMNS if known_tool is tool)
    why = (
        "its formats for that are bound to chat templates of their own" if tool is Tool.axolotl else "it has no format"
    )
    which = f"rows of the type {type}" + (f" ({why})" if type is _LABELLED else "")
    raise InvalidInput(f"{tool.in_words} does not read {which}. Choose {reads}, or another tool.")


def columns(tool: Tool, type: DatasetType) -> Columns:
    """What is written for a tool that `check` passes."""
    return dict(_COLUMNS[tool, type])


def shape(tool: Tool, type: DatasetType) -> Callable[[ExportRow], Values]:
    """What turns a row into the values that are written for a tool."""
    if type is _TEXT:
        return lambda row: (plain(row.messages, row.chosen.text),)
    if type is _PAIR:
        return _openai_pair if tool is Tool.openai else _pair
    if tool is Tool.openai:
        return lambda row: (_json(_weighted(row)),)
    if tool is Tool.axolotl:
        return lambda row: (_json(_marked(row)),)
    if type is _LABELLED:
        return lambda row: ([*row.messages, *_answer(row)], row.label)
    return lambda row: ([*row.messages, *_answer(row)],)


def _answer(row: ExportRow) -> Messages:
    return row.turns or [_said(row.chosen.text)]


def _said(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _openai_pair(row: ExportRow) -> Values:
    rejected = row.rejected or NO_SIDE
    return _json({"messages": row.messages}), _answer(row), [_said(rejected.text)]


def _pair(row: ExportRow) -> Values:
    return row.messages, _json(_said(row.chosen.text)), _json(_said((row.rejected or NO_SIDE).text))


def _weighted(row: ExportRow) -> list[JSON]:
    """Of what the assistant said in the question nothing is learned: its weight is 0."""
    asked = [{**message, "weight": 0} if message["role"] == "assistant" else {**message} for message in row.messages]
    return [*asked, *({**message} for message in _answer(row))]


def _marked(row: ExportRow) -> list[JSON]:
    """Each message says whether it is learned: the assistant's in the answer are."""
    asked = [{**message, "train": False} for message in row.messages]
    return [*asked, *({**message, "train": message["role"] == "assistant"} for message in _answer(row))]


def beside(tool: Tool, type: DatasetType, file: str, *, longest: int | None = None) -> tuple[str, str] | None:
    """Name and text of what a tool wants to find beside the file of that name; None where it wants nothing.

    longest: tokens of the longest row, where they were counted.
    """
    if tool is Tool.llama_factory:
        return INFO, json.dumps({Path(file).stem: _info(type, file)}, indent=2, ensure_ascii=False) + "\n"
    if tool is Tool.axolotl:
        head = "rl: dpo\n" if type is _PAIR else ""
        # Its own is 512, and longer rows would be dropped without a word.
        length = f"sequence_len: {longest}\n" if longest else "# sequence_len: the tokens of the longest row\n"
        length += "excess_length_strategy: raise\n"
        text = f"{head}{length}datasets:\n  - path: {json.dumps(file)}\n    ds_type: json\n{_AXOLOTL[type]}"
        return "axolotl.yaml", text
    return None


def _info(type: DatasetType, file: str) -> JSON:
    if type is _TEXT:
        return {"file_name": file, "columns": {"prompt": "text"}}
    chat: JSON = {"file_name": file, "formatting": "sharegpt"}
    if type is _PAIR:
        names = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
        return chat | {"ranking": True, "columns": names, "tags": _TAGS}
    labelled = {"kto_tag": "label"} if type is _LABELLED else {}
    return chat | {"columns": {"messages": "messages"} | labelled, "tags": _TAGS}


def _is_unread(tool: Tool, type: DatasetType, row: ExportRow) -> bool:
    """Whether a tool passes over the row: LLaMA-Factory's converter does so without failing."""
    if tool is Tool.openai and type is _PAIR:
        return not row.messages or row.messages[-1]["role"] != "user"
    if tool is not Tool.llama_factory or type is _TEXT:
        return False
    turns = row.messages[1:] if row.messages and row.messages[0]["role"] == "system" else row.messages
    roles = [message["role"] for message in [*turns, *_answer(row)]]
    return len(roles) % 2 != 0 or roles != ["user", "assistant"] * (len(roles) // 2)


class ToolNotes:
    """What a tool does with rows that their file cannot say, counted while they are written."""

    def __init__(self, tool: Tool, type: DatasetType) -> None:
        self._tool, self._type = tool, type
        self._counts: Counter[str] = Counter()

    def looked(self, rows: Iterable[ExportRow]) -> Iterator[ExportRow]:
        """The rows as they are. TRL has nothing to be told, and its exports are the long ones."""
        if self._tool is Tool.trl:
            yield from rows
            return
        for row in rows:
            self._counts["rows"] += 1
            self._counts["weights"] += row.weight != 1
            self._counts["asked"] += any(message["role"] == "assistant" for message in row.messages)
            self._counts["turns"] += len(row.turns) > 1
            self._counts["unread"] += _is_unread(self._tool, self._type, row)
            yield row

    def lines(self) -> tuple[str, ...]:
        """Sentences, once all rows were looked at."""
        if self._tool is Tool.trl:
            return ()
        name, sentences = self._tool.in_words, []
        if few := self._counts["weights"]:
            sentences.append(
                f"{few:,} rows have a weight other than 1, which {name} does not read: all rows count the same."
            )
        if few := self._counts["unread"]:
            sentences.append(
                f"{few:,} rows are not read by {name}: "
                + (
                    "the question must end with a turn of the user."
                    if self._tool is Tool.openai
                    else "user and assistant must speak in turn, the user first, and the assistant last."
                )
            )
        if self._tool is Tool.openai and self._counts["rows"] < FEWEST_OF_OPENAI:
            sentences.append(f"OpenAI takes {FEWEST_OF_OPENAI} rows or more, and these are {self._counts['rows']}.")
        if self._tool is Tool.llama_factory and self._type in (_SINGLE, _LABELLED) and self._counts["asked"]:
            sentences.append(
                f"{self._counts['asked']:,} rows have turns of the assistant in the question. LLaMA-Factory learns "
                "them, too, unless its setting mask_history is true."
            )
        if self._tool is Tool.llama_factory and self._counts["turns"]:
            sentences.append(
                f"{self._counts['turns']:,} rows have an answer of several turns: with mask_history only the last is "
                "learned."
            )
        return tuple(sentences)
