"""The routes of exports by a worker, which differ by what is exported alone: how far one is, its end, its file."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse

from app.api.depends import Asking, file_of
from backend.boundary import Id
from backend.services.file_jobs.exports import ExportService, FileExport

MEDIA: dict[str, str] = {
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
}


def add_export_routes(
    router: APIRouter,
    path: str,
    service: ExportService,
    view: type[FileExport],
    formats: Sequence[str],
    *,
    cancel: str,
    download: str,
) -> None:
    """Add the routes below `path`.

    view: what the service returns of an export. formats: those that it writes. cancel, download: the routes' names.
    """

    @router.get(f"{path}/{{job_id}}", response_model=view)
    def get_export(actor: Asking, job_id: Id) -> Any:
        """How far an export that one started is."""
        return service.get(actor, job_id)

    @router.post(f"{path}/{{job_id}}/cancel", response_model=view, name=cancel)
    def cancel_export(actor: Asking, job_id: Id) -> Any:
        """Stop an export that one started."""
        service.cancel(actor, job_id)
        return service.get(actor, job_id)

    @router.get(f"{path}/{{job_id}}/file", name=download, **file_of(*(MEDIA[format] for format in formats)))
    def download_export(actor: Asking, job_id: Id) -> FileResponse:
        """The file of an export that one started; it goes after seven days."""
        file, name = service.file_of(actor, job_id)
        return FileResponse(file, filename=name, media_type=MEDIA[file.suffix.removeprefix(".")])
