"""What becomes of an export whose rows hold what should not leave: left out, masked, kept with a reason, or refused."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import Conflict, InvalidInput
from backend.scanning import FindingKind
from backend.scanning.patterns import masked
from backend.services.access import Actor, require
from backend.services.datasets import open_findings, scan_rows, scan_settings, scans
from backend.services.datasets.export_rows import ExportRow
from backend.services.datasets.scan_settings import ContentChecks
from backend.values import JSON, DatasetType, Messages, Role

Handling = Literal["leave_out", "mask", "keep"]
HANDLINGS: tuple[Handling, ...] = ("leave_out", "mask", "keep")
WAYS = "leave these rows out, mask what can be masked, or keep them with a reason"


@dataclass
class ExportGate:
    """What passes. `counts`: rows by what is in them that nobody marked as fine; None where no scan counts."""

    checks: ContentChecks
    handling: Handling | None
    reason: str
    counts: dict[FindingKind, int] | None
    left_out: frozenset[int] = frozenset()
    masks: frozenset[int] = frozenset()
    fine: frozenset[str] = frozenset()
    prints: scan_rows.Fingerprints | None = None
    scan_id: int = 0
    num_masked: int = field(default=0)

    def passed(self, rows: Iterable[ExportRow], left_out: Counter[str]) -> Iterator[ExportRow]:
        """The rows that leave, masked where that was asked for; the others are counted by reason."""
        self.num_masked = 0
        for row in rows:
            if row.position in self.left_out:
                left_out["found by the content scan"] += 1
            elif row.position in self.masks:
                self.num_masked += 1
                yield self._masked(row)
            else:
                yield row

    @property
    def lacks_reason(self) -> bool:
        """Whether what a scan has yet to find would be kept without a reason."""
        return self.counts is None and self.checks.mode != "off" and self.handling == "keep" and not self.reason

    def lines(self) -> list[str]:
        """What an export and its card say of the scan."""
        if self.checks.mode == "off" and not self.handling:
            return []
        if self.counts is None:
            return ["These rows were not scanned for personal data, credentials and held-out texts."]
        if not self.counts:
            return ["The content scan found nothing in these rows that should not leave."]
        done = {
            None: "They are in the file.",
            "leave_out": "They are left out.",
            "mask": f"{self.num_masked:,} rows are masked; those with held-out or reference texts are left out.",
            "keep": f"They are in the file, because: {self.reason}" if self.reason else "They are in the file.",
        }
        return [f"The content scan found {scans.in_words(self.counts)}. {done[self.handling]}"]

    def in_name(self) -> str:
        """What the name of a file says of the scan: other rows, another name."""
        if not self.handling or self.counts is None:
            return ""
        what = f"{sorted(self.left_out)} {sorted(self.masks)} {sorted(self.fine)}"
        return f"-{self.handling}-scan{self.scan_id}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"

    def outcome(self) -> str:
        """Which rows are left out or masked, and by which scan; empty where none is."""
        return self.in_name() if self.left_out or self.masks else ""

    def to_json(self) -> JSON:
        """What the audit trail keeps."""
        if self.counts is None:
            return {}
        how: JSON = {"handling": self.handling, "reason": self.reason} if self.handling else {}
        return {"scan": {str(kind): count for kind, count in self.counts.items()}} | how

    def _masked(self, row: ExportRow) -> ExportRow:
        rejected = row.rejected
        return row._replace(
            messages=self._messages(row.messages),
            chosen=row.chosen._replace(text=self._text(row.chosen.text)),
            rejected=None if rejected is None else rejected._replace(text=self._text(rejected.text)),
            turns=self._messages(row.turns),
        )

    def _messages(self, messages: Messages) -> Messages:
        return [{**message, "content": self._text(message["content"])} for message in messages]

    def _text(self, text: str) -> str:
        spans, prints = self.checks.spans(text), self.prints
        return masked(text, [span for span in spans if prints is None or prints.of_span(text, span) not in self.fine])


def read(
    db: Session,
    actor: Actor,
    dataset: tables.Dataset,
    *,
    handling: str | None = None,
    reason: str = "",
    asks: bool = False,
    may_lack: bool = False,
    type: DatasetType | None = None,
) -> ExportGate:
    """What passes of a dataset. asks: findings need a word, even where the project only warns. may_lack: nothing is
    refused for want of a scan. type: as whose rows it is written; None: its own.

    Raises `Conflict` where the project holds exports, or somebody has to say what becomes of findings; `InvalidInput`
    for keeping them without a reason; `PermissionDenied` for keeping what is held, as no curator.
    """
    if handling is not None and handling not in HANDLINGS:
        raise InvalidInput(f"{handling!r} says nothing of rows with findings. Choose leave_out, mask or keep.")
    wanted = next((known for known in HANDLINGS if known == handling), None)
    reason = scans.short_reason(reason)
    checks = scan_settings.of(db.get_one(tables.Project, dataset.project_id))
    scan = scans.newest_whole(db, dataset.id)
    holds, name = checks.mode == "hold", f"dataset {dataset.id}"
    if scan is None:
        if not may_lack and (holds or wanted == "mask"):
            held = "This project lets no rows leave that were not scanned"
            why = held if holds else "Only what a scan found is masked"
            raise Conflict(
                f"{why}, and {name} was not, or something else is looked for since. Scan it on its page or by `rondo "
                f"scan {dataset.id}`, then take it along."
            )
        return ExportGate(checks, wanted, reason, None)
    leaves = places_that_leave(dataset.type, type or dataset.type)
    counts = open_findings.rows_open(db, scan, leaves)
    if counts and checks.mode != "off":
        what = f"The content scan of {name} found {scans.in_words(counts)}."
        if wanted is None and (holds or asks):
            raise Conflict(f"{what} Say what becomes of them: {WAYS}.")
        if wanted == "keep" and (holds or asks):
            require(db, actor, dataset.project_id, Role.curator)
            if not reason:
                raise InvalidInput(f"{what} Give the reason to keep them.")
    gate = ExportGate(ContentChecks.model_validate(scan.settings), wanted, reason, counts, scan_id=scan.id)
    if wanted in ("leave_out", "mask") and counts:
        _places(db, scan, gate, leaves)
    return gate


def places_that_leave(stored: DatasetType, wanted: DatasetType) -> tuple[str, ...]:
    """The places of a stored row whose texts are in a file of a type."""
    if stored is DatasetType.preference and wanted is DatasetType.prompt_completion:
        return tuple(place for place in open_findings.PLACES if place != "rejected")
    return open_findings.PLACES


def _places(db: Session, scan: tables.Scan, gate: ExportGate, leaves: Collection[str]) -> None:
    """Note which rows are left out and which are masked."""
    finding, fine = tables.ScanFinding, tables.FineFinding
    query = (
        open_findings.with_fine(scan, finding.position, finding.kind)
        .where(fine.id.is_(None), finding.place.in_(leaves))
        .distinct()
    )
    overlapping, other = set[int](), set[int]()
    for position, kind in db.execute(query.execution_options(yield_per=scan_rows.AT_ONCE)).tuples():
        (overlapping if FindingKind(kind).is_overlap else other).add(position)
    is_mask = gate.handling == "mask"
    gate.left_out = frozenset(overlapping if is_mask else overlapping | other)
    gate.masks = frozenset(other - overlapping if is_mask else ())
    gate.prints = scan_rows.Fingerprints(scan.project_id)
    gate.fine = frozenset(db.scalars(select(fine.fingerprint).where(fine.project_id == scan.project_id)))
