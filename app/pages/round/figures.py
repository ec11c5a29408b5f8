"""The charts of a round: the way from prompts to rows, and how scores and lengths are spread."""

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
SIGN, BESIDE = 6.2, 24
"""Pixels of a sign of a label, on average, and of a node with the room about it."""
CLEAR = "rgba(0, 0, 0, 0)"


class Flowing:
    """Nodes and links of the chart. A width is a share of all that began: units differ from stage to stage."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.nodes: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.links: list[tuple[int, int, float, str, str, str]] = []

    def node(self, name: str, count: str, color: str) -> int:
        """A node with its label, whose name is cut where it would reach the next column; whole under the mouse."""
        room = int((NARROWEST / self.columns - BESIDE) / SIGN) - len(count) - 2
        shown = name if len(name) <= room else f"{name[: max(room - 1, 1)].rstrip()}…"
        self.nodes.append((f"{shown}: {count}", color))
        self.names.append(f"{name}: {count}")
        return len(self.nodes) - 1

    def link(self, source: int, target: int, width: float, color: str, title: str, href: str) -> None:
        self.links.append((source, target, max(width, THINNEST), color, title, href))

    def add(self, flow: FunnelFlow) -> None:
        """One dataset's way, beside the others."""
        at, width = -1, 1.0
        for stage in flow.stages:
            # The last two stand close together: what the name says is not said twice.
            number = counted(stage.count, stage.unit)
            number_there = f"{stage.count:,}" if stage.name.endswith(stage.unit) else number
            here = self.node(gettext(stage.name), number_there, charts.ACCENT)
            if at >= 0:
                share = 1.0 if stage.share is None else stage.share
                self._leave(at, stage, width * (1 - share))
                width *= share
                self.link(at, here, width, ON, number, stage.href)
            self._join(here, stage, width)
            at = here
        self._end(at)

    def _leave(self, source: int, stage: FlowStage, width: float) -> None:
        arms = sorted(stage.dropped, key=lambda arm: -arm.count)
        total = sum(arm.count for arm in arms)
        shown = [(gettext(arm.reason), arm.count, arm.href) for arm in arms[:ARMS]]
        if rest := sum(arm.count for arm in arms[ARMS:]):
            shown.append((gettext("other reasons"), rest, arms[-1].href))
        for reason, count, href in shown:
            end = self.node(f"− {reason}", f"{count:,}", charts.RED)
            self.link(source, end, width * count / total, OFF, f"{count:,} {reason}", href)

    def _join(self, target: int, stage: FlowStage, width: float) -> None:
        joined = sum(arm.count for arm in stage.joined)
        own = max(stage.count - joined, 1)
        for arm in stage.joined:
            reason = gettext(arm.reason)
            start = self.node(f"+ {reason}", f"{arm.count:,}", charts.GREEN)
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
    figure = charts.blank(height=max(260, 46 * max(len(flowing.nodes) // 2, 5)))
    figure.add_trace(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [label for label, _ in flowing.nodes],
                "color": [color for _, color in flowing.nodes],
                "pad": 18,
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
    figure = charts.blank(height=230, x=gettext("score"), y=gettext("texts"))
    middles = [(bin_.low + bin_.high) / 2 for bin_ in bins]
    width = (bins[-1].high - bins[0].low) / len(bins) or 0.1
    parts = (
        (gettext("accepted"), [bin_.accepted for bin_ in bins], charts.GREEN, ""),
        (gettext("rejected"), [bin_.rejected for bin_ in bins], charts.RED, "/"),
        (gettext("undecided"), [bin_.count - bin_.accepted - bin_.rejected for bin_ in bins], charts.TEXT, "."),
    )
    for name, counts, color, pattern in parts:
        if any(counts):
            marker = {"color": color, "line": {"width": 0}, "pattern": {"shape": pattern}}
            figure.add_bar(x=middles, y=counts, width=width, name=name, marker=marker)
    figure.update_layout(barmode="stack", bargap=0.06, showlegend=True)
    return figure


def lengths(bins: Sequence[VerdictBin]) -> go.Figure:
    """Bars of texts by their number of tokens."""
    return charts.histogram(
        [bins[0].low, *(bin_.high for bin_ in bins)],
        [bin_.count for bin_ in bins],
        x=gettext("tokens"),
        y=gettext("texts"),
        height=230,
    )
