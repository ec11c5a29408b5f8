"""Team page: everybody's figures over the rounds of the project."""

from typing import Any

import gradio as gr

from app.pages.team import templates
from app.toasts import toasts
from app.widgets import people_over_rounds
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.people_over_rounds import MEASURES
from app.widgets.plain_table import plain_table
from backend.services.team import performance
from backend.translations import N_

HELP = N_(
    "The newest 20 reviewed rounds, each figure with its 95% interval. Time is what the desk measured at items; "
    "colleagues are compared on items that both decided, adjudication on items that a curator settled."
)
DOWNLOAD = """
{{#if value.href}}<p class="load"><a href="{{value.href}}" download>Download as CSV</a></p>{{/if}}
"""
DOWNLOAD_CSS = ".load { margin: 0; }"


def build(tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    markup(templates.NOTE, templates.NOTE_CSS, value=[HELP])
    measure = gr.Dropdown(
        list(MEASURES), value="Items an hour", label=N_("Chart of"), filterable=False, elem_id="over-measure"
    )
    chart = gr.Plot(show_label=False, visible=False, elem_id="over-chart")
    missing = markup(people_over_rounds.MISSING, value="", elem_id="over-missing")
    table = plain_table("over-table")
    link = markup(DOWNLOAD, DOWNLOAD_CSS, value={}, elem_id="over-link")
    tab.select(show, measure, [chart, missing, table, link], **private)
    measure.input(show, measure, [chart, missing, table, link], **private)


@toasts
def show(measure: str, request: gr.Request) -> list[Any]:
    """Draw the figures."""
    here = context(request)
    lines = performance.everyone(here.actor, here.project_id)
    drawn = people_over_rounds.figure(lines, measure)
    href = f"/api/v1/projects/{here.project_id}/performance/csv" if lines else ""
    return [*people_over_rounds.chart_of(drawn, lines), people_over_rounds.table_value(lines), {"href": href}]
