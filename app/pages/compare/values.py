"""What the comparison shows: plain values for a template that escapes them."""

from urllib.parse import urlencode

from app.pages.held_out.shown import SAID, one_line
from app.widgets.formats import gap_interval, points
from backend.services.held_out.baseline import Baseline
from backend.services.held_out.compared import Compared, Number, Side, Value
from backend.services.held_out.knobs import Knob
from backend.services.held_out.listing import Answer, Page
from backend.services.results.differences import Difference
from backend.values import JSON

LONGEST_KNOB = 600
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


def value(found: Compared, base: Baseline | None, changed: list[tuple[str, str, Page]]) -> JSON:
    """The whole page; `changed`: name and title of what changed, with the first prompts of it."""
    return {
        "old": title(found.old),
        "new": title(found.new),
        "baseline": f"The baseline is {base.name}." if base else "No baseline is set.",
        "prompts": _prompts(found),
        "numbers": [_number(one) for one in found.numbers],
        "knobs": [_knob(one) for one in found.knobs or ()],
        "no_knobs": _no_knobs(found),
        "changed": [_changed(found, *one) for one in changed],
        "no_answers": "They have no held-out answers in common.",
    }


def title(side: Side) -> str:
    """`Round 2, self_rewarding-2`, or the name of a checkpoint that no round made."""
    return f"{side.name}, {side.checkpoint}" if side.round_id is not None and side.checkpoint else side.name


def _prompts(found: Compared) -> str:
    lacking = [
        side.name for side, asked in ((found.old, found.old_asked), (found.new, found.new_asked)) if asked is None
    ]
    if lacking:
        way_out = "Rounds measure what they make where they have a held-out set and a metric of held-out answers."
        return f"{' and '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no held-out answers. {way_out}"
    if found.common == found.old_asked == found.new_asked:
        return f"Both were asked the same {found.common:,} held-out prompts."
    return (
        f"They were asked different held-out prompts, {found.old_asked:,} and {found.new_asked:,}: what is compared "
        f"prompt by prompt is compared on the {found.common:,} that both were asked."
    )


def _no_knobs(found: Compared) -> str:
    if found.knobs is None:
        return "A checkpoint that was registered has no recipe to compare."
    return "Nothing: both were asked for the same."


def _knob(one: Knob) -> JSON:
    return {
        "place": one.place or "Round",
        "name": one.label,
        "old": _cut(one.old),
        "new": _cut(one.new),
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_KNOB else f"{text[:LONGEST_KNOB]}… ({len(text):,} characters)"


def _number(one: Number) -> JSON:
    gap, is_share = one.difference, any(word in one.name for word in SHARES) and "length" not in one.name
    return {
        "name": one.name.replace("_", " "),
        "of": "held-out answers" if one.of_checkpoint else "the round's samples",
        "old": _value(one.old, is_share),
        "new": _value(one.new, is_share),
        "old_interval": _interval(one.old, is_share),
        "new_interval": _interval(one.new, is_share),
        "difference": _difference(gap, is_share),
        "interval": _gap(gap, is_share),
        "said": _said(gap),
    }


def _written(number: float, is_share: bool) -> str:
    return f"{number:.1%}" if is_share else f"{number:.4g}"


def _value(one: Value | None, is_share: bool) -> str:
    if one is None:
        return "not measured"
    return "unknown" if one.value is None else _written(one.value, is_share)


def _interval(one: Value | None, is_share: bool) -> str:
    if one is None or one.value is None:
        return ""
    n = f"n {one.n:,}" if one.n else ""
    if one.low is None or one.high is None:
        return n
    ends = f"{_written(one.low, is_share)} to {_written(one.high, is_share)}"
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


def _changed(found: Compared, show: str, words: str, page: Page) -> JSON:
    ids = {"old": found.old.checkpoint_id, "new": found.new.checkpoint_id, "show": show}
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


def _side(name: str, one: Answer | None) -> JSON:
    said, badge = SAID[None if one is None else one.is_right]
    return {name: one_line(one.text) if one else "", f"{name}_said": said, f"{name}_badge": badge}
