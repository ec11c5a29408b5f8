"""What rows of datasets hold that should not leave with them, and what a project looks for."""

from typing import Literal

from fastapi import APIRouter, UploadFile
from pydantic import BaseModel, Field

from app.api.depends import Asking, Before, Limit, Page
from app.api.prompts import received
from app.api.sample_imports import plain_name
from backend.boundary import Count, Id, Line
from backend.scanning import FindingKind
from backend.services.datasets import scan_settings, scans
from backend.services.datasets.scan_settings import ContentChecks
from backend.services.datasets.scans import DatasetScan, ScanHit

router = APIRouter(tags=["datasets"])


class FineMark(BaseModel):
    """Whether a value may leave; it counts for all datasets of the project."""

    is_fine: bool = True
    reason: Line = ""


class ContentCheckChanges(BaseModel):
    """What changes; null takes a field back to what it is without being set."""

    mode: Literal["off", "warn", "hold"] | None = None
    kinds: tuple[FindingKind, ...] | None = None
    names: tuple[Line, ...] | None = Field(None, max_length=1_000)
    region: Line | None = None
    run_words: Count | None = None


@router.post("/datasets/{dataset_id}/scans", status_code=202)
def start_scan(actor: Asking, dataset_id: Id) -> DatasetScan:
    """Have a worker look through a dataset for personal data, credentials and held-out texts."""
    return scans.get(actor, scans.start(actor, dataset_id))


@router.post("/datasets/{dataset_id}/scans/compared", status_code=202)
def start_compared_scan(actor: Asking, dataset_id: Id, file: UploadFile) -> DatasetScan:
    """The same, and for the texts of a file: of each line, or of each object of JSON Lines."""
    with received(file) as path:
        return scans.get(actor, scans.start(actor, dataset_id, reference=path, name=plain_name(file.filename)))


@router.get("/datasets/{dataset_id}/scan")
def get_newest_scan(actor: Asking, dataset_id: Id) -> DatasetScan | None:
    """The last scan of a dataset; null before the first."""
    return scans.newest(actor, dataset_id)


@router.get("/scans/{scan_id}")
def get_scan(actor: Asking, scan_id: Id) -> DatasetScan:
    """How far a scan is, and in how many rows it found what."""
    return scans.get(actor, scan_id)


@router.get("/scans/{scan_id}/findings")
def list_findings(actor: Asking, scan_id: Id, limit: Limit = 50, after: Before = None) -> Page[ScanHit]:
    """What the rows hold, masked."""
    page = scans.hits(actor, scan_id, cursor=after, limit=limit)
    return Page(items=list(page.hits), next=None if page.next is None else str(page.next))


@router.post("/scan-findings/{hit_id}/fine", status_code=204)
def mark_fine(actor: Asking, hit_id: Id, body: FineMark) -> None:
    """Let a value leave, in every dataset of the project; or take that back."""
    scans.mark(actor, hit_id, is_fine=body.is_fine, reason=body.reason)


@router.get("/projects/{project_id}/content-checks")
def get_content_checks(actor: Asking, project_id: Id) -> ContentChecks:
    """What the project looks for, and whether an export with findings is held."""
    return scan_settings.get(actor, project_id)


@router.patch("/projects/{project_id}/content-checks")
def change_content_checks(actor: Asking, project_id: Id, body: ContentCheckChanges) -> ContentChecks:
    """Change what the project looks for. Scans of before are out of date then."""
    return scan_settings.change(actor, project_id, body.model_dump(mode="json", exclude_unset=True))
