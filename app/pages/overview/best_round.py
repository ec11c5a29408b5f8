"""What the overview says of the best round of a project: its badge, and a sentence with its differences."""

from typing import Any

from app.widgets import best_words
from app.widgets.formats import gap_interval, percent, points
from backend.categories import ComparedCategory
from backend.differences import Difference
from backend.services.held_out.compared import MOST_SIDES
from backend.services.projects.overview import Loop
from backend.services.results import starts
from backend.services.results.summaries import RaisedWarning, RoundLine
from backend.translations import N_, gettext

MAY_BE_CHANCE = N_("{points} to {other} ({interval}), which may be chance")
AS_THE_OTHER = N_("right on the same of {number} prompts as {other}")
NO_EFFECT = N_(
    "These prompts show no effect of its training: was the learning rate too low, or were the steps too few?"
)


def badge(line: RoundLine, loop: Loop) -> dict[str, str] | None:
    """The badge of the round with the highest accuracy: whether that is more than chance, and above the base."""
    if loop.best is None or line.round_id != loop.best.round_id:
        return None
    is_sure, is_above = loop.best.is_sure, loop.best.is_above_base
    text = best_words.best_round(is_sure=is_sure, is_above_base=is_above)
    return {"badge": "accent" if is_sure and is_above else "", "text": text}


def best_value(loop: Loop) -> dict[str, Any] | None:
    """The best round in a sentence: by how much it is above the next one and the base, and what got worse in it."""
    best = loop.best
    if best is None or best.line.accuracy is None:
        return None
    gaps = [_gap_text(best.to_second, gettext("round {number}, the next best").format(number=best.second.number))]
    if best.base is not None:
        gaps.append(_gap_text(best.to_base, starts.name(best.base)))
    worse, beside = next((warning for warning in best.line.warned if warning.category), None), _compared(loop)
    start = starts.name(best.start) if best.start else best.line.policy
    since = gettext(", since {start}").format(start=start) if start else ""
    return {
        "none_above": _none_above(best),
        "word": _word(best),
        "number": best.line.number,
        "id": best.line.round_id,
        "accuracy": percent(best.line.accuracy.value),
        "gaps": [text for text in gaps if text],
        "chosen": gettext(
            "Chosen as the highest of {number} rounds on these prompts: intervals of its differences, on cards, too, "
            "are widened for the choice among {number}."
        ).format(number=best.of),
        **_turned(best),
        "compare": f"compare?sides={','.join(side(line) for line in beside)}",
        "compare_said": gettext("Compare them, each with {name}").format(name=starts.name(beside[0])),
        "worse": f"{worse.category}, {points(worse.value)} ({_ends(worse)}){since}" if worse and worse.value else "",
        "better": _risen(
            best.risen, gettext("and better") if worse and worse.value else gettext("Got better in it"), since
        ),
        "worse_unknown": best.line.is_fall_unknown,
        "worse_href": f"warnings?round={best.line.round_id}&warning={worse.name}" if worse else "",
    }


def _none_above(best: starts.BestRound) -> str:
    """That no round is above the base, where one is as high as the best of them or higher."""
    if best.is_above_base or best.base is None or best.base.accuracy is None:
        return ""
    text = gettext("No round is above {name}, {accuracy}.")
    return text.format(name=starts.name(best.base), accuracy=percent(best.base.accuracy.value))


def _word(best: starts.BestRound) -> str:
    if not best.is_above_base:
        return gettext("Best of the rounds") if best.is_sure else gettext("Highest of the rounds")
    return gettext("Best") if best.is_sure else gettext("Highest")


def _turned(best: starts.BestRound) -> dict[str, str]:
    """How many answers are newly wrong, and newly right, since what the round started from, and where the first stand
    if there are any."""
    gap, old, new = best.to_start, best.start, best.line
    if gap is None or gap.newly_wrong is None or old is None:
        return {}
    wrong = gettext("{number} of {whole} answers newly wrong").format(number=f"{gap.newly_wrong:,}", whole=f"{gap.n:,}")
    rest = gettext("and {number} newly right in it, since {start}")
    target = f"held-out?old={old.checkpoint_id}&new={new.checkpoint_id}&show=newly_wrong"
    return {
        "turned": wrong,
        "turned_href": target if gap.newly_wrong else "",
        "turned_rest": rest.format(number=f"{gap.newly_right:,}", start=starts.name(old)),
        "no_effect": gettext(NO_EFFECT) if _is_unchanged(gap) and 0 < (gap.old or 0) < 1 else "",
    }


def _is_unchanged(gap: Difference) -> bool:
    """Whether both are right and wrong on the same prompts. Their texts may differ."""
    return gap.newly_wrong == gap.newly_right == 0


def _risen(risen: ComparedCategory | None, words: str, since: str) -> str:
    if risen is None:
        return ""
    gap = risen.difference
    return f"{words}: {risen.key}: {risen.value}, {points(gap.value or 0.0)} ({gap_interval(gap)}){since}"


def _compared(loop: Loop) -> list[RoundLine]:
    """What stands beside the best round: the base, the next best, and the newest of the other rounds, oldest first."""
    assert loop.best is not None
    base = [loop.best.base] if loop.best.base else []
    top = [loop.best.line, loop.best.second]
    numbers = {line.number for line in top}
    others = [line for line in loop.rounds if line.accuracy and line.number not in numbers]
    more = others[-(MOST_SIDES - len(base) - len(top)) :]
    return [*base, *sorted([*more, *top], key=lambda line: line.number)]


def _ends(warned: RaisedWarning) -> str:
    if warned.low is None or warned.high is None:
        return gettext("interval unknown")
    return gettext("{low} to {high}").format(low=f"{warned.low * 100:+.1f}", high=f"{warned.high * 100:+.1f}")


def _gap_text(gap: Difference | None, to: str) -> str:
    """`+7.0 points to round 1, the next best (+1.0 to +13.8)`, and where chance explains it, that it does.

    Where both are right on the same prompts there is no interval, and nothing for chance to explain.
    """
    if gap is None or gap.value is None:
        return ""
    if _is_unchanged(gap):
        return gettext(AS_THE_OTHER).format(number=f"{gap.n:,}", other=to)
    text = gettext("{points} to {other} ({interval})") if gap.is_sure else gettext(MAY_BE_CHANCE)
    return text.format(points=points(gap.value), other=to, interval=gap_interval(gap))


def side(line: RoundLine) -> str:
    """A line as the comparison names it."""
    return f"c{line.checkpoint_id}" if line.round_id is None else f"r{line.round_id}"
