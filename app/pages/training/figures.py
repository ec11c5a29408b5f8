"""One chart of a group of series: a color for each round, a dash for each series."""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.widgets import charts
from backend.services.rounds.training_curves import Series

DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot")
COLORS = (*charts.COLORS, "#c2a63a", "#4fa3a5", "#9a9a9a")


def overlaid(series: Sequence[Series], y: str = "") -> go.Figure:
    """The series over the optimizer steps; what lies within a round has its color."""
    figure = charts.blank(height=240, x="optimizer step", y=y)
    rounds = list(dict.fromkeys(one.round_id for one in sorted(series, key=lambda one: one.round_number)))
    names = list(dict.fromkeys(one.name for one in series))
    for one in series:
        place = "" if one.step is None else f", step {one.step + 1}"
        figure.add_scatter(
            x=[step for step, _ in one.points],
            y=[value for _, value in one.points],
            name=f"{one.name}, round {one.round_number}{place}",
            mode="lines+markers" if len(one.points) == 1 else "lines",
            line={
                "width": 1.8,
                "color": COLORS[rounds.index(one.round_id) % len(COLORS)],
                "dash": DASHES[names.index(one.name) % len(DASHES)],
            },
            hovertemplate="%{y:.4g}",
        )
    # Below the chart: the names of many series would leave no room for them.
    rows = len(series) if len(series) > 2 else 1
    figure.update_layout(
        showlegend=True,
        height=240 + 20 * rows,
        margin_b=52 + 20 * rows,
        legend={"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},
    )
    return figure
