"""People's figures over the rounds of a project, as a table and a chart: on Team of everybody, on My work one's own."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from app.widgets import charts
from app.widgets.formats import percent
from app.widgets.plain_table import rows_of
from backend.services.team.performance import Performance, Share
from backend.translations import N_, gettext

COLUMNS = [
    N_("Round"),
    N_("Person"),
    N_("Decided"),
    N_("Items an hour"),
    N_("Gold right"),
    N_("With colleagues"),
    N_("With adjudication"),
    N_("Skipped"),
    N_("Edits"),
]
TOO_FEW = N_("A chart is drawn once this is known of two reviewed rounds or more; the table shows what there is.")
MISSING = '{{#if value}}<p class="rondo-muted">{{value}}</p>{{/if}}'
NONE = N_("Nobody has decided anything yet. People's figures stand here once a round was reviewed.")
LATER = N_("when it is over")
MEASURES: dict[str, tuple[str, Callable[[Performance], float | None]]] = {
    "Gold right": (N_("share of gold items right"), lambda line: _value(line.gold)),
    "Items an hour": (N_("items an hour"), lambda line: line.per_hour),
    "Decided": (N_("items decided"), lambda line: line.decided),
    "With colleagues": (N_("share equal to colleagues' words"), lambda line: _value(line.colleagues)),
    "With adjudication": (N_("share equal to what was settled"), lambda line: _value(line.adjudicated)),
    "Skipped": (N_("share of items skipped"), lambda line: line.skipped.value),
}
FEWEST_ROUNDS = 2
SHARES = ("Gold right", "With colleagues", "With adjudication", "Skipped")


def table_value(lines: Sequence[Performance]) -> dict[str, Any]:
    """The newest round first."""
    newest = sorted(lines, key=lambda line: (-line.round_number, -line.decided, line.who))
    return rows_of([gettext(name) for name in COLUMNS], [table_row(line) for line in newest], none=gettext(NONE))


def table_row(line: Performance) -> list[str]:
    """One person in one round, as the table shows them."""
    return [
        str(line.round_number),
        line.who,
        f"{line.decided:,}",
        f"{line.per_hour:,.0f}" if line.per_hour is not None else "–",
        in_words(line.gold),
        in_words(line.colleagues),
        in_words(line.adjudicated),
        in_words(line.skipped),
        f"{line.edits:,}",
    ]


def in_words(share: Share | None) -> str:
    """`80% (55 to 93), 8 of 10`."""
    if share is None:
        return gettext(LATER)
    if share.value is None or share.interval is None:
        return "–"
    low, high = share.interval
    return gettext("{share} ({low} to {high}), {number} of {whole}").format(
        share=percent(share.value, 0),
        low=f"{100 * low:.0f}",
        high=f"{100 * high:.0f}",
        number=f"{share.right:,}",
        whole=f"{share.number:,}",
    )


def figure(lines: Sequence[Performance], measure: str) -> go.Figure | None:
    """One line a person over the rounds; None where the measure is known of fewer than two rounds."""
    y, value_of = MEASURES[measure] if measure in MEASURES else MEASURES["Gold right"]
    points: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in lines:
        if (value := value_of(line)) is not None:
            points[line.who].append((line.round_number, value))
    if len({number for some in points.values() for number, _ in some}) < FEWEST_ROUNDS:
        return None
    drawn = charts.blank(height=280, x=gettext("round"), y=gettext(y))
    for n, (who, some) in enumerate(points.items()):
        looks = {
            "line_dash": charts.DASHES[n % len(charts.DASHES)],
            "marker": {"size": 8, "symbol": charts.SYMBOLS[n % len(charts.SYMBOLS)]},
        }
        drawn.add_scatter(x=[x for x, _ in some], y=[v for _, v in some], name=who, mode="lines+markers", **looks)
    numbers = sorted({line.round_number for line in lines})
    drawn.update_xaxes(tickvals=numbers, ticktext=[str(n) for n in numbers], nticks=12)
    if measure in SHARES:
        drawn.update_yaxes(tickformat=".0%", range=[-0.03, 1.03])
    else:
        drawn.update_yaxes(rangemode="tozero")
    drawn.update_layout(showlegend=True)
    return drawn


def chart_of(drawn: go.Figure | None, lines: Sequence[Performance]) -> list[Any]:
    """The chart, and why there is none while there is something in the table."""
    return [gr.Plot(drawn, visible=drawn is not None), gettext(TOO_FEW) if drawn is None and lines else ""]


def _value(share: Share | None) -> float | None:
    return share.value if share is not None else None
