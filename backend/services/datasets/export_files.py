"""Rows as TRL reads them, with provenance beside on request: the columns of an exported dataset."""

from collections.abc import Callable
from dataclasses import dataclass

from backend import exporters
from backend.exporters import TRL
from backend.row_files import Columns, Values
from backend.services.datasets.export_rows import DECISION, NO_SIDE, ExportRow, RowSide, training_row
from backend.values import DatasetType, SampleKind

_SINGLE = {"score": "float64", "source": "string", "sample_id": "int64"}
_PAIR = {
    "score_chosen": "float64",
    "score_rejected": "float64",
    "margin": "float64",
    "source_chosen": "string",
    "source_rejected": "string",
    "chosen_sample_id": "int64",
    "rejected_sample_id": "int64",
}
_EVERY = {
    "prompt_id": "int64",
    "prompt_external_id": "string",
    "origin": "string",
    "weight": "float64",
    "round": "int64",
    "checkpoint": "string",
    "judge_template": "string",
    "snapshot": "string",
}


@dataclass(frozen=True)
class Provenance:
    """What is the same for many rows: the dataset's hash and template, number and policy of each round."""

    snapshot: str
    judge_template: str
    rounds: dict[int, tuple[int, str]]

    def values(self, row: ExportRow, type: DatasetType) -> Values:
        """The provenance of a row in flat columns."""
        number, checkpoint = self.rounds.get(row.chosen.round_id or 0, (None, None))
        if row.chosen.kind == SampleKind.imported or row.origin == DECISION:
            checkpoint = None  # a file brought it, or it is what a judge should have said
        sides = _pair(row.chosen, row.rejected or NO_SIDE) if type is DatasetType.preference else _single(row.chosen)
        every = row.prompt_id, row.external_id, row.origin, row.weight, number, checkpoint
        return (*sides, *every, self.judge_template, self.snapshot)


def _single(side: RowSide) -> Values:
    return side.score, side.source, side.sample_id


def _pair(chosen: RowSide, rejected: RowSide) -> Values:
    margin = None if chosen.score is None or rejected.score is None else chosen.score - rejected.score
    sources = chosen.source, rejected.source
    return chosen.score, rejected.score, margin, *sources, chosen.sample_id, rejected.sample_id


def shape(type: DatasetType, provenance: Provenance | None) -> Callable[[ExportRow], Values]:
    """What turns a row into the values that are written."""
    values = exporters.of(TRL).values
    if provenance is None:
        return lambda row: values(training_row(row, type), type)
    return lambda row: values(training_row(row, type), type) + provenance.values(row, type)


def columns(type: DatasetType, *, is_strict: bool) -> Columns:
    """What is written, always the same and in the same order."""
    trl = exporters.of(TRL).reads[type]
    if is_strict:
        return dict(trl)
    return trl | (_PAIR if type is DatasetType.preference else _SINGLE) | _EVERY
