"""One chart of a group of series: a color and a sign for each round, a dash for each series."""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.widgets import charts
from backend.services.rounds.training_curves import Series
from backend.translations import gettext

COLORS = (*charts.COLORS, "#c2a63a", "#4fa3a5", "#9a9a9a")
SIGNS = 8
"""So many points of a line at most have a sign, which is enough to follow it."""


def overlaid(series: Sequence[Series], y: str = "") -> go.Figure:
    """The series over the optimizer steps; what lies within a round has its color."""
    figure = charts.blank(height=240, x=gettext("optimizer step"), y=y)
    rounds = list(dict.fromkeys(curve.round_id for curve in sorted(series, key=lambda line: line.round_number)))
    names = list(dict.fromkeys(curve.name for curve in series))
    for curve in series:
        turn = names.index(curve.name) // len(charts.DASHES)
        parts = [curve.name]
        if len(rounds) > 1:
            parts.append(gettext("round {number}").format(number=curve.round_number))
        if curve.step is not None:
            parts.append(gettext("step {number}").format(number=curve.step + 1))
        figure.add_scatter(
            x=[step for step, _ in curve.points],
            y=[value for _, value in curve.points],
            name=", ".join(parts),
            mode="lines+markers" if len(curve.points) == 1 or len(rounds) > 1 or turn else "lines",
            marker={
                "symbol": charts.SYMBOLS[(rounds.index(curve.round_id) + len(rounds) * turn) % len(charts.SYMBOLS)],
                "size": 7,
                "maxdisplayed": SIGNS,
            },
            line={
                "width": 1.8,
                "color": COLORS[rounds.index(curve.round_id) % len(COLORS)],
                "dash": charts.DASHES[names.index(curve.name) % len(charts.DASHES)],
            },
            hovertemplate="%{y:.4g}",
        )
    # One below the other each name has its own row, so that none is left empty.
    charts.legend_below(figure, rows=len(series) if len(series) > 2 else 1)
    figure.update_yaxes(exponentformat="e")
    return figure
