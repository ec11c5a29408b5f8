"""Plotly figures that look right in light and dark: no background of their own, colors readable on both."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import plotly.graph_objects as go

from backend.services.results import loop_tree
from backend.services.results.summaries import RoundLine
from backend.translations import gettext

ACCENT, ORANGE, GREEN, RED, VIOLET = "#6b7fe3", "#d98324", "#2f9e6a", "#d65a50", "#a06cc8"
COLORS = (ACCENT, ORANGE, GREEN, RED, VIOLET)
BRANCHES = (VIOLET, RED, "#3a9fb5", "#8c7a3d")
"""Lines beside the newest lineage; the other colors are taken."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "hexagon")
DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot")
"""What tells lines apart where there is no color."""
TEXT, GRID = "#868d9b", "rgba(134, 141, 155, 0.22)"
FONT = 'Inter, system-ui, "Segoe UI", sans-serif'


def blank(*, height: int = 260, x: str = "", y: str = "") -> go.Figure:
    """An empty figure with the common look."""
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True, "title_standoff": 8}
    return go.Figure(
        layout=go.Layout(
            template="none",
            height=height,
            margin={"l": 44, "r": 12, "t": 28, "b": 36},
            paper_bgcolor="rgba(0, 0, 0, 0)",
            plot_bgcolor="rgba(0, 0, 0, 0)",
            font={"family": FONT, "size": 12, "color": TEXT},
            colorway=list(COLORS),
            hovermode="x unified",
            hoverlabel={"bgcolor": "#2a2d34", "bordercolor": "#2a2d34", "font": {"color": "#f1f2f4"}},
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            xaxis=axis | {"title": x},
            yaxis=axis | {"title": y},
            modebar={"remove": ["zoom", "pan", "select", "lasso", "autoScale", "zoomIn", "zoomOut", "toImage"]},
        )
    )


def legend_below(figure: go.Figure, *, rows: int = 1) -> None:
    """Put the legend below the chart and make the figure higher by it: at its top the label of its block would lie over
    it. With several rows each name has its own."""
    figure.update_layout(
        showlegend=True,
        height=figure.layout.height + 20 * rows,
        margin_b=52 + 20 * rows,
        legend={
            "orientation": "v" if rows > 1 else "h",
            "x": 0,
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
        },
    )


def curves(
    series: Mapping[str, Sequence[tuple[float, float]]], *, x: str = "", y: str = "", height: int = 220
) -> go.Figure:
    """One line a name, from (x, y) points."""
    figure = blank(height=height, x=x or gettext("optimizer step"), y=y)
    for name, points in series.items():
        figure.add_scatter(x=[p[0] for p in points], y=[p[1] for p in points], name=name, mode="lines", line_width=1.8)
    if len(series) > 1:
        legend_below(figure, rows=len(series))
    else:
        figure.update_layout(showlegend=False)
    return figure


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    x: str = "score",
    y: str = "",
    height: int = 180,
    color: str = ACCENT,
) -> go.Figure:
    """Bars of counts between edges (one more edge than counts)."""
    figure = blank(height=height, x=x, y=y)
    pairs = list(pairwise(edges))
    bars = go.Bar(
        x=[(low + high) / 2 for low, high in pairs],
        y=list(counts),
        width=[high - low for low, high in pairs],
        hovertext=[f"{low:g} to {high:g}" for low, high in pairs],
        hovertemplate="%{hovertext}: %{y}<extra></extra>",
        marker={"color": color, "line": {"width": 0}},
    )
    figure.add_trace(bars)
    figure.update_layout(showlegend=False, bargap=0.06, hovermode="closest")
    return figure


def rounds(lines: Sequence[RoundLine], *, height: int = 300) -> go.Figure:
    """Held-out accuracy along the newest lineage with its 95% band, and along each other one from where it leaves it;
    the shares kept and overridden of every round."""
    figure = blank(height=height, x=gettext("round"), y=gettext("share"))
    line, *others = lineages(lines)
    measured = [point for point in line if point.accuracy is not None]
    _band(figure, measured)
    values = [p.accuracy.value for p in measured if p.accuracy]
    _series(figure, gettext("held-out accuracy"), measured, values, ACCENT, width=2.6)
    for n, other in enumerate(others):
        _branch(figure, other, n)
    kept = [point for point in lines if point.kept_share is not None]
    # Where there are branches, a line by number would join rounds of different ones.
    mode = "markers" if others else "lines+markers"
    _series(
        figure,
        gettext("samples kept"),
        kept,
        [p.kept_share for p in kept],
        GREEN,
        dash="dot",
        mode=mode,
        symbol="square-open",
    )
    overridden = [point for point in lines if point.overridden_share is not None]
    _series(
        figure,
        gettext("overridden, of what people decided"),
        overridden,
        [p.overridden_share for p in overridden],
        ORANGE,
        dash="dash",
        mode=mode,
        symbol="x",
    )
    numbers = [p.number for p in lines]
    shown = [end for p in lines if p.accuracy for end in (p.accuracy.low, p.accuracy.high) if end is not None]
    shown += [p.accuracy.value for p in lines if p.accuracy]
    shown += [share for p in lines for share in (p.kept_share, p.overridden_share) if share is not None]
    figure.update_yaxes(tickformat=".0%", range=share_range(shown), nticks=6)
    names = [gettext("base") if number == 0 else str(number) for number in numbers]
    step = max(1, len(numbers) // 12)
    ends = [min(numbers, default=0) - 0.25, max(numbers, default=0) + 0.25]
    figure.update_xaxes(tickvals=numbers[::step], ticktext=names[::step], range=ends)
    return figure


def share_range(shares: Sequence[float], *, least: float = 0.1) -> list[float]:
    """The ends of an axis that these shares fill, with a little air; at least `least` long, within 0 and 1."""
    low, high = (min(shares), max(shares)) if shares else (0.0, 1.0)
    air = max((least - (high - low)) / 2, 0.06 * (high - low), 0.01)
    return [max(0.0, low - air), min(1.0, high + air)]


def lineage(lines: Sequence[RoundLine]) -> list[RoundLine]:
    """From the base to the newest measured round, by parents."""
    newest = next((line for line in reversed(lines) if line.accuracy is not None), lines[-1] if lines else None)
    return [] if newest is None else loop_tree.lineage(lines, newest)


def lineages(lines: Sequence[RoundLine]) -> list[list[RoundLine]]:
    """The newest lineage, then each other one from the last measured line that it shares with those before, newest
    first. Every measured line is in one."""
    main = lineage(lines)
    paths, there = [main], {id(line) for line in main}
    for line in reversed(lines):
        if line.accuracy is None or id(line) in there:
            continue
        whole = [point for point in loop_tree.lineage(lines, line) if point.accuracy is not None]
        new = [point for point in whole if id(point) not in there]
        above = [point for point in whole if id(point) in there][-1:]
        there |= {id(point) for point in new}
        paths.append([*above, *new])
    return paths


def _band(figure: go.Figure, points: Sequence[RoundLine]) -> None:
    spans = [(p.number, p.accuracy.low, p.accuracy.high) for p in points if p.accuracy and p.accuracy.low is not None]
    if len(spans) < 2:
        for number, low, high in spans:
            figure.add_scatter(
                x=[number] * 2,
                y=[low, high],
                mode="lines",
                line={"color": ACCENT, "width": 1},
                showlegend=False,
                hoverinfo="skip",
            )
        return
    there, back = [s[0] for s in spans], [s[0] for s in reversed(spans)]
    figure.add_scatter(
        x=there + back,
        y=[s[2] for s in spans] + [s[1] for s in reversed(spans)],
        fill="toself",
        fillcolor="rgba(107, 127, 227, 0.16)",
        line={"width": 0},
        mode="lines",
        name=gettext("95% interval"),
        hoverinfo="skip",
    )


def _series(
    figure: go.Figure,
    name: str,
    points: Sequence[RoundLine],
    values: Sequence[float | None],
    color: str,
    *,
    dash: str = "solid",
    width: float = 1.6,
    mode: str = "lines+markers",
    symbol: str = "circle",
) -> None:
    if points:
        figure.add_scatter(
            x=[p.number for p in points],
            y=list(values),
            name=name,
            mode=mode,
            line={"color": color, "width": width, "dash": dash},
            marker={"size": 7 if width > 2 else 6, "symbol": symbol},
            cliponaxis=False,
            hovertemplate="%{y:.1%}",
        )


def _branch_name(number: int) -> str:
    return gettext("branch to round {number}").format(number=number) if number else gettext("another base")


def _branch(figure: go.Figure, points: Sequence[RoundLine], n: int) -> None:
    """A line of its own, from where it leaves another one; each round of it with its interval."""
    looks = {"color": BRANCHES[n % len(BRANCHES)], "width": 2, "dash": ("dash", *DASHES[3:])[n % 4]}
    measured = [(p, p.accuracy) for p in points if p.accuracy is not None]
    ends = [(max(0.0, (a.high or a.value) - a.value), max(0.0, a.value - (a.low or a.value))) for _, a in measured]
    if points[0].number < points[-1].number:
        ends[0] = (0.0, 0.0)  # where it begins the band stands already
    figure.add_scatter(
        x=[p.number for p, _ in measured],
        y=[accuracy.value for _, accuracy in measured],
        error_y={"array": [up for up, _ in ends], "arrayminus": [down for _, down in ends], "thickness": 1, "width": 4},
        name=_branch_name(points[-1].number),
        mode="lines+markers",
        line=looks,
        marker={"size": 8, "symbol": SYMBOLS[1 + n % (len(SYMBOLS) - 1)]},
        hovertemplate="%{y:.1%}",
    )
