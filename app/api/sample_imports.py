"""Samples of other tools, with what judges and people said of them, as a round that waits for review."""

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from pydantic import BaseModel

from app.api.depends import Asking
from app.api.prompts import received
from backend.boundary import Id, Name, Score
from backend.services.imports import import_jobs
from backend.services.imports.import_jobs import SampleImport
from backend.services.imports.importing import ImportRequest
from backend.services.imports.row_columns import chosen_from, text_map

router = APIRouter(tags=["samples"])

Columns = Annotated[
    str | None,
    Form(description='Which column holds what, as JSON: {"completion": "reply"}; by default the usual names.'),
]
People = Annotated[
    str | None,
    Form(
        description='Who somebody of the file is here, as JSON: {"ann@tool.example": "ann", "*": "bob"}. All but '
        "yourself have to be named."
    ),
]


class StartedImport(BaseModel):
    """The job that imports; `/sample-imports/{job_id}` tells how far it is and what it did."""

    job_id: Id


@router.post("/projects/{project_id}/samples/import", status_code=202)
def import_samples(
    actor: Asking,
    project_id: Id,
    file: UploadFile,
    name: Annotated[Name, Form(description="of the prompt set that the import makes")] = "Imported samples",
    columns: Columns = None,
    people: People = None,
    accept_at: Annotated[
        Score | None,
        Form(description="from which score on a sample is good; by default 0.5, where scores are from 0 to 1"),
    ] = None,
    policy_id: Annotated[Id | None, Form(description="the checkpoint; by default the project's newest")] = None,
    lowest: Annotated[Score | None, Form(description="lowest score of the scale; by default the file's lowest")] = None,
    highest: Annotated[Score | None, Form(description="highest score of the scale; by default the file's")] = None,
    is_blind: Annotated[bool, Form(description="whether reviewers decide before they see the judgments")] = True,
    update: Annotated[
        bool,
        Form(description="whether samples that are there get other scores and metadata, where nobody has decided"),
    ] = False,
) -> StartedImport:
    """Import samples with scores, judgments and decisions; whole or not at all. External ids that the project has
    already, with the same content, add nothing; with another text they are refused, `update` or not."""
    asked = ImportRequest(
        name,
        chosen_from(columns),
        text_map(people, "The people", '{"ann": "bob"}'),
        accept_at,
        policy_id,
        is_blind,
        lowest,
        highest,
        plain_name(file.filename),
        update,
    )
    with received(file) as path:
        return StartedImport(job_id=import_jobs.start(actor, project_id, path, asked))


def plain_name(given: str | None) -> str:
    """A file's name as its sender calls it, without folders and what cannot be shown."""
    name = "".join(c for c in (given or "").replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())
    return name[:100] or "the file"


@router.get("/sample-imports/{job_id}")
def get_import(actor: Asking, job_id: Id) -> SampleImport:
    """How far an import is, and what it did."""
    return import_jobs.get(actor, job_id)
