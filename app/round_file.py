"""A round's report as one HTML file: no script, no address that it asks for, readable in black and white."""

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader

from app import html
from app.widgets import judge_health, round_opening_texts, round_texts, round_work_texts
from backend import translations
from backend.services.round_report import Report
from backend.services.round_report.shapes import Spread, VerdictBin

WIDTH, HEIGHT = 640, 120
"""Of a chart, in units of its own."""

_templates = Environment(loader=FileSystemLoader(html.FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def page(report: Report) -> bytes:
    """Return the file, in UTF-8 and in English; every value is escaped, and half of a character is spelled out."""
    with translations.using(translations.SOURCE):
        return _drawn(report).encode("utf-8", "backslashreplace")


def _drawn(report: Report) -> str:
    return _templates.get_template("round.html").render(
        opening=round_opening_texts.opening(report.opening),
        judge=judge_health.shown(report.judge, report.opening.head.hold),
        texts=round_texts.texts(report.texts),
        spreads=[_spread(spread) for spread in report.texts.spreads.spreads],
        work=round_work_texts.work(report.work),
        width=WIDTH,
        height=HEIGHT,
    )


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "name": spread.name,
        "categories": [round_texts.category(category) for category in spread.categories],
        "missing": spread.missing,
        "charts": [
            {
                "title": title,
                "bars": bars(bins),
                "low": f"{bins[0].low:.3g}",
                "high": f"{bins[-1].high:.3g}",
                "most": max(bin_.count for bin_ in bins),
                "is_by_verdict": any(bin_.accepted or bin_.rejected for bin_ in bins),
            }
            for title, bins in (("Scores", spread.scores), ("Length in tokens", spread.lengths))
            if bins
        ],
    }


def bars(bins: Sequence[VerdictBin]) -> list[dict[str, Any]]:
    """One rectangle for each part of each bin that is not empty: accepted at the bottom, then rejected, the rest."""
    most, width = max(bin_.count for bin_ in bins), WIDTH / len(bins)
    bars_ = []
    for n, bin_ in enumerate(bins):
        below = 0.0
        rest = bin_.count - bin_.accepted - bin_.rejected
        for name, count in (("accepted", bin_.accepted), ("rejected", bin_.rejected), ("rest", rest)):
            if count:
                tall = HEIGHT * count / most
                bars_.append(
                    {
                        "x": round(n * width + 1, 2),
                        "y": round(HEIGHT - below - tall, 2),
                        "width": round(width - 2, 2),
                        "height": round(tall, 2),
                        "name": name,
                        "said": f"{bin_.low:.3g} to {bin_.high:.3g}: {count} {name}",
                    }
                )
                below += tall
    return bars_
