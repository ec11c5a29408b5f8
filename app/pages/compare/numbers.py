"""The numbers of the comparison as texts: a row for each metric, a cell for each side."""

from app.widgets.formats import SHARES, gap_interval, percent, points
from app.widgets.value_words import metric_name
from backend.differences import Difference
from backend.services.held_out.compared import ComparedMetric, Value
from backend.services.held_out.side_by_side import SideBySide
from backend.services.results.accuracies import ACCURACY
from backend.services.round_report.metrics import takes
from backend.translations import gettext, ngettext
from backend.values import JSON

GOOD = ("accuracy", "pass_at", "similarity", "precision", "recall", "f1")
"""What the name of a number has in it of which more is better: only such a difference is red or green."""

Row = list[tuple[int, ComparedMetric]]
"""One metric as each other side has it, by the place of the side."""


def table(compared: SideBySide) -> list[JSON]:
    """The metrics that a side has a value of."""
    rows = _rows(compared)
    return [_row(compared, row) for row in rows if any(_has_value(number) for _, number in row)]


def unknown(compared: SideBySide) -> list[str]:
    """Of the metrics that no side has a value of, what each takes."""
    return [
        _unknown(row[0][1], len(compared.sides))
        for row in _rows(compared)
        if not any(_has_value(number) for _, number in row)
    ]


def _rows(compared: SideBySide) -> list[Row]:
    rows: dict[tuple[bool, str], Row] = {}
    for n, pair in enumerate(compared.pairs, 1):
        for number in pair.numbers:
            if number.of_checkpoint:
                rows.setdefault((False, number.name), []).append((n, number))
    for n, numbers in compared.of_rounds:
        for number in numbers:
            rows.setdefault((True, number.name), []).append((n, number))
    return [rows[key] for key in sorted(rows, key=lambda key: key[0])]


def _row(compared: SideBySide, row: Row) -> JSON:
    number = row[0][1]
    is_share = any(word in number.name for word in SHARES) and "length" not in number.name
    cells: list[JSON] = [{"side": side.name, "value": "–"} for side in compared.sides]
    first = 0 if number.of_checkpoint else compared.first_round
    old = next((measure.old for _, measure in row if measure.old is not None), None)
    cells[first] |= {"value": _value(old, is_share), "own": _interval(old, is_share)}
    for n, measure in row:
        if n != first:
            cells[n] |= _cell(measure, is_share)
            if measure.name == ACCURACY and measure.of_checkpoint:
                cells[n] |= _of_chosen(compared, n, cells[n])
    return {"name": _name(number), "of": _of(number), "cells": cells}


def _of_chosen(compared: SideBySide, n: int, cell: JSON) -> JSON:
    """Of two sides, one chosen as the highest: that this is the pair alone, and no colour where that may be chance, as
    is told of the two above."""
    pair = {compared.sides[0], compared.sides[n]}
    bests = [best for best in (compared.best, compared.best_round) if best and best.times > 1 and best.chosen in pair]
    if not bests or "difference" not in cell:
        return {}
    alone = gettext("this pair alone")
    note = f"{cell['said']}; {alone}" if cell["said"] else alone
    is_chance = any(best.rounds and {best.side, best.second} == pair and not best.is_sure for best in bests)
    return {"said": note, "badge": "" if is_chance else cell["badge"]}


def _cell(metric: ComparedMetric, is_share: bool) -> JSON:
    """The other side's value, and its difference where both were measured."""
    gap = metric.difference
    cell: JSON = {"value": _value(metric.new, is_share), "own": _interval(metric.new, is_share)}
    if metric.new is None or metric.old is None:
        return cell | {"said": gettext(gap.why) if metric.new is not None else ""}
    is_told = any(word in metric.name for word in GOOD)
    return cell | {
        "badge": "" if not is_told else "bad" if gap.is_worse else "ok" if gap.is_better else "",
        "difference": difference(gap, is_share),
        "interval": gap_ends(gap, is_share),
        "said": details(gap),
    }


def _name(number: ComparedMetric) -> str:
    return metric_name(number.name)


def _of(number: ComparedMetric) -> str:
    return gettext("held-out answers") if number.of_checkpoint else gettext("the round's samples")


def _unknown(number: ComparedMetric, sides: int) -> str:
    how = takes(number.name)
    text = gettext("{metric} of {what} could be computed of none of them.")
    if sides == 2:
        text = gettext("{metric} of {what} could be computed of neither.")
    if how:
        text = gettext("{metric} of {what} could be computed of none of them: {how}.")
        if sides == 2:
            text = gettext("{metric} of {what} could be computed of neither: {how}.")
    return text.format(metric=_name(number), what=_of(number), how=how)


def _has_value(number: ComparedMetric) -> bool:
    return any(side is not None and side.value is not None for side in (number.old, number.new))


def _written(number: float, is_share: bool) -> str:
    return percent(number) if is_share else f"{number:.4g}"


def _value(value: Value | None, is_share: bool) -> str:
    if value is None:
        return gettext("not measured")
    return gettext("unknown") if value.value is None else _written(value.value, is_share)


def _interval(value: Value | None, is_share: bool) -> str:
    if value is None or value.value is None:
        return ""
    n = f"n {value.n:,}" if value.n else ""
    if value.low is None or value.high is None:
        return n
    ends = gettext("{low} to {high}").format(low=_written(value.low, is_share), high=_written(value.high, is_share))
    return f"{ends}, {n}" if n else ends


def difference(gap: Difference, is_share: bool) -> str:
    """`+7.0 points`, or `unknown`."""
    if gap.value is None:
        return gettext("unknown")
    return points(gap.value) if is_share else f"{gap.value:+.4g}"


def gap_ends(gap: Difference, is_share: bool) -> str:
    """The ends of its interval."""
    if gap.value is None:
        return ""
    if is_share or gap.low is None or gap.high is None:
        return gap_interval(gap)
    return gettext("{low} to {high}").format(low=f"{gap.low:+.4g}", high=f"{gap.high:+.4g}")


def details(gap: Difference) -> str:
    """On how many prompts, how many changed, and what is to be known of the interval."""
    parts = []
    if gap.newly_right is not None and gap.newly_wrong is not None:
        text = ngettext(
            "{number} prompt: {wrong} newly wrong, {right} newly right",
            "{number} prompts: {wrong} newly wrong, {right} newly right",
            gap.n or 0,
        )
        counts = {"number": gap.n, "wrong": gap.newly_wrong, "right": gap.newly_right}
        parts.append(text.format(**{name: f"{count:,}" for name, count in counts.items()}))
    elif gap.n:
        parts.append(ngettext("{number} prompt", "{number} prompts", gap.n).format(number=f"{gap.n:,}"))
    if gap.p is not None:
        parts.append(f"p = {gap.p:.2g}")
    if gap.why:
        parts.append(gettext(gap.why))
    return "; ".join(parts)
