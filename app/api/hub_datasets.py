"""Datasets of the hub: fetched by a worker, looked at and imported as a file is."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Count, Id, Line, Name, Seed
from backend.services import prompts
from backend.services.hub import fetching
from backend.services.hub.fetching import Fetch, HubDataset
from backend.services.prompts import FilePreview, Mapping
from backend.services.prompts.import_report import ImportReport
from backend.services.prompts.mapping import from_json
from backend.values import Split

router = APIRouter(tags=["prompts"])


class NewFetch(BaseModel):
    """`name` like `owner/name`; without a `config` the default one, without a `revision` the newest.

    `num_rows`: how many of the first rows are taken at most.
    """

    name: Line
    config: Line = ""
    split: Line = "train"
    revision: Line = ""
    num_rows: Count = 100_000


class FetchMapping(BaseModel):
    """`mapping`: which column holds what, as JSON text; by default the format's own."""

    mapping: str | None = Field(None, max_length=20_000)


class FetchImport(FetchMapping):
    """As of a file: see `/projects/{project_id}/prompt-sets/import`."""

    name: Name
    split: Split = Split.train
    held_out_share: float = Field(0.0, ge=0, lt=1)
    seed: Seed = 0
    on_bad: Literal["keep good", "refuse"] = "keep good"

    @property
    def columns(self) -> Mapping | None:
        return from_json(self.mapping)


@router.post("/projects/{project_id}/hub-datasets", status_code=202)
def fetch(actor: Asking, project_id: Id, body: NewFetch) -> Fetch:
    """Have a worker fetch a split of a public dataset of the hub."""
    return fetching.get(actor, fetching.start(actor, project_id, HubDataset(**body.model_dump())))


@router.get("/hub-datasets/{job_id}")
def get_fetch(actor: Asking, job_id: Id) -> Fetch:
    """How far it is."""
    return fetching.get(actor, job_id)


@router.post("/hub-datasets/{job_id}/preview")
def preview_fetch(actor: Asking, job_id: Id, body: FetchMapping) -> FilePreview:
    """Say what an import would make of it."""
    project_id, path = fetching.file_of(actor, job_id)
    return prompts.preview(actor, project_id, path, mapping=from_json(body.mapping))


@router.post("/hub-datasets/{job_id}/import", status_code=201)
def import_fetch(actor: Asking, job_id: Id, body: FetchImport) -> ImportReport:
    """Import it as a prompt set."""
    project_id, path = fetching.file_of(actor, job_id)
    given = body.model_dump(exclude={"mapping", "name"})
    return prompts.import_file(actor, project_id, body.name, path, mapping=body.columns, **given)
