"""What an import of prompts did, kept beside the data for as long as its set is there."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.config import settings
from backend.db import tables
from backend.services.prompts.files import PromptFile
from backend.services.prompts.known_ids import KnownIds
from backend.services.prompts.row_problems import Problems, RowProblem
from backend.services.prompts.staging import Stager
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


def notes_of(
    source: PromptFile,
    stager: Stager,
    sets: dict[Split, tables.PromptSet],
    share: float,
    compared: str,
    known: KnownIds | None,
) -> list[str]:
    """What the import did that is no problem of a single row. known: what the sets had that were there."""
    notes = [*source.notes.sentences(), *stager.places.sentences()]
    kept = "metadata" if stager.mapping.metadata is None else "dropped, since the mapping does not name it"
    notes += [f"Column {name!r} is first on {source.unit} {number:,}: {kept}" for name, number in stager.late.items()]
    if stager.without_ids:
        notes.append(stager.without_ids)
    if stager.ignored:
        left = ", ".join(f"{name} ({count:,})" for name, count in stager.ignored.most_common(10))
        notes.append(f"Messages held more than role and text, which is not imported: {left}")
    if stager.num_merged:
        unless = ", unless it was there and stays as it was" if known is not None else ""
        notes.append(
            f"{stager.num_merged:,} rows ask what a row before asks; their completions were added to that prompt"
            f"{unless}"
        )
    if known is not None and known.num_completions_left:
        notes.append(
            f"{known.num_completions_left:,} completions were left out, which the file has for prompts that are "
            "unchanged: these keep the completions that came first"
        )
    if share and len(sets) > 1:
        notes += [
            f"No prompt fell into the {split.value.replace('_', '-')} share, so there is no such set. "
            "Take another seed or share, or a file with more prompts"
            for split, row in sets.items()
            if not row.num_prompts
        ]
    return [*notes, *([compared] if compared else [])]


def first_bad(source: PromptFile, problems: Problems) -> str:
    shown = [f"{source.unit} {p.line}: {p.reason}" for kind in problems.first.values() for p in kind[:3]]
    counted = ", ".join(f"{n} {kind}s" for kind, n in problems.counts.items()) or "no rows"
    return f"{source.path.name}: {counted}. " + " ".join(f"{text[:1].upper()}{text[1:]}." for text in shown[:5])


def report_path(set_id: int, suffix: str) -> Path:
    """Where a set's report (`json`) and the list of what was left out (`csv`) lie, for as long as the set is there."""
    return settings().folder / "reports" / f"prompts-{set_id}.{suffix}"


def report_of(
    sets: tuple[SetCount, ...],
    stager: Stager,
    writer: Writer,
    known: KnownIds | None,
    problems: Problems,
    notes: list[str],
) -> ImportReport:
    """What an import did, once all is written. known: what its sets had before, if they were there."""
    return ImportReport(
        sets=sets,
        num_rows=stager.num_rows,
        num_bad=problems.counts["bad row"],
        num_duplicates=problems.counts["duplicate"],
        num_overlaps=problems.counts["overlap"],
        num_merged=stager.num_merged,
        num_near=problems.counts["near duplicate"],
        num_completions=writer.num_completions + (known.num_completions if known else 0),
        notes=tuple(notes),
        problems=tuple(p for first in problems.first.values() for p in first),
        num_unchanged=known.num_unchanged if known else 0,
        num_updated=known.num_updated if known else 0,
    )


def keep_report(report: ImportReport, set_id: int, folder: Path) -> None:
    """Keep the report and what was left out beside the data, in place of those of an import before."""
    report_path(set_id, "csv").parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "problems.csv", report_path(set_id, "csv"))
    report_path(set_id, "json").write_text(json.dumps(asdict(report), ensure_ascii=True), encoding="utf-8")


def load_report(set_id: int) -> ImportReport | None:
    """The report of the last import into the set, or None."""
    path = report_path(set_id, "json")
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    data["sets"] = tuple(SetCount(s["id"], s["name"], Split(s["split"]), s["num_prompts"]) for s in data["sets"])
    data["notes"] = tuple(data.get("notes", ()))
    data["problems"] = tuple(RowProblem(**p) for p in data["problems"])
    return ImportReport(**data)
