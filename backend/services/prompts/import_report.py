"""What an import of prompts did, kept beside the data for as long as its set is there."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.config import settings
from backend.services.prompts.known_ids import KnownIds
from backend.services.prompts.staging import Problems, RowProblem, Stager
from backend.services.prompts.writer import Writer
from backend.values import Split


@dataclass(frozen=True)
class SetCount:
    """A set, and how many prompts the import put there."""

    id: int
    name: str
    split: Split
    num_prompts: int


@dataclass(frozen=True)
class ImportReport:
    """What an import did. `problems` shows the first of each kind; the list file of the set has every one."""

    sets: tuple[SetCount, ...]
    num_rows: int
    num_bad: int
    num_duplicates: int
    num_overlaps: int
    problems: tuple[RowProblem, ...]
    num_merged: int = 0
    """Rows that ask what a row before asks, and brought completions for it."""
    num_near: int = 0
    """Near-duplicates across the splits: kept, but worth a look."""
    num_completions: int = 0
    notes: tuple[str, ...] = ()
    num_unchanged: int = 0
    """Prompts that their set had already, by their external ids."""
    num_updated: int = 0
    """Prompts that their set had already, with other content, which were written anew."""

    @property
    def num_imported(self) -> int:
        return sum(s.num_prompts for s in self.sets)

    @property
    def num_known(self) -> int:
        """Prompts that their sets had already, changed or not."""
        return self.num_updated + self.num_unchanged


def report_path(set_id: int, suffix: str) -> Path:
    """Where a set's report (`json`) and the list of what was left out (`csv`) lie, for as long as the set is there."""
    return settings().folder / "reports" / f"prompts-{set_id}.{suffix}"


def report_of(
    sets: tuple[SetCount, ...], stager: Stager, writer: Writer, known: KnownIds, problems: Problems, notes: list[str]
) -> ImportReport:
    """What an import did, once all is written."""
    return ImportReport(
        sets=sets,
        num_rows=stager.num_rows,
        num_bad=problems.counts["bad row"],
        num_duplicates=problems.counts["duplicate"],
        num_overlaps=problems.counts["overlap"],
        num_merged=stager.num_merged,
        num_near=problems.counts["near duplicate"],
        num_completions=writer.num_completions + known.num_completions,
        notes=tuple(notes),
        problems=tuple(p for first in problems.first.values() for p in first),
        num_unchanged=known.num_unchanged,
        num_updated=known.num_updated,
    )


def keep_report(report: ImportReport, set_id: int, folder: Path) -> None:
    """Keep the report and what was left out beside the data, in place of those of an import before."""
    report_path(set_id, "csv").parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "problems.csv", report_path(set_id, "csv"))
    report_path(set_id, "json").write_text(json.dumps(asdict(report), ensure_ascii=True), encoding="utf-8")


def load_report(set_id: int) -> ImportReport | None:
    """The report of the import that made the set, or None."""
    path = report_path(set_id, "json")
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    data["sets"] = tuple(SetCount(s["id"], s["name"], Split(s["split"]), s["num_prompts"]) for s in data["sets"])
    data["notes"] = tuple(data.get("notes", ()))
    data["problems"] = tuple(RowProblem(**p) for p in data["problems"])
    return ImportReport(**data)
