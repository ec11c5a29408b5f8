"""Looking at a training before it is launched: a frozen dataset, a trainer's knobs, and what they would come to."""

from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from app import forms
from app.pages.training import shown, templates
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from backend.errors import InvalidInput, NotFound
from backend.services import datasets
from backend.services.datasets import DatasetView
from backend.services.recipes import parts
from backend.services.rounds import preflights
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, Role

POLL_SECONDS = 1.0
UNSEEN: JSON = {
    "unseen": N_(
        "Choose a dataset and press Look: its rows, tokens and memory stand here then, and the first rows with "
        "what is learned of them. A round freezes a dataset when it selects."
    ),
    "target": "new-round",
    "link": N_("Launch a round"),
}
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}


def build() -> None:
    """Lay out the tab and wire it."""
    chosen, page_state, usual = gr.State(CurrentChoice()), gr.State({}), gr.State(None)
    gr.Markdown(
        N_("Choose rows that were frozen before, change the trainer, and see what a training would make of them.")
    )
    dataset = gr.Dropdown([], label=N_("Dataset"), elem_id="look-dataset")
    blocks = get_blocks_context()
    assert blocks is not None
    report = markup(templates.REPORT, templates.REPORT_CSS, elem_id="look-report", value=None)
    with gr.Accordion(N_("The same training with TRL alone"), open=False):
        script = gr.Code(language="python", interactive=False, max_lines=30, elem_id="look-script")
    blocks.root_block.load(draw, chosen, [dataset, usual, report, script, page_state], **QUIET)
    dataset.input(choose, [dataset], usual, **QUIET)
    gr.Timer(POLL_SECONDS).tick(refresh, [chosen, page_state], [report, script, page_state], **QUIET)

    @gr.render(inputs=[usual], triggers=[usual.change], show_progress="hidden")
    def knobs(usual: dict[str, Any] | None) -> None:
        if not usual:
            return
        form = forms.Form(start={"trainer": usual["trainer"]})
        name = usual["trainer"]["name"]
        with gr.Column(elem_classes=needs(Role.curator)):
            with gr.Accordion(gettext("Knobs of the trainer {name}").format(name=name), open=False):
                forms.draw_knobs(form, ("trainer",), parts.describe()["trainer"][name])
            with gr.Row(elem_classes="rondo-toolbar"):
                go = buttons.primary(gettext("Look"), elem_id="look-go")
            refused = problem("look-problem")

        def fields() -> dict[str, str]:
            # What looks at a trainer calls its knobs by their names alone.
            return form.field_ids | {str(drawn.path[-1]): str(drawn.input.elem_id) for drawn in form.fields}

        @toasts
        @refused_beside(3, fields)
        def look(chosen: CurrentChoice, request: gr.Request, *values: Any) -> list[Any]:
            here = context(request)
            job_id = preflights.look(here.actor, usual["dataset_id"], form.read(values)["trainer"])
            chosen.put({"job": job_id})
            notice(gettext("Job {job_id} is queued: it looks at the rows.").format(job_id=job_id))
            return _changes(here, chosen.value, {})

        outputs = [report, script, page_state, refused]
        go.click(look, [chosen, *form.inputs], outputs, trigger_mode="once", **PRIVATE)


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw the datasets, and the newest look."""
    here = context(request)
    known = datasets.list_datasets(here.actor, here.project_id)
    newest = preflights.newest(here.actor, here.project_id)
    chosen.put({"job": newest.job_id if newest else None})
    choices = [(_named(dataset), dataset.id) for dataset in known]
    first = next((dataset.id for dataset in known), None)
    field = gr.Dropdown(choices=choices, value=first)
    return [field, None if first is None else _usual(here, first), *_changes(here, chosen.value, {})]


@toasts
def choose(dataset: int | None, request: gr.Request) -> dict[str, Any] | None:
    """Draw the knobs of the trainer that read other rows."""
    if dataset is None:
        raise InvalidInput("Choose a dataset from the list.")
    return vars(preflights.usual(context(request).actor, int(dataset)))


@toasts
def refresh(chosen: CurrentChoice, page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    wish = chosen.value
    return chosen.unless_over(wish, _changes(context(request), wish, page_state))


def _named(dataset: DatasetView) -> str:
    text = ngettext(
        "{id}: {number} {type} row of round {round}",
        "{id}: {number} {type} rows of round {round}",
        dataset.num_examples,
    )
    number = f"{dataset.num_examples:,}"
    return text.format(id=dataset.id, number=number, type=dataset.type, round=dataset.round_number)


def _usual(here: Context, dataset_id: int) -> dict[str, Any] | None:
    try:
        return vars(preflights.usual(here.actor, dataset_id))
    except (InvalidInput, NotFound):
        return None  # the page opens with the newest dataset, which no trainer may read


def _changes(here: Context, wish: dict[str, Any], page_state: dict[str, Any]) -> list[Any]:
    view = preflights.get(here.actor, wish["job"]) if wish.get("job") else None
    report = shown.report(view) or {name: gettext(text) for name, text in UNSEEN.items()}
    now = {"report": report, "script": shown.script(view)}
    if now == page_state:
        return [gr.skip()] * 3
    return [now["report"], now["script"], now]
