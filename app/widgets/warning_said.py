"""The lights of a round as texts, grouped by what they speak of."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from app.widgets.formats import percent
from app.widgets.value_words import word
from backend.services.results.noticed import Warned, what_helps
from backend.services.warnings import About, AnswersNamed, WarningView
from backend.translations import N_, gettext
from backend.values import WarningLevel

Shown = dict[str, Any]
BADGES = {WarningLevel.red: "bad", WarningLevel.amber: "warn", WarningLevel.green: "ok", WarningLevel.unknown: ""}
WORDS = {WarningLevel.unknown: N_("not known")}
RAISED = (WarningLevel.red, WarningLevel.amber)
COUNTED = (*RAISED, WarningLevel.green, WarningLevel.unknown)
ABOUT = {
    About.checkpoint: (N_("The checkpoint"), N_("The checkpoint that the round made")),
    About.rows: (N_("The rows"), N_("The rows that the round trained on")),
    About.texts: (N_("The texts"), N_("The texts that the round's policy wrote")),
}
"""What lights speak of, in short and as a heading, in the order in which they are shown: what the round made first."""
LIKE = N_(
    "Any other round that begins with {name} has texts of the same policy: these lights should be alike in all of "
    "them, but for other prompts, other settings, and chance."
)


def light(warning: WarningView, round_id: int) -> Shown:
    """One light: its level in words, what is measured, and the numbers behind it."""
    known = warning.value is not None
    return {
        "name": warning.name,
        "code": warning.code,
        "title": gettext(warning.title),
        "level": _word(warning.level),
        "badge": BADGES[warning.level],
        "measures": gettext(warning.measures),
        "value": number(warning.value, warning.unit) if warning.value is not None else gettext("not known"),
        "interval": _interval(warning) if known else "",
        "interval_said": _interval_said(warning) if known else "",
        "limit": _limits(warning),
        "n": gettext("from {number} {counts}").format(number=f"{warning.n:,}", counts=gettext(warning.counts)),
        "reason": warning.reason,
        "advice": what_helps(warning.advice) if warning.level in RAISED else "",
        "source": warning.source,
        "rows": warning.rows,
        "href": f"warnings?round={round_id}&warning={warning.name}",
        "answers": answers_address(warning.answers) if warning.answers else "",
    }


def answers_address(named: AnswersNamed) -> str:
    """Where the answers stand that are wrong since, as an address of the page of held-out answers."""
    query: Shown = {"old": named.old_checkpoint_id, "new": named.new_checkpoint_id, "show": "newly_wrong"}
    if named.category is not None:
        query["category"] = json.dumps(list(named.category), ensure_ascii=False)
    return f"held-out?{urlencode(query)}"


def grouped(views: Sequence[WarningView], round_id: int) -> list[Shown]:
    """The lights by what they speak of, each group with its head."""
    groups = []
    for about, (what, title) in ABOUT.items():
        here = [view for view in views if view.speaks_of is about]
        name = next((view.of_checkpoint for view in here if view.of_checkpoint), "")
        if here:
            shown = [light(view, round_id) for view in here]
            note = gettext(LIKE).format(name=name) if about is About.texts and name else ""
            head = {
                "what": gettext(what),
                "title": gettext(title),
                "name": "" if about is About.rows else name,
                "note": note,
            }
            groups.append(head | {"lights": shown})
    return groups


def lights(views: Sequence[WarningView], round_id: int, beside: Sequence[Warned] = ()) -> Shown:
    """Those that are raised, those that are green, and those that are not known, each in the order of their levels.

    `beside`: the warnings that are no lights, which are counted with them.
    """
    return {
        "raised": [light(view, round_id) for level in RAISED for view in views if view.level is level],
        "groups": grouped([view for level in RAISED for view in views if view.level is level], round_id),
        "known_groups": grouped([view for view in views if view.level is not WarningLevel.unknown], round_id),
        "green": [light(view, round_id) for view in views if view.level is WarningLevel.green],
        "unknown": [light(view, round_id) for view in views if view.level is WarningLevel.unknown],
        "counted": counted([*(view.level for view in views), *(WarningLevel(warned.level) for warned in beside)]),
    }


def counted(levels: Sequence[WarningLevel]) -> str:
    """`1 red, 2 amber, 5 green, 4 not known`."""
    return ", ".join(f"{n} {_word(level)}" for level in COUNTED if (n := levels.count(level)))


def beside_light(warned: Warned) -> Shown:
    """A warning that is no light: its text, with the numbers behind it."""
    low, high = warned.low, warned.high
    between = (
        ""
        if low is None or high is None
        else gettext("95% interval {low} to {high}").format(low=percent(low), high=percent(high))
    )
    limit = "" if not warned.limit else gettext("limit {limit}").format(limit=percent(warned.limit, 0))
    level = WarningLevel(warned.level)
    return {
        "level": word(level),
        "badge": BADGES[level],
        "text": warned.text,
        "numbers": ", ".join(filter(None, (between, limit, f"n {warned.n:,}" if warned.n and between else ""))),
        "href": warned.href,
    }


def _word(level: WarningLevel) -> str:
    return gettext(WORDS[level]) if level in WORDS else word(level)


def number(value: float, unit: str) -> str:
    """A value in its unit: shares and points in hundredths."""
    if unit == "share":
        return percent(value)
    if unit.startswith("points"):
        return f"{value * 100:+.1f} {gettext(unit)}"
    if unit == "rank correlation":
        return f"{value:.2f}"
    # What is measured names these itself: "exponent of the tail is 1.21".
    return f"{value:.3g}" if unit == "exponent" else f"{value:.3g} {gettext(unit)}"


def _interval(warning: WarningView) -> str:
    if warning.low is None or warning.high is None:
        return gettext("an exact count")
    low, high = number(warning.low, warning.unit), number(warning.high, warning.unit)
    # The unit stands once, after both ends.
    return gettext("{low} to {high}").format(low=low.removesuffix(f" {gettext(warning.unit)}"), high=high)


def _interval_said(warning: WarningView) -> str:
    interval = _interval(warning)
    return interval if warning.low is None else gettext("95% interval {interval}").format(interval=interval)


def _limits(warning: WarningView) -> str:
    """Beyond what the light is red and amber, as far as the number can be, and what else has to hold."""
    red, amber = (None if limit is None else _limit(warning, limit) for limit in (warning.limit, warning.amber))
    more = f", {gettext(warning.more)}" if warning.more else ""
    if red is None and amber is None:
        return gettext("never red or amber")
    if red is None:
        return gettext("amber {limit}{more}; never red").format(limit=amber, more=more)
    if amber is None:
        return gettext("red {limit}{more}").format(limit=red, more=more)
    return gettext("red {limit}{more}; amber {amber}").format(limit=red, more=more, amber=amber)


def _limit(warning: WarningView, limit: float) -> str:
    text = gettext("below {limit}") if warning.is_below else gettext("above {limit}")
    if warning.is_at_limit:
        text = gettext("up to {limit}") if warning.is_below else gettext("from {limit} on")
    return text.format(limit=number(limit, warning.unit))
