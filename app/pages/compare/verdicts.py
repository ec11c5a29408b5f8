"""Which side of the comparison is best, and whether chance explains that, as texts."""

from app.widgets import best_words
from app.widgets.formats import gap_interval, percent, points
from backend.differences import Difference
from backend.services.held_out.compared import ComparedSide
from backend.services.held_out.side_by_side import BestSide, SideBySide
from backend.services.results.starts import base_name
from backend.translations import gettext, ngettext
from backend.values import JSON


def of(compared: SideBySide) -> list[JSON]:
    """Which side is best; where that is none of several rounds, the best of these first."""
    best, of_rounds = compared.best, compared.best_round
    if of_rounds is None:
        return [_verdict(best)]
    verdict = _verdict(of_rounds, of_rounds_alone=True)
    gap = best.difference
    if best.side is None or best.second is None or gap is None or gap.value is None:
        return [verdict, _verdict(best)]
    to = gettext("{points} to {name} ({interval})")
    if best.rounds:
        to = gettext("{points} to {name}, chosen as the highest of {rounds} rounds ({interval})")
    above = gettext("None of these rounds is above {name}: {share}, {to}. That may be chance.")
    if gap.is_better:
        above = gettext("None of these rounds is above {name}: {share}, {to}. Chance does not explain that.")
    told = to.format(points=points(gap.value), name=best.second.name, rounds=best.rounds, interval=_widened(best, gap))
    text = above.format(name=_name(best.side), share=percent(gap.new), to=told)
    chip = gettext("higher than the rounds") if _is_known(of_rounds) else gettext("higher")
    if best.is_equal:
        chip = gettext("as high")
    return [verdict, {"chip": chip, "badge": "bad" if best.is_sure else "", "text": text}]


def _name(side: ComparedSide) -> str:
    """What a side that no round made is called inside a sentence."""
    return base_name(side.name) if side.name == "base" else side.name


def _is_known(best: BestSide) -> bool:
    return best.side is not None and best.difference is not None and best.difference.value is not None


def _verdict(best: BestSide, *, of_rounds_alone: bool = False) -> JSON:
    words = best_words.best_round if of_rounds_alone else best_words.best_side
    if not _is_known(best):
        chip = gettext("unknown")
    elif best.is_equal:
        chip = gettext("equal")
    else:
        chip = words(is_sure=best.is_sure, is_above_base=best.base is None)
    badge_name = "ok" if best.is_sure and best.base is None else ""
    return {"chip": chip, "badge": badge_name, "text": best_said(best, of_rounds_alone=of_rounds_alone)}


def best_said(best: BestSide, *, of_rounds_alone: bool = False) -> str:
    """Which side is best, and whether the interval leaves doubt."""
    gap = best.difference
    if best.side is None or best.second is None or gap is None or gap.value is None:
        why = gettext(best.why) if best.why else gettext("it is not known of each prompt")
        text = gettext("Which is best cannot be said: {why}.")
        if of_rounds_alone:
            text = gettext("Which of the rounds is best cannot be said: {why}.")
        return text.format(why=why)
    here = ngettext("{share} of {number} held-out prompt", "{share} of {number} held-out prompts", gap.n)
    rest = gettext("{points} to {name}, the next best ({interval})")
    if best.rounds and best.side.round_id is not None:
        rest = gettext(
            "chosen as the highest of {rounds} rounds on these prompts, {points} to {name}, the next best ({interval})"
        )
    elif best.rounds:
        rest = gettext(
            "{points} to {name}, the next best ({interval}), which was chosen as the highest of {rounds} rounds"
        )
    elif best.of > 2:
        rest = gettext("chosen as the highest of {of} on these prompts, {points} to {name}, the next best ({interval})")
    told = here.format(share=percent(gap.new), number=f"{gap.n:,}")
    if best.is_equal:
        text = gettext("{name} and {other} are equally high, and none is higher: {here}.")
        if of_rounds_alone:
            text = gettext("Of the rounds {name} and {other} are equally high, and none is higher: {here}.")
        return _with_base(best, text.format(name=best.side.name, other=best.second.name, here=told))
    values = {"rounds": best.rounds, "of": best.of, "points": points(gap.value), "name": best.second.name}
    text = _conclusion(is_sure=gap.is_better, of_rounds_alone=of_rounds_alone).format(
        name=best.side.name, here=told, rest=rest.format(**values, interval=_widened(best, gap))
    )
    return _with_base(best, text)


def _with_base(best: BestSide, text: str) -> str:
    """With the base that the best of the rounds is not above, or that the two best are not above."""
    if best.base is None:
        return text
    beside = gettext("It is not above {name}, {accuracy}.")
    if best.is_equal:
        beside = gettext("They are not above {name}, {accuracy}.")
    return f"{text} {beside.format(name=base_name(best.base.checkpoint), accuracy=percent(best.base.accuracy))}"


def _conclusion(*, is_sure: bool, of_rounds_alone: bool) -> str:
    if of_rounds_alone:
        if is_sure:
            return gettext("Of the rounds {name} is best: {here}, {rest}. Chance does not explain that.")
        return gettext("Of the rounds {name} has the highest held-out accuracy: {here}, {rest}. That may be chance.")
    if is_sure:
        return gettext("{name} is best: {here}, {rest}. Chance does not explain that.")
    return gettext("{name} has the highest held-out accuracy: {here}, {rest}. That may be chance.")


def _widened(best: BestSide, gap: Difference) -> str:
    """The ends of the interval, and why it is wider than that of the pair alone, which the table of numbers has."""
    if best.times <= 1 or gap.low is None:
        return gap_interval(gap)
    text = gettext("{interval}, widened for the choice among {number}")
    return text.format(interval=gap_interval(gap), number=best.times)
