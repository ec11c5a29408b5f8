"""Figures of people over rounds as a table for a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from backend.services.team.performance import Performance, Share

COLUMNS = (
    "round",
    "person",
    "decided",
    "minutes",
    "items_per_hour",
    "gold_right",
    "gold_seen",
    "gold_share",
    "gold_low",
    "gold_high",
    "colleagues_same",
    "colleagues_shared",
    "adjudicated_same",
    "adjudicated",
    "skipped",
    "edits",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(lines: Sequence[Performance]) -> str:
    """The figures as a table with a head; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        gold, interval = line.gold, (line.gold.interval if line.gold else None) or (None, None)
        who = f"'{line.who}" if line.who.startswith(FORMULA) else line.who
        writer.writerow(
            [
                line.round_number,
                who,
                line.decided,
                round(line.minutes, 2),
                _rounded(line.per_hour),
                *((gold.right, gold.number) if gold else ("", "")),
                *map(_rounded, (gold.value if gold else None, *interval)),
                *_counts(line.colleagues),
                *_counts(line.adjudicated),
                line.skipped.right,
                line.edits,
            ]
        )
    return text.getvalue()


def _counts(share: Share | None) -> tuple[Any, Any]:
    return (share.right, share.number) if share else ("", "")


def _rounded(value: float | None) -> Any:
    return "" if value is None else round(value, 4)
