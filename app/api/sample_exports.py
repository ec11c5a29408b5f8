"""What a filter of samples finds, as a file: at once, or written in the background and downloaded then."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from app.api.depends import Asking, file_of
from app.api.export_routes import MEDIA, add_export_routes
from app.api.sample_filters import Filtering, Sorting
from backend.boundary import Id
from backend.row_files import Format
from backend.services.samples import export_jobs, exports
from backend.services.samples.export_jobs import SampleExport
from backend.services.samples.exports import ExportFile, ExportRequest

router = APIRouter(tags=["samples"])

PIECE = 1 << 16
Rounds = Annotated[tuple[Id, ...], Query(max_length=200, description="ids of rounds; none: all of the project")]


class StartedExport(BaseModel):
    """The job that writes; its file is at `/sample-exports/{job_id}/file`."""

    job_id: Id


def asked_export(
    filters: Filtering,
    order: Sorting,
    round: Rounds = (),
    format: Format = "jsonl",
) -> ExportRequest:
    return ExportRequest(round, filters, order, format)


Exporting = Annotated[ExportRequest, Depends(asked_export)]


@router.get("/projects/{project_id}/samples/export", **file_of(*MEDIA.values()))
def export(actor: Asking, project_id: Id, wanted: Exporting) -> StreamingResponse:
    """Up to 100,000 samples with judgments, decisions and lineage, as one's list shows them. `X-Rows`: how many."""
    exported = exports.export(actor, project_id, wanted)
    with ExitStack() as undone:
        undone.callback(exported.release)
        file = exported.path.open("rb")
        exported.path.unlink()  # what is open stays until it is sent, or nobody takes it any more
        undone.pop_all()
    headers = {
        "Content-Disposition": f'attachment; filename="{exported.name}"',
        "Content-Length": str(exported.num_bytes),
        "X-Rows": str(exported.num_rows),
    }
    return Sending(file, exported, media_type=MEDIA[wanted.format], headers=headers)


@router.post("/projects/{project_id}/samples/exports", status_code=202)
def start_export(actor: Asking, project_id: Id, wanted: Exporting) -> StartedExport:
    """Have a worker write any number of samples to a file."""
    return StartedExport(job_id=export_jobs.start(actor, project_id, wanted))


add_export_routes(
    router, "/sample-exports", export_jobs, SampleExport, tuple(MEDIA), cancel="cancel", download="download"
)


class Sending(StreamingResponse):
    """The file, and the end of the person's export however the sending ends."""

    def __init__(self, file: BinaryIO, exported: ExportFile, **kwargs: Any) -> None:
        super().__init__(pieces(file), **kwargs)
        self._file, self._made = file, exported

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()
            self._made.release()


def pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
