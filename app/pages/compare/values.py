"""What the comparison shows: plain values for a template that escapes them."""

from dataclasses import replace
from urllib.parse import urlencode

from app.pages.held_out.address import category_text
from app.pages.held_out.shown import SAID, one_line
from app.widgets.formats import gap_interval, points
from backend.services.held_out.baseline import Baseline
from backend.services.held_out.by_category import ComparedCategory
from backend.services.held_out.compared import Compared, ComparedMetric, ComparedSide, Value
from backend.services.held_out.knobs import DifferingKnob
from backend.services.held_out.listing import HeldOutAnswer, HeldOutPage
from backend.services.results.differences import Difference
from backend.services.round_report.metrics import takes
from backend.values import JSON

LONGEST_KNOB = 600
MOST_CATEGORIES = 20
"""So many are shown, those that fell most."""
SHARES = (
    "accuracy",
    "pass_at",
    "similarity",
    "rate",
    "share",
    "correction",
    "precision",
    "recall",
    "f1",
    "distinct",
    "unparsed",
)
"""What the name of a number between 0 and 1 has in it that is written in per cent."""


def value(compared: Compared, base: Baseline | None, changed: list[tuple[str, str, HeldOutPage]]) -> JSON:
    """The whole page; `changed`: name and title of what changed, with the first prompts of it."""
    return {
        "old": title(compared.old),
        "new": title(compared.new),
        "baseline": f"The baseline is {base.name}." if base else "No baseline is set.",
        "prompts": _prompts(compared),
        "numbers": [_number(number) for number in compared.numbers if _is_known(number)],
        "unknown": [_unknown(number) for number in compared.numbers if not _is_known(number)],
        "categories": [_category(compared, one) for one in compared.categories[:MOST_CATEGORIES]],
        "more_categories": more if (more := len(compared.categories) - MOST_CATEGORIES) > 0 else 0,
        "knobs": [_knob(knob) for knob in compared.knobs or ()],
        "no_knobs": _no_knobs(compared),
        "changed": [_changed(compared, *entry) for entry in changed],
        "no_answers": "They have no held-out answers in common.",
    }


def title(side: ComparedSide) -> str:
    """`Round 2, self_rewarding-2`, or the name of a checkpoint that no round made."""
    return f"{side.name}, {side.checkpoint}" if side.round_id is not None and side.checkpoint else side.name


def _prompts(compared: Compared) -> str:
    lacking = [
        side.name
        for side, asked in ((compared.old, compared.old_asked), (compared.new, compared.new_asked))
        if asked is None
    ]
    if lacking:
        way_out = "Rounds measure what they make where they have a held-out set and a metric of held-out answers."
        return f"{' and '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no held-out answers. {way_out}"
    if compared.common == compared.old_asked == compared.new_asked:
        return f"Both were asked the same {compared.common:,} held-out prompts."
    return (
        f"They were asked different held-out prompts, {compared.old_asked:,} and {compared.new_asked:,}: what is "
        "compared "
        f"prompt by prompt is compared on the {compared.common:,} that both were asked."
    )


def _no_knobs(compared: Compared) -> str:
    if compared.knobs is None:
        return "A checkpoint that was registered has no recipe to compare."
    return "Nothing: both were asked for the same."


def _knob(knob: DifferingKnob) -> JSON:
    return {
        "place": knob.place or "Round",
        "name": knob.label,
        "old": _cut(knob.old),
        "new": _cut(knob.new),
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_KNOB else f"{text[:LONGEST_KNOB]}… ({len(text):,} characters)"


def _number(number: ComparedMetric) -> JSON:
    gap, is_share = number.difference, any(word in number.name for word in SHARES) and "length" not in number.name
    return {
        "name": _name(number),
        "of": _of(number),
        "old": _value(number.old, is_share),
        "new": _value(number.new, is_share),
        "old_interval": _interval(number.old, is_share),
        "new_interval": _interval(number.new, is_share),
        "difference": _difference(gap, is_share),
        "interval": _gap(gap, is_share),
        "said": _said(gap),
    }


def _name(number: ComparedMetric) -> str:
    return number.name.replace("_", " ")


def _of(number: ComparedMetric) -> str:
    return "held-out answers" if number.of_checkpoint else "the round's samples"


def _unknown(number: ComparedMetric) -> str:
    how = takes(number.name)
    return f"{_name(number)} of {_of(number)} could be computed of neither{': ' + how if how else ''}."


def _is_known(number: ComparedMetric) -> bool:
    """Whether a side has a value: what could be computed on neither is told of below the table."""
    return any(side is not None and side.value is not None for side in (number.old, number.new))


def _category(compared: Compared, one: ComparedCategory) -> JSON:
    gap = one.difference
    ids = {"old": compared.old.checkpoint_id, "new": compared.new.checkpoint_id}
    is_worse = (gap.value or 0) < 0
    query = ids | {"show": "newly_wrong" if is_worse else "newly_right", "category": category_text(one.key, one.value)}
    return {
        "name": f"{one.key}: {one.value}",
        "target": f"held-out?{urlencode(query)}",
        "old": f"{gap.old or 0:.1%}",
        "new": f"{gap.new or 0:.1%}",
        "difference": _difference(gap, True),
        "badge": ("bad" if is_worse else "ok") if one.is_changed else "",
        "interval": _gap(gap, True),
        "said": _said(replace(gap, p=one.p)),
    }


def _written(number: float, is_share: bool) -> str:
    return f"{number:.1%}" if is_share else f"{number:.4g}"


def _value(value: Value | None, is_share: bool) -> str:
    if value is None:
        return "not measured"
    return "unknown" if value.value is None else _written(value.value, is_share)


def _interval(value: Value | None, is_share: bool) -> str:
    if value is None or value.value is None:
        return ""
    n = f"n {value.n:,}" if value.n else ""
    if value.low is None or value.high is None:
        return n
    ends = f"{_written(value.low, is_share)} to {_written(value.high, is_share)}"
    return f"{ends}, {n}" if n else ends


def _difference(gap: Difference, is_share: bool) -> str:
    if gap.value is None:
        return "unknown"
    return points(gap.value) if is_share else f"{gap.value:+.4g}"


def _gap(gap: Difference, is_share: bool) -> str:
    if gap.value is None:
        return ""
    if is_share or gap.low is None or gap.high is None:
        return gap_interval(gap)
    return f"{gap.low:+.4g} to {gap.high:+.4g}"


def _said(gap: Difference) -> str:
    parts = []
    if gap.newly_right is not None and gap.newly_wrong is not None:
        parts.append(f"{gap.n:,} prompts: {gap.newly_wrong:,} newly wrong, {gap.newly_right:,} newly right")
    elif gap.n:
        parts.append(f"{gap.n:,} prompts")
    if gap.p is not None:
        parts.append(f"p = {gap.p:.2g}")
    if gap.why:
        parts.append(gap.why)
    return "; ".join(parts)


def _changed(compared: Compared, show: str, words: str, page: HeldOutPage) -> JSON:
    ids = {"old": compared.old.checkpoint_id, "new": compared.new.checkpoint_id, "show": show}
    return {
        "title": f"{words}: {page.count or 0:,}",
        "target": f"held-out?{urlencode(ids)}" if page.rows else "",
        "rows": [
            {
                "text": one_line(row.text) or "(empty)",
                "target": f"held-out?{urlencode(ids | {'prompt': row.prompt_id})}",
                **_side("old", row.answers[0]),
                **_side("new", row.answers[-1]),
            }
            for row in page.rows
        ],
    }


def _side(name: str, answer: HeldOutAnswer | None) -> JSON:
    word, badge = SAID[None if answer is None else answer.is_right]
    return {name: one_line(answer.text) if answer else "", f"{name}_said": word, f"{name}_badge": badge}
