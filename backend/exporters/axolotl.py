"""Files for axolotl, by its `docs/dataset-formats` and `docs/rlhf.qmd`."""

import json

from backend.exporters import Exporter, TrainingRow, last_turns
from backend.row_files import JSON_TEXT, MESSAGES, Values
from backend.values import JSON, DatasetType

_SINGLE, _PAIR, _TEXT = DatasetType.prompt_completion, DatasetType.preference, DatasetType.language_modeling
_ROLES = "    message_property_mappings:\n      role: role\n      content: content\n"
_READS = {
    _SINGLE: "    type: chat_template\n    field_messages: messages\n" + _ROLES + "    roles_to_train: []\n"
    "    train_on_eos: turn\n    message_field_training: train\n",
    _PAIR: "    split: train\n    type: chat_template.default\n    field_messages: messages\n    field_chosen: chosen\n"
    "    field_rejected: rejected\n" + _ROLES + "    roles:\n      user: [user]\n      assistant: [assistant]\n"
    "      system: [system]\n",
    _TEXT: "    type: completion\n    field: text\n",
}


class Axolotl(Exporter):
    """Write chats whose messages say whether they are learned, and pairs, with the YAML that names their columns."""

    title = "axolotl"
    reads = {
        _SINGLE: {"messages": JSON_TEXT},
        _PAIR: {"messages": MESSAGES, "chosen": JSON_TEXT, "rejected": JSON_TEXT},
        _TEXT: {"text": "string"},
    }
    refusals = {
        DatasetType.unpaired_preference: "its formats for that are bound to chat templates of their own",
    }
    beside_name = "axolotl.yaml"
    limit = "sequence_len"

    def values(self, row: TrainingRow, type: DatasetType) -> Values:
        if type is _TEXT:
            return (row.text,)
        if type is _PAIR:
            return (row.messages, *last_turns(row))
        return (json.dumps(_marked(row), ensure_ascii=False),)

    def beside(self, file: str, type: DatasetType, *, longest: int | None = None) -> str:
        head = "rl: dpo\n" if type is _PAIR else ""
        # Its own is 512, and longer rows would be dropped without a word.
        length = f"sequence_len: {longest}\n" if longest else "# sequence_len: the tokens of the longest row\n"
        length += "excess_length_strategy: raise\n"
        return f"{head}{length}datasets:\n  - path: {json.dumps(file)}\n    ds_type: json\n{_READS[type]}"

    def about_length(self, longest: int | None) -> tuple[str, ...]:
        if longest is None:
            return (
                "axolotl's sequence_len is 512 tokens unless it is set, and its file here has it fail on longer rows. "
                "Count the tokens to know what to set.",
            )
        return (
            f"axolotl drops rows of more than sequence_len tokens: with {longest:,} or more it keeps all of these.",
        )


def _marked(row: TrainingRow) -> list[JSON]:
    """Each message says whether it is learned: the assistant's in the answer are."""
    asked = [{**message, "train": False} for message in row.messages]
    return [*asked, *({**message, "train": message["role"] == "assistant"} for message in row.answer)]
