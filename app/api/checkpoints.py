"""Checkpoints: lineage, registering, renaming, and trying a prompt on them."""

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.depends import After, Asking, Limit, Page, cut, file_of
from backend.boundary import Count, Data, Id, Line, Name, Score, Text
from backend.services import checkpoints
from backend.services.checkpoints import (
    CheckpointDetail,
    CheckpointRow,
    endpoints,
    gguf_files,
    merging,
    model_cards,
    model_checks,
    registration,
    trials,
)
from backend.services.checkpoints.endpoints import Endpoint
from backend.services.checkpoints.gguf_files import GgufFile
from backend.services.checkpoints.merging import Merge
from backend.services.checkpoints.trials import Trial
from backend.services.hub import pushes
from backend.services.hub.pushes import Push
from backend.values import Sampling

router = APIRouter(tags=["checkpoints"])


class NewCheckpoint(BaseModel):
    """A folder or hub name in `location`, or an OpenAI-compatible `endpoint`."""

    name: Name
    location: Line = ""
    endpoint: Endpoint | None = None
    role: Line = "policy"


class Renaming(BaseModel):
    name: Name


class EndpointChange(BaseModel):
    """What is left out stays; the defaults are those of a new endpoint. A price of a million tokens; null is none.

    `api_key_env` names the environment variable that holds the key, never the key; empty: `RONDO_OPENAI_API_KEY`.
    `extra`: further fields of each request. `send_defaults`: send temperature and top_p also where they are 1.
    """

    model_config = ConfigDict(extra="forbid")

    api_key_env: Line = ""
    concurrency: Count = 16
    timeout: Score = 120.0
    extra: Data = {}
    price_in: Score | None = None
    price_out: Score | None = None
    send_defaults: bool = False


class NewMerge(BaseModel):
    """`name`: of the new checkpoint; empty: that of the adapter and `-merged`."""

    name: Line = ""


class NewGguf(BaseModel):
    """`outtype`: the number format, f32 or f16; where llama.cpp's converter is set, bf16 and q8_0, too."""

    outtype: Line = gguf_files.OUTTYPE


class NewPush(BaseModel):
    """`repo` like `name/repository`; `is_private` counts where it is made."""

    repo: Line
    is_private: bool = True


class NewTrial(BaseModel):
    checkpoint_ids: list[Id] = Field(min_length=1, max_length=2)
    text: Text
    sampling: Sampling = Sampling()


@router.get("/projects/{project_id}/checkpoints")
def list_checkpoints(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[CheckpointRow]:
    """Children after their parent."""
    return cut(checkpoints.tree(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/projects/{project_id}/checkpoints", status_code=201)
def register(actor: Asking, project_id: Id, body: NewCheckpoint) -> CheckpointDetail:
    checkpoint_id = registration.register(
        actor, project_id, name=body.name, location=body.location, endpoint=body.endpoint, role=body.role
    )
    return checkpoints.detail(actor, checkpoint_id)


@router.get("/checkpoints/{checkpoint_id}")
def get_checkpoint(actor: Asking, checkpoint_id: Id) -> CheckpointDetail:
    return checkpoints.detail(actor, checkpoint_id)


@router.get("/checkpoints/{checkpoint_id}/card", **file_of("text/markdown"))
def get_card(actor: Asking, checkpoint_id: Id) -> Response:
    """The model card: Markdown with the hub's head, from the installation's records."""
    return Response(model_cards.of_checkpoint(actor, checkpoint_id), media_type="text/markdown")


@router.patch("/checkpoints/{checkpoint_id}")
def rename(actor: Asking, checkpoint_id: Id, body: Renaming) -> CheckpointDetail:
    checkpoints.rename(actor, checkpoint_id, body.name)
    return checkpoints.detail(actor, checkpoint_id)


@router.delete("/checkpoints/{checkpoint_id}", status_code=204)
def delete(actor: Asking, checkpoint_id: Id) -> None:
    """Forget a checkpoint that nothing refers to; its files stay."""
    checkpoints.delete(actor, checkpoint_id)


@router.post("/checkpoints/{checkpoint_id}/check")
def check(actor: Asking, checkpoint_id: int) -> CheckpointDetail:
    """Check the model again; of an endpoint, test with a few short requests what it can do."""
    model_checks.check(actor, checkpoint_id)
    return checkpoints.detail(actor, checkpoint_id)


@router.patch("/checkpoints/{checkpoint_id}/endpoint")
def change_endpoint(actor: Asking, checkpoint_id: Id, body: EndpointChange) -> CheckpointDetail:
    """Give an endpoint other settings; only an owner of the installation may. What is left out stays."""
    endpoints.change_some(actor, checkpoint_id, body.model_dump(exclude_unset=True))
    return checkpoints.detail(actor, checkpoint_id)


@router.post("/checkpoints/{checkpoint_id}/merge", status_code=202)
def merge(actor: Asking, checkpoint_id: Id, body: NewMerge) -> Merge:
    """Merge an adapter into the model below it; the new checkpoint is there once the job is done."""
    return merging.get(actor, merging.start(actor, checkpoint_id, body.name))


@router.get("/merges/{job_id}")
def get_merge(actor: Asking, job_id: Id) -> Merge:
    return merging.get(actor, job_id)


@router.post("/checkpoints/{checkpoint_id}/gguf", status_code=202)
def write_gguf(actor: Asking, checkpoint_id: Id, body: NewGguf) -> GgufFile:
    """Write a checkpoint as a GGUF file; an adapter is merged into the model below it before."""
    return gguf_files.get(actor, gguf_files.start(actor, checkpoint_id, body.outtype))


@router.get("/gguf-files/{job_id}")
def get_gguf(actor: Asking, job_id: Id) -> GgufFile:
    """How far a GGUF file is."""
    return gguf_files.get(actor, job_id)


@router.get("/gguf-files/{job_id}/file", **file_of("application/octet-stream"))
def download_gguf(actor: Asking, job_id: Id) -> FileResponse:
    """A GGUF file; it goes after seven days."""
    path, name = gguf_files.file_of(actor, job_id)
    return FileResponse(path, filename=name, media_type="application/octet-stream")


@router.post("/checkpoints/{checkpoint_id}/push", status_code=202)
def push(actor: Asking, checkpoint_id: Id, body: NewPush) -> Push:
    """Push weights and card to the model hub, in one commit; only an owner of the installation may."""
    job_id = pushes.push_checkpoint(actor, checkpoint_id, body.repo, is_private=body.is_private)
    return pushes.get(actor, job_id)


@router.get("/pushes/{job_id}")
def get_push(actor: Asking, job_id: Id) -> Push:
    """How far a push of a checkpoint or a dataset is; `url` and `commit` once the hub has all of it."""
    return pushes.get(actor, job_id)


@router.post("/trials", status_code=202)
def try_prompt(actor: Asking, body: NewTrial) -> Trial:
    """Ask one or two checkpoints; the replies are there once the job is done."""
    job_id = trials.try_prompt(actor, body.checkpoint_ids, body.text, body.sampling)
    return trials.try_result(actor, job_id)


@router.get("/trials/{job_id}")
def get_trial(actor: Asking, job_id: Id) -> Trial:
    return trials.try_result(actor, job_id)
