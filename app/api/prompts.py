"""Prompt sets: importing, reading, deleting."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from app.api.depends import After, Asking, Before, Limit, Page, cut, file_of
from backend.boundary import Id, Line, Name, Seed, Text
from backend.services import prompts
from backend.services.prompts import FilePreview, PromptSetView, PromptView, keeping
from backend.services.prompts.import_report import ImportReport
from backend.services.prompts.intake import import_file
from backend.services.prompts.keeping import KeptPrompt
from backend.services.prompts.mapping import from_json
from backend.services.samples import prompts_seen
from backend.values import Messages, Split

router = APIRouter(tags=["prompts"])

MappingForm = Annotated[
    str | None,
    Form(
        description='Which column holds what, as JSON: {"prompt": "question", "answer": "target"}; by default the '
        "format's own."
    ),
]


class PromptTurn(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: Text


class NewPrompt(BaseModel):
    """`messages` end with the user's. `set_name`: a set that no round uses, or a new one."""

    set_name: Name
    messages: Annotated[list[PromptTurn], Field(min_length=1, max_length=1000)]
    answer: Text = ""


@router.get("/projects/{project_id}/prompt-sets")
def list_sets(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[PromptSetView]:
    """Newest first."""
    return cut(prompts.list_sets(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/projects/{project_id}/prompts", status_code=201)
def keep_prompt(actor: Asking, project_id: Id, body: NewPrompt) -> KeptPrompt:
    """Put one prompt into a set that no round uses, or into a new train set."""
    messages: Messages = [{"role": turn.role, "content": turn.content} for turn in body.messages]
    return keeping.keep(actor, project_id, body.set_name, messages, answer=body.answer)


@router.post("/projects/{project_id}/prompt-sets/import", status_code=201)
def import_set(
    actor: Asking,
    project_id: Id,
    file: UploadFile,
    name: Annotated[Name, Form()],
    split: Annotated[Split, Form()] = Split.train,
    held_out_share: Annotated[float, Form(ge=0, lt=1)] = 0.0,
    seed: Annotated[Seed, Form()] = 0,
    on_bad: Annotated[Literal["keep good", "refuse"], Form()] = "keep good",
    mapping: MappingForm = None,
) -> ImportReport:
    """Import a file of any known format; with a mapping, its columns as the mapping says.

    Where the mapping names a column of external ids, a set of this name may be there: what it has unchanged stays, what
    changed is written anew, what is new is added; 409 where that would change a set that a round uses.
    """
    chosen = from_json(mapping)
    with received(file) as path:
        return import_file(
            actor,
            project_id,
            name,
            path,
            mapping=chosen,
            split=split,
            held_out_share=held_out_share,
            seed=seed,
            on_bad=on_bad,
            uploaded=True,
        )


@router.post("/projects/{project_id}/prompt-sets/preview")
def preview_file(actor: Asking, project_id: int, file: UploadFile, mapping: MappingForm = None) -> FilePreview:
    """Say what an import would make of a file: its format, every column's fate, the first finished prompts."""
    chosen = from_json(mapping)
    with received(file) as path:
        return prompts.preview(actor, project_id, path, mapping=chosen, uploaded=True)


def suffix_of(name: str) -> str:
    """What the name ends in says the kind of file; it is not trusted further, and may hold anything."""
    suffixes = [suffix[:12] for suffix in PurePosixPath(name).suffixes[-2:]]
    return re.sub("[^A-Za-z0-9.]", "", "".join(suffixes))


@contextmanager
def received(file: UploadFile) -> Iterator[Path]:
    """The upload as a file of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="rondo-import-") as folder:
        path = Path(folder) / ("upload" + suffix_of(file.filename or ""))
        with path.open("wb") as copy:
            while chunk := file.file.read(1 << 20):
                copy.write(chunk)
        yield path


@router.get("/prompt-sets/{set_id}")
def get_set(actor: Asking, set_id: Id) -> PromptSetView:
    return prompts.get(actor, set_id)


@router.get("/prompt-sets/{set_id}/report")
def get_report(actor: Asking, set_id: Id) -> ImportReport | None:
    """What the import said; null for a set that was not imported from a file."""
    return prompts.report(actor, set_id)


@router.get("/prompt-sets/{set_id}/problems", **file_of("text/csv"))
def get_problems(actor: Asking, set_id: Id) -> FileResponse:
    """Download every row that was left out, with its line and why, as CSV."""
    return FileResponse(prompts.problems_file(actor, set_id), filename=f"prompt-set-{set_id}-left-out.csv")


@router.get("/prompt-sets/{set_id}/prompts")
def list_prompts(
    actor: Asking, set_id: Id, search: Line = "", external_id: Line = "", limit: Limit = 50, after: Before = None
) -> Page[PromptView]:
    """In the file's order; with an `external_id` the one prompt that its file knows by it.

    While people decide blind on texts that answer the set's prompts, who is no curator gets no metadata, and nothing
    that the file says of its completions (`is_masked`)."""
    page = prompts_seen.browse(actor, set_id, search=search, external_id=external_id, cursor=after, limit=limit)
    return Page(items=list(page.rows), next=None if page.next is None else str(page.next))


@router.delete("/prompt-sets/{set_id}", status_code=204)
def delete_set(actor: Asking, set_id: Id) -> None:
    """Delete a set that no round uses."""
    prompts.delete_set(actor, set_id)
