"""Files for OpenAI's supervised and preference fine-tuning, by its guides."""

import json

from backend.exporters import Exporter, RowCounts, TrainingRow
from backend.row_files import JSON_TEXT, MESSAGES, Values
from backend.values import JSON, DatasetType

FEWEST = 10


class OpenAI(Exporter):
    """Write chats whose answer is learned, and pairs of answers."""

    title = "OpenAI"
    reads = {
        DatasetType.prompt_completion: {"messages": JSON_TEXT},
        DatasetType.preference: {"input": JSON_TEXT, "preferred_output": MESSAGES, "non_preferred_output": MESSAGES},
    }
    unread = "the question must end with a turn of the user."

    def values(self, row: TrainingRow, type: DatasetType) -> Values:
        if type is DatasetType.preference:
            return json.dumps({"messages": row.messages}, ensure_ascii=False), row.answer, row.rejected
        return (json.dumps(_weighted(row), ensure_ascii=False),)

    def is_read(self, row: TrainingRow, type: DatasetType) -> bool:
        return type is not DatasetType.preference or bool(row.messages and row.messages[-1]["role"] == "user")

    def notes(self, type: DatasetType, counts: RowCounts) -> tuple[str, ...]:
        if counts.rows >= FEWEST:
            return ()
        return (f"OpenAI takes {FEWEST} rows or more, and these are {counts.rows}.",)


def _weighted(row: TrainingRow) -> list[JSON]:
    """Of what the assistant said in the question nothing is learned: its weight is 0."""
    asked = [{**message, "weight": 0} if message["role"] == "assistant" else {**message} for message in row.messages]
    return [*asked, *({**message} for message in row.answer)]
