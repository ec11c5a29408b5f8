"""One figure over the rounds, with its interval."""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.widgets import charts
from app.widgets.formats import SHARES
from app.widgets.value_words import metric_name
from backend.services.results.trends import WIN_RATE, TrendPoint
from backend.translations import N_, gettext

OF_TRENDS = ("wins", "kappa", "ties")
"""As `SHARES`, beside those."""
NOTHING = N_("No round has this figure for you: of open rounds only curators see it.")
UNDECIDED = N_("No round has this figure for you: wins show once you have decided all your matches of an arena.")


def titled(name: str) -> str:
    """`mean_tokens` as people read it on its own: `Mean tokens`."""
    text = metric_name(name)
    return f"{text[:1].upper()}{text[1:]}"


def trend(points: Sequence[TrendPoint], name: str, rounds: Sequence[int] = (), *, height: int = 300) -> go.Figure:
    """A point a round with its 95% interval; rounds of several branches are no line. `rounds`: their numbers, which
    the axis has whether or not they have the figure."""
    figure = charts.blank(height=height, x=gettext("round"), y=metric_name(name))
    if not points:
        text = gettext(UNDECIDED if name == WIN_RATE else NOTHING)
        figure.add_annotation(text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
        return figure.update_xaxes(visible=False).update_yaxes(visible=False)
    figure.add_scatter(
        x=[point.number for point in points],
        y=[point.value for point in points],
        error_y={
            # A point of which one end is not known has no bar there; 0 is known.
            "array": [0.0 if point.high is None else max(0.0, point.high - point.value) for point in points],
            "arrayminus": [0.0 if point.low is None else max(0.0, point.value - point.low) for point in points],
            "thickness": 1,
            "width": 4,
        },
        name=gettext("{name}, 95% interval").format(name=titled(name)),
        mode="lines+markers",
        line={"color": charts.ACCENT, "width": 2},
        marker={"size": 8},
        customdata=[point.n for point in points],
        hovertemplate="%{y:.4g} (of %{customdata:,})<extra></extra>",
    )
    numbers = sorted({*rounds, *(point.number for point in points)})
    step = max(1, len(numbers) // 12)
    ends = [numbers[0] - 0.25, numbers[-1] + 0.25]
    figure.update_xaxes(tickvals=numbers[::step], ticktext=[str(number) for number in numbers[::step]], range=ends)
    if any(word in name for word in (*SHARES, *OF_TRENDS)) and all(0 <= point.value <= 1 for point in points):
        figure.update_yaxes(tickformat=".0%")
    figure.update_layout(showlegend=True)
    return figure
