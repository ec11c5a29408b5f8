"""What the comparison shows: plain values for a template that escapes them."""

from collections.abc import Sequence
from urllib.parse import urlencode

from app.pages.compare import numbers, verdicts
from app.pages.held_out.address import category_text
from app.pages.held_out.shown import SAID, one_line
from app.widgets.formats import percent, points
from backend.categories import ComparedCategory
from backend.differences import Difference
from backend.services.held_out.baseline import Baseline
from backend.services.held_out.compared import Compared, ComparedSide
from backend.services.held_out.listing import HeldOutAnswer, HeldOutPage
from backend.services.held_out.side_by_side import KnobOfAll, SideBySide
from backend.translations import gettext, ngettext
from backend.values import JSON

LONGEST_KNOB = 600
MOST_CATEGORIES = 20
"""So many are shown, those that fell most."""

Changed = tuple[Compared, str, str, HeldOutPage]
"""A pair, name and title of what changed between its sides, and the first prompts of it."""


def value(compared: SideBySide, base: Baseline | None, changed: Sequence[Changed]) -> JSON:
    """The whole page."""
    first, *others = compared.sides
    categories = _categories(compared)
    return {
        "sides": [title(side) for side in compared.sides],
        "first": first.name,
        "best": verdicts.of(compared),
        "first_round": compared.sides[compared.first_round].name,
        "same": [_same(pair) for pair in compared.pairs if pair.has_same_texts],
        "told": [_told(pair) for pair in compared.pairs],
        "baseline": gettext("The baseline is {name}.").format(name=base.name)
        if base
        else gettext("No baseline is set."),
        "prompts": _asked(compared),
        "numbers": numbers.table(compared),
        "unknown": numbers.unknown(compared),
        "categories": categories[:MOST_CATEGORIES],
        "more_categories": more if (more := len(categories) - MOST_CATEGORIES) > 0 else 0,
        "knobs": [_knob(compared.sides, knob) for knob in compared.knobs or ()],
        "no_knobs": _no_knobs(compared),
        "changed": [_changed(*entry, is_only=not others[1:]) for entry in changed],
        "no_answers": gettext("They have no held-out answers in common."),
    }


def title(side: ComparedSide) -> str:
    """`Round 2, self_rewarding-2`, or the name of a checkpoint that no round made."""
    return f"{side.name}, {side.checkpoint}" if side.round_id is not None and side.checkpoint else side.name


def _same(pair: Compared) -> str:
    """That a side answers as the other one, which a training that changes nothing leads to."""
    text = gettext(
        "{name} answers as {other} on every held-out prompt, word for word. If it was trained from there, it was "
        "trained too little to show: look at its learning rate, optimizer steps and rows."
    )
    return text.format(name=pair.new.name, other=pair.old.name)


def _told(pair: Compared) -> JSON:
    """What got worse and what got better in a side, beyond chance, by category."""
    worse = [category for category in pair.categories if category.difference.is_worse]
    better = [category for category in reversed(pair.categories) if category.difference.is_better]
    return {
        "name": pair.new.name,
        "to": pair.old.name,
        "worse": [_linked(pair, category) for category in worse],
        "better": [_linked(pair, category) for category in better],
        "is_told": bool(pair.categories),
    }


def _linked(pair: Compared, category: ComparedCategory) -> JSON:
    text = f"{category.key}: {category.value} ({points(category.difference.value or 0)})"
    return {"text": text, "target": _category_target(pair, category)}


def _asked(compared: SideBySide) -> list[str]:
    """Which prompts were asked: once where all were asked the same, else of each pair."""
    numbers = {number for pair in compared.pairs for number in (pair.common, pair.old_asked, pair.new_asked)}
    if len(compared.pairs) < 2 or len(numbers) > 1 or None in numbers:
        return [*dict.fromkeys(_prompts(pair) for pair in compared.pairs)]
    *names, last = (side.name for side in compared.sides)
    asked = numbers.pop()
    text = ngettext(
        "{names} and {last} were asked the same {number} held-out prompt.",
        "{names} and {last} were asked the same {number} held-out prompts.",
        asked or 0,
    )
    return [text.format(names=", ".join(names), last=last, number=f"{asked:,}")]


def _prompts(compared: Compared) -> str:
    lacking = [
        side.name
        for side, asked in ((compared.old, compared.old_asked), (compared.new, compared.new_asked))
        if asked is None
    ]
    if lacking:
        text = ngettext("{names} has no held-out answers.", "{names} have no held-out answers.", len(lacking))
        way_out = gettext(
            "Rounds measure what they make where they have a held-out set and a metric of held-out answers."
        )
        return f"{text.format(names=gettext(' and ').join(lacking))} {way_out}"
    names = {"first": compared.old.name, "second": compared.new.name}
    if compared.common == compared.old_asked == compared.new_asked:
        text = ngettext(
            "{first} and {second} were asked the same {number} held-out prompt.",
            "{first} and {second} were asked the same {number} held-out prompts.",
            compared.common or 0,
        )
        return text.format(**names, number=f"{compared.common:,}")
    text = gettext(
        "{first} and {second} were asked different held-out prompts, {old} and {new}: what is compared prompt by "
        "prompt is compared on the {number} that both were asked."
    )
    counts = {"old": compared.old_asked, "new": compared.new_asked, "number": compared.common}
    return text.format(**names, **{name: f"{count:,}" for name, count in counts.items()})


def _no_knobs(compared: SideBySide) -> str:
    if compared.knobs is None:
        return gettext("Fewer than two of them are rounds: a checkpoint that was registered has no recipe to compare.")
    return gettext("Nothing: all were asked for the same.")


def _knob(sides: Sequence[ComparedSide], knob: KnobOfAll) -> JSON:
    cells = [{"side": side.name, "text": _cut(text)} for side, text in zip(sides, knob.values, strict=True)]
    return {"place": gettext(knob.place) or gettext("Round"), "name": knob.label, "cells": cells}


def _cut(text: str) -> str:
    if len(text) <= LONGEST_KNOB:
        return text
    return gettext("{text} … ({number} characters)").format(text=text[:LONGEST_KNOB], number=f"{len(text):,}")


def _categories(compared: SideBySide) -> list[JSON]:
    """A row for each category, what fell most anywhere first; a side without it has an empty cell."""
    rows: dict[str, list[tuple[int, Compared, ComparedCategory]]] = {}
    for n, pair in enumerate(compared.pairs, 1):
        for category in pair.categories:
            rows.setdefault(category_text(category.key, category.value), []).append((n, pair, category))
    ordered = sorted(rows.values(), key=lambda row: min(cell.difference.value or 0.0 for _, _, cell in row))
    return [_category_row(compared.sides, row) for row in ordered]


def _category_row(sides: Sequence[ComparedSide], row: Sequence[tuple[int, Compared, ComparedCategory]]) -> JSON:
    _, _, first = row[0]
    cells: list[JSON] = [{"side": side.name, "value": "–"} for side in sides]
    cells[0] |= {"value": percent(first.difference.old)}
    for n, pair, category in row:
        gap = category.difference
        cells[n] |= {
            "value": percent(gap.new),
            "badge": badge(gap),
            "difference": numbers.difference(gap, True),
            "interval": numbers.gap_ends(gap, True),
            "said": numbers.details(gap),
            "target": _category_target(pair, category),
        }
    return {"name": f"{first.key}: {first.value}", "cells": cells}


def _category_target(pair: Compared, category: ComparedCategory) -> str:
    ids = {"old": pair.old.checkpoint_id, "new": pair.new.checkpoint_id}
    show = "newly_wrong" if (category.difference.value or 0) < 0 else "newly_right"
    return f"held-out?{urlencode(ids | {'show': show, 'category': category_text(category.key, category.value)})}"


def badge(gap: Difference) -> str:
    """Red or green where chance does not explain the difference."""
    return "bad" if gap.is_worse else "ok" if gap.is_better else ""


def _changed(compared: Compared, show: str, words: str, page: HeldOutPage, *, is_only: bool) -> JSON:
    ids = {"old": compared.old.checkpoint_id, "new": compared.new.checkpoint_id, "show": show}
    title = "{words}: {number}"
    if not is_only:
        title = gettext("{words} in {new} since {old}: {number}")
    return {
        "title": title.format(words=words, new=compared.new.name, old=compared.old.name, number=f"{page.count or 0:,}"),
        "target": f"held-out?{urlencode(ids)}" if page.rows else "",
        "rows": [
            {
                "text": one_line(row.text) or gettext("(empty)"),
                "target": f"held-out?{urlencode(ids | {'prompt': row.prompt_id})}",
                **_side("old", row.answers[0]),
                **_side("new", row.answers[-1]),
            }
            for row in page.rows
        ],
    }


def _side(name: str, answer: HeldOutAnswer | None) -> JSON:
    word, badge_name = SAID[None if answer is None else answer.is_right]
    return {name: one_line(answer.text) if answer else "", f"{name}_said": gettext(word), f"{name}_badge": badge_name}
