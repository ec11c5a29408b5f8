"""The columns that TRL reads, and no other (TRL docs, "Dataset formats and types")."""

from backend.exporters import Exporter, TrainingRow
from backend.row_files import MESSAGES, Values
from backend.values import DatasetType


class TRL(Exporter):
    """Write rows in TRL's types, as Rondo's own trainings read them."""

    title = "TRL"
    reads = {
        DatasetType.prompt_completion: {"prompt": MESSAGES, "completion": MESSAGES},
        DatasetType.preference: {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES},
        DatasetType.unpaired_preference: {"prompt": MESSAGES, "completion": MESSAGES, "label": "bool"},
        DatasetType.prompt_only: {"prompt": MESSAGES},
        DatasetType.language_modeling: {"text": "string"},
    }
    formats = ("jsonl", "parquet")
    limit = "max_length"

    def values(self, row: TrainingRow, type: DatasetType) -> Values:
        if type is DatasetType.prompt_only:
            return (row.messages,)
        if type is DatasetType.language_modeling:
            return (row.text,)
        if type is DatasetType.prompt_completion:
            return row.messages, row.answer
        if type is DatasetType.unpaired_preference:
            return row.messages, row.answer, row.label
        return row.messages, row.answer, row.rejected
