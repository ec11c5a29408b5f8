"""The import tab of the prompts page: a file, its first rows, which column is what, and what they become."""

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app import uploads
from app.pages import prompts_templates as templates
from app.toasts import toasts
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.table import Table
from backend.errors import InvalidInput
from backend.services import prompts
from backend.services.prompts import Mapping, Preview

SHORT = 300
NONE = "(none)"
TRAIN, HELD_OUT, PARTED = "train", "held out", "train, with a share held out"


@dataclass
class Importing:
    """The components of the import tab."""

    upload: gr.File
    path: gr.Dropdown
    raw: Table
    columns: list[Any]
    become: Table
    notes: gr.HTML
    name: gr.Textbox
    use: gr.Radio
    share: gr.Slider
    seed: gr.Number
    strict: gr.Checkbox
    go: gr.Button

    @property
    def source(self) -> list[Any]:
        return [self.upload, self.path]

    @property
    def looked_at(self) -> list[Any]:
        return [self.raw, *self.columns, self.become, self.notes, self.go]


def table(
    headers: list[str], label: str, elem_id: str, *, widths: list[int] | None = None, visible: bool = True
) -> Table:
    """A table that shows texts as they are; widths in percent."""
    return Table(
        headers=headers, datatype="str", interactive=False, wrap=True, label=label, show_label=True, elem_id=elem_id,
        visible=visible, column_widths=[f"{width}%" for width in widths] if widths else None,
    )  # fmt: skip


def build() -> Importing:
    """Lay out the tab."""
    with gr.Row():
        upload = gr.File(label="A file: JSONL, JSON, CSV or Parquet", type="filepath", elem_id="import-upload")
        path = gr.Dropdown(
            [NONE], value=NONE, label="Or a file of the data folder's imports folder", elem_id="import-path",
            info="Files too large to upload go there by hand.",
        )  # fmt: skip
    notes = markup(templates.NOTES, templates.NOTES_CSS, elem_id="import-notes")
    raw = table(["Columns"], "The file's first rows", "import-raw", visible=False)
    with gr.Row():
        messages = gr.Dropdown([NONE], value=NONE, label="messages", info="Column with a list of role and content.")
        prompt = gr.Dropdown([NONE], value=NONE, label="prompt", info="Or the column with the prompt as text.")
        answer = gr.Dropdown([NONE], value=NONE, label="answer", info="Optional: a checked or reference answer.")
        metadata = gr.Dropdown([], value=[], multiselect=True, label="metadata", info="Kept beside the prompt.")
    become = table(["Line", "Prompt", "Answer"], "What they become", "import-become", widths=[8, 72, 20], visible=False)
    with gr.Row():
        name = gr.Textbox(label="Name of the set", max_lines=1, max_length=100, elem_id="import-name")
        use = gr.Radio([TRAIN, HELD_OUT, PARTED], value=TRAIN, label="Use", elem_id="import-use")
        share = gr.Slider(
            0.01, 0.5, value=0.1, step=0.01, label="Share held out", visible=False, elem_id="import-share",
            info="Goes to a second set that is measured on and never trained on.",
        )  # fmt: skip
        seed = gr.Number(0, label="seed", precision=0, info="The same seed and prompts give the same split.")
    strict = gr.Checkbox(False, label="Import nothing if any row is bad")
    go = gr.Button("Import", variant="primary", interactive=False, elem_id="import-go")
    columns = [messages, prompt, answer, metadata]
    return Importing(upload, path, raw, columns, become, notes, name, use, share, seed, strict, go)


@toasts
def show_share(use: str) -> gr.Slider:
    """The share matters only where one is held out."""
    return gr.Slider(visible=use == PARTED)


@toasts
def look(upload: str | None, path: str, request: gr.Request) -> list[Any]:
    """Show the start of a file with the columns its names suggest."""
    if upload is None and path == NONE:
        return _looked_at(None)
    here = context(request)
    source = source_of(here, upload, path)
    try:
        return _looked_at(prompts.preview(here.actor, here.project_id, **source))
    except InvalidInput as error:
        return _looked_at(None, error.message)


@toasts
def look_again(
    upload: str | None, path: str, messages: str, prompt: str, answer: str, metadata: list[str], request: gr.Request
) -> list[Any]:
    """Show what becomes of the rows under another mapping."""
    mapping = as_mapping(messages, prompt, answer, metadata)
    if (upload is None and path == NONE) or (mapping.messages is None) == (mapping.prompt is None):
        raise InvalidInput("Choose a file, then one column that holds the prompt: messages or prompt, not both.")
    here = context(request)
    source = source_of(here, upload, path)
    return _looked_at(prompts.preview(here.actor, here.project_id, mapping=mapping, **source))


def source_of(here: Context, upload: str | None, path: str) -> dict[str, Any]:
    """The file as the services take it; raises `NotFound` for an upload that is not this login's."""
    if upload is None:
        return {"path": path, "uploaded": False}
    return {"path": uploads.require_own(here.session_id, upload), "uploaded": True}


def as_mapping(messages: str, prompt: str, answer: str, metadata: list[str]) -> Mapping:
    """The dropdowns as a mapping."""
    names = [None if name == NONE else name for name in (messages, prompt, answer)]
    used = set(names)
    return Mapping(*names, metadata=tuple(name for name in metadata if name not in used))


def _looked_at(preview: Preview | None, problem: str = "") -> list[Any]:
    if preview is None:
        columns: list[Any] = [gr.Dropdown([NONE], value=NONE) for _ in range(3)]
        tables = Table(visible=False)
        return [
            tables,
            *columns,
            gr.Dropdown([], value=[]),
            tables,
            [problem] if problem else None,
            gr.Button(interactive=False),
        ]
    mapping = preview.mapping
    names, used = list(preview.columns), (mapping.messages, mapping.prompt, mapping.answer)
    single = [gr.Dropdown([NONE, *names], value=value or NONE) for value in used]
    others = list(mapping.metadata) if mapping.metadata is not None else [n for n in names if n not in used]
    raw = [[cell(row.get(name)) for name in names] for row in preview.rows]
    become = [[str(line), short(text), short(answer)] for line, text, answer in preview.prompts]
    return [
        Table(value=raw, headers=names, visible=True) if names else Table(visible=False),
        *single,
        gr.Dropdown(names, value=others),
        Table(value=become, visible=True),
        list(preview.warnings) or None,
        gr.Button(interactive=mapping.messages is not None or mapping.prompt is not None),
    ]


def cell(value: Any) -> str:
    """A value of the file as a table shows it."""
    if value is None or isinstance(value, str):
        return short(value or "")
    return short(json.dumps(value, ensure_ascii=False, default=str))


def short(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= SHORT else text[:SHORT] + " …"
