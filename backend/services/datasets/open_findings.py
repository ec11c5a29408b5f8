"""What a scan found and nobody has marked as fine."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.scanning import FindingKind

PLACES = ("prompt", "completion", "rejected")
"""Of a row, as `scan_rows.texts` names them; a value that stands in several is noted at the first of them."""


def with_fine(scan: tables.Scan, *columns: Any) -> Select[Any]:
    """A query of the scan's findings, with the marks of the values that are fine beside them."""
    finding, fine = tables.ScanFinding, tables.FineFinding
    same = (fine.kind == finding.kind, fine.fingerprint == finding.fingerprint)
    of_project = fine.project_id == scan.project_id
    joined = select(*columns).select_from(finding).outerjoin(fine, and_(of_project, *same))
    return joined.where(finding.scan_id == scan.id)


def rows_open(db: Session, scan: tables.Scan, places: Collection[str] = PLACES) -> dict[FindingKind, int]:
    """Rows by what is in these places of them that nobody marked as fine."""
    finding = tables.ScanFinding
    query = with_fine(scan, finding.kind, func.count(finding.position.distinct()))
    query = query.where(finding.place.in_(places))
    rows = db.execute(query.where(tables.FineFinding.id.is_(None)).group_by(finding.kind)).tuples()
    return {FindingKind(kind): count for kind, count in sorted(rows)}
