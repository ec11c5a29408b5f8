"""The charts of a round: the way from prompts to rows, and how scores and lengths are spread."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.widgets import charts
from app.widgets.formats import counted
from backend.services.round_report.shapes import FlowStage, FunnelFlow, VerdictBin
from backend.translations import gettext

ON, OFF, IN = "rgba(107, 127, 227, 0.45)", "rgba(214, 90, 80, 0.40)", "rgba(47, 158, 106, 0.45)"
THINNEST = 0.004
"""An arm is drawn at least so wide, of a whole of 1: few that fell out are seen, too."""
ARMS = 6
"""Reasons that have an arm of their own at a stage; the rest shares one."""
NARROWEST = 1040
"""Pixels of the chart where it is shown at all (`#round-flow` in static/pages.css): on less the table says it alone."""
SIGN, LINE, BESIDE = 6.2, 16, 24
"""Pixels of a sign of a label, on average, of a line of it, and of a node with the room about it."""
ARMS_HIGH = 160
"""Pixels that all that began is high."""
SPREAD = 290
"""Pixels of the two charts of the texts, which stand beside each other."""
CLEAR = "rgba(0, 0, 0, 0)"


class Flowing:
    """Nodes and links of the chart. A width is a share of all that began: units differ from stage to stage."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.nodes: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.stacked = Counter[int]()
        """How many nodes stand in each column."""
        self.links: list[tuple[int, int, float, str, str, str]] = []

    def node(self, column: int, name: str, count: str, color: str) -> int:
        """A node with its label, wrapped where it would reach the next column."""
        whole = f"{name}: {count}"
        lines = textwrap.wrap(whole, int((NARROWEST / self.columns - BESIDE) / SIGN), break_on_hyphens=False)
        self.nodes.append((" <br>".join(lines), color))
        self.names.append(whole)
        self.stacked[column] += 1
        return len(self.nodes) - 1

    @property
    def pad(self) -> int:
        """Pixels between two nodes: labels of as many lines as the longest one, each beside its node, stand clear."""
        return LINE * max(label.count("<br>") + 1 for label, _ in self.nodes) + 2

    @property
    def height(self) -> int:
        """Pixels of the chart: the fullest column with its gaps, and the arms."""
        return max(260, self.pad * max(self.stacked.values()) + ARMS_HIGH)

    def link(self, source: int, target: int, width: float, color: str, title: str, href: str) -> None:
        self.links.append((source, target, max(width, THINNEST), color, title, href))

    def add(self, flow: FunnelFlow) -> None:
        """One dataset's way, beside the others."""
        at, width = -1, 1.0
        for column, stage in enumerate(flow.stages):
            # The last two stand close together: what the name says is not said twice.
            number = counted(stage.count, stage.unit)
            number_there = f"{stage.count:,}" if stage.name.endswith(stage.unit) else number
            here = self.node(column, gettext(stage.name), number_there, charts.ACCENT)
            if at >= 0:
                share = 1.0 if stage.share is None else stage.share
                self._leave(at, column, stage, width * (1 - share))
                width *= share
                self.link(at, here, width, ON, number, stage.href)
            self._join(here, stage, width)
            at = here
        self._end(at)

    def _leave(self, source: int, column: int, stage: FlowStage, width: float) -> None:
        arms = sorted(stage.dropped, key=lambda arm: -arm.count)
        total = sum(arm.count for arm in arms)
        shown = [(gettext(arm.reason), arm.count, arm.href) for arm in arms[:ARMS]]
        if rest := sum(arm.count for arm in arms[ARMS:]):
            shown.append((gettext("other reasons"), rest, arms[-1].href))
        for reason, count, href in shown:
            end = self.node(column, f"−\N{NO-BREAK SPACE}{reason}", f"{count:,}", charts.RED)
            self.link(source, end, width * count / total, OFF, f"{count:,} {reason}", href)

    def _join(self, target: int, stage: FlowStage, width: float) -> None:
        # What no arm leads to stands in the first column.
        joined = sum(arm.count for arm in stage.joined)
        own = max(stage.count - joined, 1)
        for arm in stage.joined:
            reason = gettext(arm.reason)
            start = self.node(0, f"+\N{NO-BREAK SPACE}{reason}", f"{arm.count:,}", charts.GREEN)
            self.link(start, target, width * arm.count / own, IN, f"{arm.count:,} {reason}", arm.href)

    def _end(self, last: int) -> None:
        """A column behind the last one that nobody sees.

        Plotly writes the labels of the last column to their left, over those of the column before; all others to their
        right.
        """
        self.nodes.append(("", CLEAR))
        self.names.append("")
        self.link(last, len(self.nodes) - 1, THINNEST, CLEAR, "", "")


def sankey(flows: Sequence[FunnelFlow]) -> go.Figure | None:
    """The ways of a round's datasets; an arm knows the address of its rows. None where nothing flows."""
    flows = [flow for flow in flows if len(flow.stages) > 1]
    if not flows:
        return None
    flowing = Flowing(max(len(flow.stages) for flow in flows))
    for flow in flows:
        flowing.add(flow)
    columns: list[Any] = [list(column) for column in zip(*flowing.links, strict=True)]
    source, target, value, color, label, href = columns
    figure = charts.blank(height=flowing.height)
    figure.add_trace(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [label for label, _ in flowing.nodes],
                "color": [color for _, color in flowing.nodes],
                "pad": flowing.pad,
                # What fell out ends beside the stage that it left: at the right it would lie over other labels.
                "align": "left",
                "thickness": 14,
                "line": {"width": 0},
                "customdata": flowing.names,
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            link={
                "source": source,
                "target": target,
                "value": value,
                "color": color,
                "customdata": href,
                "label": label,
                "hovertemplate": "%{label}<extra>" + gettext("click to see them") + "</extra>",
            },
            textfont={"size": 12, "color": charts.TEXT},
        )
    )
    figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 12}, hovermode="closest")
    return figure


def scores(bins: Sequence[VerdictBin]) -> go.Figure:
    """Bars by score, each cut by verdict; patterns tell them apart without color."""
    middles = [(bin_.low + bin_.high) / 2 for bin_ in bins]
    width = (bins[-1].high - bins[0].low) / len(bins) or 0.1
    parts = (
        (gettext("accepted"), [bin_.accepted for bin_ in bins], charts.GREEN, ""),
        (gettext("rejected"), [bin_.rejected for bin_ in bins], charts.RED, "/"),
        (gettext("undecided"), [bin_.count - bin_.accepted - bin_.rejected for bin_ in bins], charts.TEXT, "."),
    )
    shown = [part for part in parts if any(part[1])]
    figure = charts.blank(height=SPREAD - 20 * len(shown), x=gettext("score"), y=gettext("texts"))
    for name, counts, color, pattern in shown:
        marker = {"color": color, "line": {"width": 0}, "pattern": {"shape": pattern}}
        figure.add_bar(x=middles, y=counts, width=width, name=name, marker=marker)
    figure.update_layout(barmode="stack", bargap=0.06)
    charts.legend_below(figure, rows=len(shown))
    return figure


def lengths(bins: Sequence[VerdictBin]) -> go.Figure:
    """Bars of texts by their number of tokens."""
    return charts.histogram(
        [bins[0].low, *(bin_.high for bin_ in bins)],
        [bin_.count for bin_ in bins],
        x=gettext("tokens"),
        y=gettext("texts"),
        height=SPREAD,
    )
