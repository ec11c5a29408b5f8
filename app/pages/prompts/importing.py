"""The import tab of the prompts page: a file, its format and first rows, which column is what, what they become."""

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app import uploads
from app.page_texts import LABEL_AS_NAMED
from app.pages.prompts import templates
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.table import Table
from backend.errors import InvalidInput
from backend.services import prompts
from backend.services.prompts import FilePreview, Finished, Mapping
from backend.services.prompts.mapping import MANY, MEANINGS, ROLES
from backend.services.prompts.row_completions import UNREAD
from backend.translations import N_, gettext

SHORT = 300
NONE = N_("(none)")
TRAIN, HELD_OUT, PARTED = N_("training"), N_("held out"), N_("training, with a share held out")


@dataclass
class Importing:
    """The components of the import tab."""

    upload: gr.File
    path: gr.Dropdown
    raw: Table
    columns: list[Any]
    fates: Table
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
        return [self.raw, *self.columns, self.fates, self.become, self.notes, self.go]


def table(
    headers: list[str], label: str, elem_id: str, *, widths: list[int] | None = None, visible: bool = True
) -> Table:
    """A table that shows texts as they are; widths in percent."""
    return Table(
        headers=headers,
        datatype="str",
        interactive=False,
        wrap=True,
        label=label,
        show_label=True,
        elem_id=elem_id,
        visible=visible,
        column_widths=[f"{width}%" for width in widths] if widths else None,
    )


def build() -> Importing:
    """Lay out the tab."""
    with gr.Row():
        upload = gr.File(
            label=N_("A file: JSONL, JSON, CSV, plain text (also .gz), Parquet or Arrow"),
            type="filepath",
            elem_id="import-upload",
        )
        path = gr.Dropdown(
            [NONE],
            value=NONE,
            label=N_("Or a file of the data folder's imports folder"),
            elem_id="import-path",
            info=N_("Files too large to upload, and folders of save_to_disk, go there by hand."),
        )
    notes = markup(templates.NOTES, templates.NOTES_CSS, elem_id="import-notes")
    raw = table([N_("Columns")], N_("The file's first rows"), "import-raw", visible=False)
    with gr.Row():
        messages = _role("messages", N_("Column with a list of role and content."))
        prompt = _role("prompt", N_("Or the column with the prompt as text."))
        answer = _role("answer", N_("Optional: a checked or reference answer."))
        metadata = _role("metadata", N_("Kept beside the prompt."))
    more = _more_roles()
    fates = table(
        [N_("Column"), N_("Role"), N_("What becomes of it")],
        N_("What becomes of every column"),
        "import-columns",
        widths=[20, 20, 60],
        visible=False,
    )
    become = table(
        [N_("Row"), N_("Prompt, as the model will see it"), N_("Answer"), N_("Completions")],
        N_("What the rows become"),
        "import-become",
        widths=[7, 48, 15, 30],
        visible=False,
    )
    with gr.Row():
        name = gr.Textbox(label=N_("Name of the set"), max_lines=1, max_length=100, elem_id="import-name")
        use = gr.Radio([TRAIN, HELD_OUT, PARTED], value=TRAIN, label=N_("Use"), elem_id="import-use")
        share = gr.Slider(
            0.01,
            0.5,
            value=0.1,
            step=0.01,
            label=N_("Share held out"),
            visible=False,
            elem_id="import-share",
            info=N_("Goes to a second set that is measured on and never trained on."),
        )
        seed = gr.Number(0, label="seed", precision=0, info=N_("The same seed and prompts give the same split."))
    strict = gr.Checkbox(False, label=N_("Import nothing if any row is bad"))
    go = buttons.primary(N_("Import"), interactive=False, elem_id="import-go")
    columns = [messages, prompt, answer, metadata, *more]
    return Importing(upload, path, raw, columns, fates, become, notes, name, use, share, seed, strict, go)


def _more_roles() -> list[gr.Dropdown]:
    """The dropdowns of the roles that fewer files have, in the order of `ROLES`."""
    with gr.Accordion(N_("More roles: system, context, choices, completions, labels, scores, external id"), open=False):
        with gr.Row():
            roles = [_role("system"), _role("history"), _role("context"), _role("choices")]
        with gr.Row():
            roles += [_role("completion"), _role("chosen"), _role("rejected"), _role("label")]
        with gr.Row():
            roles += [_role("score"), _role("score_chosen"), _role("score_rejected"), _role("external_id")]
    return roles


def _role(role: str, info: str = "") -> gr.Dropdown:
    """The dropdown of a role, which is called as in files and errors."""
    common: dict[str, Any] = {"label": role, "info": info or MEANINGS[role], "elem_classes": LABEL_AS_NAMED}
    if role in MANY:
        return gr.Dropdown([], value=[], multiselect=True, elem_id=f"import-{role}", **common)
    return gr.Dropdown([NONE], value=NONE, elem_id=f"import-{role}", **common)


@toasts
def show_share(use: str) -> gr.Slider:
    """The share matters only where one is held out."""
    return gr.Slider(visible=use == PARTED)


@toasts
def look(upload: str | None, path: str, request: gr.Request) -> list[Any]:
    """Show the start of a file with the columns its names suggest."""
    if upload is None and path == NONE:
        return looked_at(None)
    here = context(request)
    source = source_of(here, upload, path)
    try:
        return looked_at(prompts.preview(here.actor, here.project_id, **source))
    except InvalidInput as error:
        return looked_at(None, error.message)


@toasts
def look_again(upload: str | None, path: str, request: gr.Request, *columns: Any) -> list[Any]:
    """Show what becomes of the rows under another mapping."""
    mapping = as_mapping(*columns)
    is_complete = mapping.is_implicit or (mapping.messages is None) != (mapping.prompt is None)
    if (upload is None and path == NONE) or not is_complete:
        raise InvalidInput(
            "Choose a file, then one column that holds the prompt: messages or prompt, not both. A pair of chats "
            "(chosen and rejected) needs neither."
        )
    here = context(request)
    source = source_of(here, upload, path)
    return looked_at(prompts.preview(here.actor, here.project_id, mapping=mapping, **source))


def source_of(here: Context, upload: str | None, path: str) -> dict[str, Any]:
    """The file as the services take it; raises `NotFound` for an upload that is not this login's."""
    if upload is None:
        return {"path": path, "uploaded": False}
    return {"path": uploads.require_own(here.session_id, upload), "uploaded": True}


def as_mapping(*columns: Any) -> Mapping:
    """The dropdowns, in the order of the roles, as a mapping; raises `InvalidInput` for what no dropdown holds."""
    given: dict[str, Any] = {}
    for role, value in zip(ROLES, columns, strict=True):
        names = (value or []) if role in MANY else [value or NONE]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InvalidInput(f"{role}: {str(value)[:40]!r} is no name of a column. Choose one from the list.")
        given[role] = tuple(names) if role in MANY else None if names == [NONE] else names[0]
    used = Mapping(**given | {"metadata": None}).used
    return Mapping(**given | {"metadata": tuple(name for name in given["metadata"] if name not in used)})


def looked_at(preview: FilePreview | None, problem: str = "") -> list[Any]:
    """Values of the components that show the start of a file; a problem: why nothing of it is shown."""
    if preview is None:
        columns = [gr.Dropdown([], value=[]) if role in MANY else gr.Dropdown([none()], value=NONE) for role in ROLES]
        hidden = Table(visible=False)
        refused = {"problems": [problem]} if problem else None
        return [hidden, *columns, hidden, hidden, refused, gr.Button(interactive=False)]
    names = list(preview.columns)
    raw = [[cell(row.get(name)) for name in names] for row in preview.rows]
    fates = [[become.column, become.role or gettext("none"), become.becomes] for become in preview.becomes]
    summary = {
        "format": f"{preview.kind}: {preview.format}.",
        "notes": list(preview.notes),
        "problems": list(preview.warnings),
    }
    return [
        Table(value={"headers": names, "data": raw}, headers=names, visible=True) if names else Table(visible=False),
        *(_chosen(preview, role) for role in ROLES),
        Table(value=fates, visible=bool(fates)),
        Table(value=[become_row(row) for row in preview.prompts], visible=True),
        summary,
        gr.Button(interactive=bool(preview.mapping.used)),
    ]


def none() -> tuple[str, str]:
    """The choice of no column, or of no file."""
    return gettext(NONE), NONE


def _chosen(preview: FilePreview, role: str) -> gr.Dropdown:
    """The dropdown of a role with the column that the mapping gives it."""
    names, value = list(preview.columns), getattr(preview.mapping, role)
    if role == "metadata" and value is None:
        value = [name for name in names if name not in preview.mapping.used]
    if role in MANY:
        return gr.Dropdown(names, value=list(value))
    return gr.Dropdown([none(), *names], value=value or NONE)


def become_row(row: Finished) -> list[str]:
    """One row as it would be imported, as the table shows it."""
    if row.reason:
        return [str(row.line), gettext("left out: {reason}").format(reason=row.reason), "", ""]
    completions = "\n\n".join(f"{noted(completion.extra)}: {short(completion.text)}" for completion in row.completions)
    return [str(row.line), row.text[:1500], short(row.answer or ""), completions]


def noted(extra: dict[str, Any]) -> str:
    """What a file says of a completion: `chosen`, `label true`, `score 8.5`."""
    words = []
    if isinstance(extra.get("chosen"), bool):
        words.append(gettext("chosen") if extra["chosen"] else gettext("rejected"))
    if isinstance(extra.get("label"), bool):
        words.append(gettext("label {value}").format(value=str(extra["label"]).lower()))
    score = extra.get("score")
    if isinstance(score, int | float) and not isinstance(score, bool):
        words.append(gettext("score {score}").format(score=f"{score:g}"))
    if UNREAD in extra:
        words.append(
            gettext("score {value} is no number and is left out").format(value=repr(short(str(extra[UNREAD]))))
        )
    return ", ".join(words) or gettext("completion")


def cell(value: Any) -> str:
    """A value of the file as a table shows it."""
    if value is None or isinstance(value, str):
        return short(value or "")
    return short(json.dumps(value, ensure_ascii=False, default=str))


def short(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= SHORT else text[:SHORT] + " …"
