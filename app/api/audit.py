"""Audit: who did what, when, to what, from where."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from app.api.depends import After, Asking, Limit, Page, file_of
from backend.boundary import Id, Line, Time
from backend.services import audit
from backend.services.audit import AuditEntry, AuditQuery

router = APIRouter(tags=["audit"])

MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


def asked(
    person: Line = "",
    kind: Annotated[Literal["", "decision", "event"], Query(description="decisions on items, or all else")] = "",
    verb: Line = "",
    subject: Annotated[Line, Query(description="a part of an event's subject or of a decision's note")] = "",
    sample_id: Id | None = None,
    round_id: Id | None = None,
    via: Line = "",
    since: Time | None = None,
    until: Time | None = None,
) -> AuditQuery:
    """The filters; what is left out does not narrow. Times need a zone."""
    return AuditQuery(person, kind, verb, subject, sample_id, round_id, via, since, until)


Filters = Annotated[AuditQuery, Depends(asked)]


@router.get("/projects/{project_id}/audit")
def list_audit(
    actor: Asking, project_id: Id, asked: Filters, limit: Limit = 50, after: After = None
) -> Page[AuditEntry]:
    """Newest first."""
    listing = audit.listing(actor, project_id, asked, after=after, limit=limit)
    return Page(items=list(listing.entries), next=listing.next)


@router.get("/projects/{project_id}/audit/export", **file_of(*MEDIA.values()))
def export_audit(
    actor: Asking, project_id: Id, asked: Filters, format: Literal["jsonl", "csv"] = "jsonl"
) -> StreamingResponse:
    """Download every line, the decisions of bulk actions included."""
    lines = audit.export(actor, project_id, asked, format=format)
    headers = {"Content-Disposition": f'attachment; filename="audit-{project_id}.{format}"'}
    return StreamingResponse(lines, media_type=MEDIA[format], headers=headers)
