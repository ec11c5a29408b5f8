"""Files for LLaMA-Factory, by its `data/README.md`: the `openai` case of `sharegpt`."""

import json
from pathlib import Path

from backend.exporters import Exporter, RowCounts, TrainingRow, last_turns
from backend.row_files import JSON_TEXT, MESSAGES, Values
from backend.values import JSON, DatasetType

_SINGLE, _PAIR = DatasetType.prompt_completion, DatasetType.preference
_LABELLED, _TEXT = DatasetType.unpaired_preference, DatasetType.language_modeling
_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


class LlamaFactory(Exporter):
    """Write chats and pairs, with the entry of `dataset_info.json` that names their columns."""

    title = "LLaMA-Factory"
    reads = {
        _SINGLE: {"messages": MESSAGES},
        _PAIR: {"conversations": MESSAGES, "chosen": JSON_TEXT, "rejected": JSON_TEXT},
        _LABELLED: {"messages": MESSAGES, "label": "bool"},
        _TEXT: {"text": "string"},
    }
    beside_name = "dataset_info.json"
    is_beside_shared = True
    unread = "user and assistant must speak in turn, the user first, and the assistant last."
    limit = "cutoff_len"

    def values(self, row: TrainingRow, type: DatasetType) -> Values:
        if type is _TEXT:
            return (row.text,)
        if type is _PAIR:
            return (row.messages, *last_turns(row))
        whole = [*row.messages, *row.answer]
        return (whole, row.label) if type is _LABELLED else (whole,)

    def beside(self, file: str, type: DatasetType, *, longest: int | None = None) -> str:
        return json.dumps({Path(file).stem: _info(file, type)}, indent=2, ensure_ascii=False) + "\n"

    def is_read(self, row: TrainingRow, type: DatasetType) -> bool:
        if type is _TEXT:
            return True
        turns = row.messages[1:] if row.messages and row.messages[0]["role"] == "system" else row.messages
        roles = [message["role"] for message in [*turns, *row.answer]]
        return len(roles) % 2 == 0 and roles == ["user", "assistant"] * (len(roles) // 2)

    def notes(self, type: DatasetType, counts: RowCounts) -> tuple[str, ...]:
        sentences = []
        if type in (_SINGLE, _LABELLED) and counts.asked:
            sentences.append(
                f"{counts.asked:,} rows have turns of the assistant in the question. LLaMA-Factory learns them, too, "
                "unless its setting mask_history is true."
            )
        if counts.turns:
            sentences.append(
                f"{counts.turns:,} rows have an answer of several turns: with mask_history only the last is learned."
            )
        return tuple(sentences)

    def about_length(self, longest: int | None) -> tuple[str, ...]:
        if longest is None:
            return ("LLaMA-Factory cuts rows at cutoff_len. Count the tokens to know what to set.",)
        return (
            f"LLaMA-Factory cuts rows at cutoff_len: with {longest:,} or more none of these is cut, as far as its own "
            "template writes them like this one.",
        )


def _info(file: str, type: DatasetType) -> JSON:
    if type is _TEXT:
        return {"file_name": file, "columns": {"prompt": "text"}}
    chat: JSON = {"file_name": file, "formatting": "sharegpt"}
    if type is _PAIR:
        names = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
        return chat | {"ranking": True, "columns": names, "tags": _TAGS}
    labelled = {"kto_tag": "label"} if type is _LABELLED else {}
    return chat | {"columns": {"messages": "messages"} | labelled, "tags": _TAGS}
