"""The first content of the Samples page: the list that the address asks for, before Gradio has started."""

import gradio as gr

from app.pages.samples import bars, templates
from app.pages.samples.drawing import keys_of, rows_of, steps_of, wanted
from app.pages.samples.saved_views import NO_VIEW
from app.widgets import filter_line
from app.widgets.context import Context, context
from app.widgets.first import Fields, FirstFolds, FirstPart, FirstRow, Listed, Toolbar
from app.widgets.first_table import table_part
from app.widgets.roles import needs
from app.widgets.round_choice import round_line
from app.widgets.round_pickers import step_picker
from app.widgets.sample_choices import ONLY, SORTS, VERDICTS
from app.widgets.sample_filters import NAMES as FIELD_NAMES
from app.widgets.sample_filters import num_folded, to_bar, without_missing_step
from backend.services import rounds
from backend.services.rounds import RoundView
from backend.services.samples import views
from backend.services.samples.text_steps import TextStep
from backend.translations import gettext
from backend.values import JSON, Role

BUTTONS = ("Previous", "Next")


def first_content(request: gr.Request) -> list[FirstRow]:
    """Return the filters, the count, the charts and the list.

    Nothing is returned where a saved view is asked for, where a filter behind "More filters" is set, where the address
    is wrong in anything, and where no sample passes: then the page itself says what is.
    """
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    query = wanted(here, request, [round_.id for round_ in known])
    is_wrong = any(query.get(name) for name in ("no_round", "no_sample", "view", "at"))
    if is_wrong or not query.get("round") or num_folded(query):
        return []
    steps = steps_of(here, query)
    query, message = without_missing_step(steps, query)
    if message:
        return []
    keys, usual = keys_of(here, query)
    shown, count, *_ = rows_of(here, query | {"keys": keys, "usual": usual})
    value = shown["value"]
    table = table_part(
        "samples-table",
        value["headers"],
        value["data"],
        shown["column_widths"],
        name=gettext("Samples"),
        min_width=1360,
    )
    if not value["data"]:
        return []
    rows: list[FirstPart | Toolbar | FirstFolds] = [
        Toolbar(FirstPart("samples-count", templates.COUNT, "", count), [gettext(label) for label in BUTTONS]),
        FirstPart("samples-histogram", bars.TEMPLATE, bars.CSS, bars.drawn(here, query["round"])),
        FirstFolds([gettext("Filter by metadata")]),
        Toolbar(None, [gettext("Label here")], needs(Role.reviewer)),
        table,
    ]
    detail = (
        []
        if query.get("sample")
        else [FirstPart("sample-detail", templates.DETAIL, templates.DETAIL_CSS, {"is_empty": True})]
    )
    fields = Fields(_fields(here, query, known, steps), are_filters=True, folded=filter_line.label(0))
    return [fields, Listed(rows, detail)]


def _fields(here: Context, query: JSON, known: list[RoundView], steps: list[TextStep]) -> list[tuple[str, str]]:
    """The fields in one line, each with what it holds."""
    held = dict(zip(FIELD_NAMES, to_bar(query), strict=True))
    names = {value: gettext(name) for name, value in (*VERDICTS, *ONLY, *SORTS)}
    line = next(round_line(round_) for round_ in known if round_.id == query["round"])
    fields = [(gettext("Round"), line)]
    if views.list_views(here.actor, here.project_id):
        fields.append((gettext("View"), gettext(NO_VIEW[0])))
    fields.append((gettext("Search in samples"), held["text"]))
    step = step_picker(steps, query)
    if step.visible:
        step_names = {value: name for name, value in step.choices}
        fields.append((gettext("Step"), str(step_names[step.value])))
    for label, name in (("Verdict", "verdict"), ("Only", "only")):
        fields.append((gettext(label), ", ".join(names[value] for value in held[name])))
    return [*fields, (gettext("Sort"), names[held["sort"]])]
