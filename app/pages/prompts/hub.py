"""A dataset of the hub on the import tab: its name, a button, how far it is; then it is chosen as a file."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from app.pages.prompts import importing
from app.pages.prompts.importing import none
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services import prompts
from backend.services.hub import fetching
from backend.services.hub.fetching import Fetch, HubDataset
from backend.services.prompts.mapping import ROLES
from backend.translations import N_, gettext, ngettext
from backend.values import JobStatus

POLL_SECONDS = 1.0
STATE = """
{{#if value}}<p role="status" class="{{#if value.is_bad}}rondo-problem{{/if}}">{{value.text}}
<a href="jobs?job={{value.job}}">job {{value.job}}</a></p>{{/if}}
"""
OFFLINE = "<p>{{value.text}}</p>"


@dataclass
class FromHub:
    """The components of the fold."""

    followed: gr.State
    timer: gr.Timer
    asked: list[Any]
    state: gr.HTML
    go: gr.Button


def build() -> FromHub:
    """Lay out the fold."""
    followed, timer = gr.State(CurrentChoice()), gr.Timer(POLL_SECONDS, active=False)
    is_offline = fetching.is_offline()
    with gr.Accordion(N_("From the model hub"), open=False, elem_id="import-hub"):
        if is_offline:
            markup(OFFLINE, value={"text": fetching.OFFLINE}, elem_id="hub-offline")
        with gr.Row():
            name = gr.Textbox(label=N_("Dataset"), placeholder="owner/name", max_lines=1, elem_id="hub-name")
            config = gr.Textbox(
                label=N_("Configuration"), info=N_("Empty: the default."), max_lines=1, elem_id="hub-config"
            )
            split = gr.Textbox("train", label=N_("Split"), max_lines=1, elem_id="hub-split")
        with gr.Row():
            revision = gr.Textbox(
                label=N_("Revision"),
                info=N_("Commit, branch or tag. Empty: the newest."),
                max_lines=1,
                elem_id="hub-revision",
            )
            num_rows = gr.Number(
                100_000, label=N_("Rows at most"), precision=0, info=N_("The first ones are taken."), elem_id="hub-rows"
            )
        state = markup(STATE, "a { color: var(--rondo-accent); }", elem_id="hub-state")
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.secondary(N_("Fetch"), interactive=not is_offline, elem_id="hub-go")
    return FromHub(followed, timer, [name, config, split, revision, num_rows], state, go)


@toasts
def fetch(
    followed: CurrentChoice,
    name: str,
    config: str,
    split: str,
    revision: str,
    num_rows: float | None,
    request: gr.Request,
) -> list[Any]:
    """Have a split fetched."""
    here = context(request)
    if num_rows is None or num_rows != int(num_rows):
        raise InvalidInput("Rows at most must be a whole number. Fill it in.")
    name, config, split, revision = ((word or "").strip() for word in (name, config, split, revision))
    job_id = fetching.start(here.actor, here.project_id, HubDataset(name, config, split, revision, int(num_rows)))
    notice(gettext("Job {job_id} is queued: it fetches the dataset.").format(job_id=job_id))
    followed.put({"job": job_id})
    return [state_value(fetching.get(here.actor, job_id)), gr.Timer(active=True)]


@toasts
def look_again(followed: CurrentChoice, request: gr.Request) -> list[Any]:
    """What a tick of the timer draws."""
    return look_now(followed, partial(context, request))


def look_now(followed: CurrentChoice, here: Any) -> list[Any]:
    """How far it is; once it is there, it is chosen among the files, with its first rows."""
    wish = followed.value
    nothing = [gr.skip()] * (1 + NUM_LOOKED_AT)
    if not wish.get("job"):
        return [gr.skip(), gr.Timer(active=False), *nothing]
    with followed.until_refused(wish):
        at: Context = here()
        view = fetching.get(at.actor, wish["job"])
    state = state_value(view)
    if not view.is_over:
        return followed.unless_over(wish, [state, gr.Timer(active=True), *nothing])
    drawn = [state, gr.Timer(active=False), *nothing]
    if view.file is not None:
        with followed.until_refused(wish):
            fetching.file_of(at.actor, view.job_id)  # it may have to come from another machine
            files = prompts.importable(at.actor, at.project_id)
            preview = prompts.preview(at.actor, at.project_id, view.file)
        chosen = gr.Dropdown([none(), *files], value=view.file)
        drawn = [state, gr.Timer(active=False), chosen, *importing.looked_at(preview)]
    drawn = followed.unless_over(wish, drawn)
    followed.end(wish)
    return drawn


NUM_LOOKED_AT = len(ROLES) + 5
"""How many components show the start of a file."""


def state_value(view: Fetch) -> dict[str, Any]:
    """How far it is, in words."""
    asked = view.dataset
    whole = f"{asked.name}, {asked.split}"
    rows = ngettext("{number} row", "{number} rows", view.num_rows)
    if view.is_cut:
        rows = ngettext("{number} row, the first of more", "{number} rows, the first of more", view.num_rows)
    values = {"whole": whole, "file": view.file, "error": view.error, "status": word(view.status)}
    values["rows"] = rows.format(number=f"{view.num_rows:,}")
    text = {
        JobStatus.done: gettext("Fetched {whole}: {rows}. It is chosen below as {file}."),
        JobStatus.failed: gettext("{whole} was not fetched. {error}"),
        JobStatus.cancelled: gettext("Fetching {whole} was cancelled:"),
    }.get(view.status, gettext("{whole}: {rows} so far, {status}."))
    return {"text": text.format(**values), "is_bad": view.status is JobStatus.failed, "job": view.job_id}
