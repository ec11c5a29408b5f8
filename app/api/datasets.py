"""Datasets: what training read, frozen; and its download in TRL's types, or as other tools read it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from app.api.depends import After, Asking, Before, Limit, Page, cut, file_of
from app.api.export_routes import MEDIA, add_export_routes
from backend.boundary import Id, Line
from backend.services import datasets
from backend.services.datasets import (
    DatasetDetail,
    DatasetRow,
    DatasetView,
    Verification,
    dataset_cards,
    export_jobs,
    exports,
)
from backend.services.datasets.export_jobs import DatasetExport, DatasetExportRequest
from backend.services.datasets.row_tokens import RowTokens
from backend.services.datasets.tool_rows import TRL
from backend.services.hub import pushes
from backend.services.hub.pushes import Push
from backend.values import DatasetType

router = APIRouter(tags=["datasets"])


class DatasetPush(BaseModel):
    """`repo` like `name/repository`; `is_private` counts where it is made. `found_rows`: what becomes of rows that a
    check finds; with `refuse`, nothing is pushed. `mask` masks what a content scan found; `keep` needs a `reason`
    where one found something."""

    repo: Line
    is_private: bool = True
    format: Literal["jsonl", "parquet"] = "parquet"
    found_rows: Literal["refuse", "leave_out", "mask", "keep"] = "refuse"
    reason: Line = ""


Handling = Annotated[
    Literal["leave_out", "mask", "keep"] | None, Query(description="what becomes of rows that a scan found")
]
Reason = Annotated[Line, Query(description="why rows with findings are kept")]
Tool = Annotated[Line, Query(description="the name of an exporter: trl, openai, llama_factory, axolotl, or one's own")]


class StartedDatasetExport(BaseModel):
    """The job that writes; its file is at `/dataset-exports/{job_id}/file`."""

    job_id: Id


class ExportReport(BaseModel):
    """`tokens` of whole rows, of a pair those of its longer side."""

    num_rows: int
    num_bytes: int
    findings: dict[str, int]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    tokens: RowTokens | None


FORMATS = ("jsonl", "parquet")


@router.get("/projects/{project_id}/datasets")
def list_datasets(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[DatasetView]:
    """Newest first."""
    return cut(datasets.list_datasets(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.get("/datasets/{dataset_id}")
def get_dataset(actor: Asking, dataset_id: Id) -> DatasetDetail:
    """One dataset with its funnel, provenance and people."""
    return datasets.get(actor, dataset_id)


@router.get("/datasets/{dataset_id}/rows")
def list_rows(actor: Asking, dataset_id: Id, limit: Limit = 50, after: Before = None) -> Page[DatasetRow]:
    page = datasets.rows(actor, dataset_id, cursor=after, limit=limit)
    return Page(items=list(page.rows), next=None if page.next is None else str(page.next))


@router.get("/datasets/{dataset_id}/verification")
def verify(actor: Asking, dataset_id: Id) -> Verification:
    """Compute the content hash again and compare it with the frozen one."""
    return datasets.verify(actor, dataset_id)


@router.get("/datasets/{dataset_id}/card", **file_of("text/markdown"))
def get_card(actor: Asking, dataset_id: Id) -> Response:
    """The dataset card: Markdown with the hub's head, from the installation's records."""
    return Response(dataset_cards.of_dataset(actor, dataset_id), media_type="text/markdown")


def asked_export(
    format: Literal["jsonl", "parquet"] = "jsonl",
    type: DatasetType | None = None,
    is_strict: bool = False,
    leave_out: bool = False,
    tool: Tool = TRL,
    handling: Handling = None,
    reason: Reason = "",
) -> DatasetExportRequest:
    """What a download is asked for by."""
    return DatasetExportRequest(format, type, is_strict, leave_out, tool, handling or "", reason)


Exporting = Annotated[DatasetExportRequest, Depends(asked_export)]


@router.get("/datasets/{dataset_id}/export", **file_of(*(MEDIA[format] for format in FORMATS)))
def export(
    actor: Asking,
    dataset_id: Id,
    wanted: Exporting,
) -> FileResponse:
    """Download up to 100,000 rows as a tool reads them; the headers say how many and what the checks found. Where the
    project holds exports with findings of a content scan, `handling` has to say what becomes of them."""
    exports.refuse_large(actor, dataset_id)
    exported = exports.export(actor, dataset_id, **wanted.options())
    headers = {"X-Rows": str(exported.num_rows), "X-Findings": str(sum(finding.count for finding in exported.findings))}
    return FileResponse(exported.path, filename=exported.name, media_type=MEDIA[wanted.format], headers=headers)


@router.post("/datasets/{dataset_id}/exports", status_code=202)
def start_export(
    actor: Asking,
    dataset_id: Id,
    wanted: Exporting,
) -> StartedDatasetExport:
    """Have a worker write any number of rows to a file."""
    return StartedDatasetExport(job_id=export_jobs.start(actor, dataset_id, wanted))


add_export_routes(
    router,
    "/dataset-exports",
    export_jobs,
    DatasetExport,
    FORMATS,
    cancel="cancel_export",
    download="download_export",
)


@router.get("/datasets/{dataset_id}/export/beside", **file_of("text/plain"))
def export_beside(
    actor: Asking,
    dataset_id: Id,
    tool: Tool = "llama_factory",
    type: DatasetType | None = None,
    leave_out: bool = False,
) -> Response:
    """Download what a tool wants to find beside the rows: LLaMA-Factory `dataset_info.json`, axolotl a YAML file."""
    name, text = exports.beside(actor, dataset_id, tool=tool, type=type, leave_out=leave_out)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/plain", headers=headers)


@router.get("/datasets/{dataset_id}/export/report")
def export_report(
    actor: Asking,
    dataset_id: Id,
    type: DatasetType | None = None,
    leave_out: bool = False,
    tool: Tool = TRL,
    handling: Handling = None,
    reason: Reason = "",
    checkpoint_id: Annotated[Id | None, Query()] = None,
) -> ExportReport:
    """What an export says of itself: what the checks found, what the tool makes of it, and the tokens of its rows by a
    checkpoint's tokenizer and chat template."""
    exports.refuse_large(actor, dataset_id)
    report = exports.export(
        actor,
        dataset_id,
        type=type,
        is_strict=True,
        leave_out=leave_out,
        tool=tool,
        tokens_of=checkpoint_id,
        handling=handling,
        reason=reason,
    )
    return ExportReport(
        num_rows=report.num_rows,
        num_bytes=report.num_bytes,
        findings={finding.check: finding.count for finding in report.findings},
        left_out=report.left_out,
        warnings=report.warnings,
        tokens=report.tokens.tokens if report.tokens is not None else None,
    )


@router.post("/datasets/{dataset_id}/push", status_code=202)
def push(actor: Asking, dataset_id: Id, body: DatasetPush) -> Push:
    """Push rows and card to the model hub, in one commit; only an owner of the installation may."""
    job_id = pushes.push_dataset(actor, dataset_id, body.repo, **body.model_dump(exclude={"repo"}))
    return pushes.get(actor, job_id)
