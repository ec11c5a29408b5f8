"""Where the next round had best start: the newest checkpoint, unless one that it comes from is better beyond chance."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from backend.categories import ComparedCategory
from backend.differences import Difference
from backend.services.results.accuracies import MeasuredNumber, is_worse
from backend.services.results.loop_tree import lineage
from backend.services.results.paired import of_pairs
from backend.services.results.summaries import RoundLine
from backend.translations import N_, gettext

ABOVE = N_(
    "{name}, on another branch, has the highest: {accuracy}, above the {low} of {other} by more than chance explains."
)
ABOVE_BY_CHANCE = N_(
    "{name}, on another branch, has the highest: {accuracy}, above the {low} of {other} by no more than chance "
    "explains."
)
AFTER_A_FALL = N_(
    "With the same settings the next one may fall as well: train fewer steps, or mix rows of earlier rounds in."
)


@dataclass(frozen=True)
class BestRound:
    """The round with the highest held-out accuracy, and the one below it. `is_sure`: it beats that one beyond chance,
    and the base, too, where it is above that.

    `base`: the base that was asked the same, if there is one. `to_second`, `to_base`: its differences to both, where
    they were asked for. It was chosen as the highest of `of` rounds on these prompts, so what is said of its
    differences holds for as many together (Bonferroni).
    """

    line: RoundLine
    second: RoundLine
    base: RoundLine | None
    is_sure: bool
    of: int
    to_second: Difference | None = None
    to_base: Difference | None = None
    start: RoundLine | None = None
    """The line of the checkpoint that it was trained from, and `to_start` the difference to it; of a branch that is not
    the round it branches off. What got worse and better in it is told since there, too."""
    to_start: Difference | None = None
    risen: ComparedCategory | None = None
    """The category that rose most surely since what the round started from; None where none did beyond chance."""

    @property
    def is_above_base(self) -> bool:
        """Whether its accuracy is higher than that of the base."""
        base = self.base.accuracy if self.base else None
        return self.line.accuracy is None or is_above(self.line.accuracy, base)

    @property
    def round_id(self) -> int | None:
        return self.line.round_id


@dataclass(frozen=True)
class Start:
    """The line to start from and why. `fell_from`: the newest line, where that is worse than `line`."""

    line: RoundLine
    why: str
    fell_from: RoundLine | None = None


def recommended(db: Session, lines: tuple[RoundLine, ...]) -> Start | None:
    """Return where to start; None while no round was launched."""
    if not lines:
        return None
    newest = lines[-1]
    trained = [line for line in lines if line.round_id is not None and line.checkpoint_id is not None]
    if not trained:
        base = next((line for line in lines if line.checkpoint_id == newest.policy_id), lines[0])
        return Start(
            base,
            gettext("Round {number} ended without a checkpoint ({status}).").format(
                number=newest.number, status=gettext(newest.status)
            ),
        )
    last = trained[-1]
    best, elsewhere = _best(lines, last), _elsewhere(db, lines, last)
    if fallen := fall(db, lines, last):
        return replace(fallen, why=f"{fallen.why} {gettext(AFTER_A_FALL)}{elsewhere}")
    if last.accuracy is None:
        why = gettext("Round {number} made the checkpoint {name}, which has no held-out accuracy.")
        return Start(last, why.format(number=last.number, name=last.checkpoint) + elsewhere)
    why = gettext("Round {number} is done and its checkpoint {name} is measured.")
    why = why.format(number=last.number, name=last.checkpoint)
    if best is not last and best.accuracy and best.accuracy.value > last.accuracy.value:
        below = gettext("Its held-out accuracy, {low}, is below the {high} of {name}, by no more than chance explains.")
        ends = {"low": f"{last.accuracy.value:.1%}", "high": f"{best.accuracy.value:.1%}"}
        why += " " + below.format(**ends, name=name(best))
    return Start(last, why + elsewhere)


def best_round(db: Session, lines: tuple[RoundLine, ...]) -> BestRound | None:
    """Return the best of the rounds that were asked the same as the newest measured one; None where fewer than two
    were."""
    ranked = _ranked(lines)
    rounds = [line for line in ranked if line.round_id is not None]
    if len(rounds) < 2:
        return None
    base = next((line for line in ranked if line.round_id is None), None)
    below = ranked[ranked.index(rounds[0]) + 1]
    is_sure = _is_beyond_chance(db, rounds[0], below, times=len(rounds))
    return BestRound(rounds[0], rounds[1], base, is_sure, len(rounds))


def is_above(number: MeasuredNumber, base: MeasuredNumber | None) -> bool:
    """Whether a round with this accuracy is above the base; one that is only as high is not."""
    return base is None or number.value > base.value


def highest_base(number: MeasuredNumber, bases: Mapping[int, MeasuredNumber]) -> int | None:
    """The key of the highest of the bases that were asked the same as a round; None where none was."""
    same = {key: base.value for key, base in bases.items() if (base.way, base.n) == (number.way, number.n)}
    return max(same, key=lambda key: same[key], default=None)


def highest(rounds: Mapping[int, MeasuredNumber]) -> dict[int, int]:
    """Of the held-out accuracies of rounds those that are the highest of two or more that were asked the same, each
    with the number of these: a difference to such a round is one of so many that were looked at (Bonferroni)."""
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for key, number in rounds.items():
        alike[number.way, number.n].append(key)
    tops = {way: max(rounds[key].value for key in keys) for way, keys in alike.items() if len(keys) > 1}
    return {key: len(alike[way]) for way, top in tops.items() for key in alike[way] if rounds[key].value == top}


def highest_lines(lines: Sequence[RoundLine]) -> dict[int, int]:
    """The accuracies of rounds that are the highest, by their rows, each with of how many rounds."""
    return highest({line.accuracy.metric_id: line.accuracy for line in lines if line.round_id and line.accuracy})


def _ranked(lines: tuple[RoundLine, ...]) -> list[RoundLine]:
    """The lines that were asked the same as the newest measured round, the highest accuracy first, then the oldest.

    The same prompts, tokens and environment, and as many answers: what earlier versions wrote says no more.
    """
    measured = [line for line in lines if line.round_id is not None and line.accuracy is not None]
    same = [line for line in lines if measured and _asked(line) == _asked(measured[-1])]
    return sorted(same, key=_accuracy, reverse=True)


def _asked(line: RoundLine) -> tuple[str, int] | None:
    return (line.accuracy.way, line.accuracy.n) if line.accuracy else None


def _is_beyond_chance(db: Session, high: RoundLine, low: RoundLine, *, times: int) -> bool:
    assert high.accuracy is not None
    assert low.accuracy is not None
    return is_worse(low.accuracy, high.accuracy, compared(db, high, low, times=times), times=times)


def _times(lines: Sequence[RoundLine], first: RoundLine, other: RoundLine) -> int:
    """Of how many differences that of two lines is one: where one of them is the highest of the rounds, of as many."""
    tops = highest_lines(lines)
    return max(tops.get(line.accuracy.metric_id, 1) if line.accuracy else 1 for line in (first, other))


def _elsewhere(db: Session, lines: tuple[RoundLine, ...], last: RoundLine) -> str:
    """That a round of the same base, from which this one does not come, has a higher accuracy; else empty."""
    own = {id(line) for line in lineage(lines, last)}
    here = own | {id(line) for line in _of_same_base(lines, last)}
    ranked = _ranked(tuple(line for line in lines if id(line) in here))
    if not ranked:
        return ""
    if id(ranked[0]) in own:
        top = next((line for line in ranked if line.round_id is not None), ranked[0])
        if id(top) in own:
            return ""
        text = gettext("{name}, on another branch, is the highest of the rounds: {accuracy}.")
        return " " + text.format(name=_first(name(top)), accuracy=f"{_accuracy(top):.1%}")
    first = {"name": _first(name(ranked[0])), "accuracy": f"{_accuracy(ranked[0]):.1%}"}
    below = [line for line in ranked if id(line) in own]
    if not below:
        return " " + gettext("{name}, on another branch, has the highest: {accuracy}.").format(**first)
    times = _times(lines, ranked[0], below[0])
    text = gettext(ABOVE if _is_beyond_chance(db, ranked[0], below[0], times=times) else ABOVE_BY_CHANCE)
    return " " + text.format(**first, low=f"{_accuracy(below[0]):.1%}", other=name(below[0]))


def _first(text: str) -> str:
    """A name at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def _of_same_base(lines: tuple[RoundLine, ...], last: RoundLine) -> tuple[RoundLine, ...]:
    """The rounds that began with the same base checkpoint, in one pass: a round stands below its parent."""
    bases: dict[int, int | None] = {}
    for line in lines:
        if line.round_id is not None:
            bases[line.number] = bases.get(line.parent) if line.parent else line.policy_id
    return tuple(line for line in lines if line.number in bases and bases[line.number] == bases.get(last.number))


def fall(db: Session, lines: tuple[RoundLine, ...], last: RoundLine) -> Start | None:
    """The best line that this one comes from, with why, where this one is worse beyond chance; else None.

    The best is chosen out of its line, so the difference is one of as many as there are rounds in it that were asked
    the same, or of as many as the comparison counts where it is the highest of all.
    """
    best = _best(lines, last)
    alike = [line for line in lineage(lines, last) if line.round_id is not None and _asked(line) == _asked(best)]
    times = max(_times(lines, best, last), len(alike) if best.round_id is not None else 1)
    gap = compared(db, best, last, times=times)
    if best.accuracy and last.accuracy and is_worse(last.accuracy, best.accuracy, gap, times=times):
        return Start(best, _fall(best, last, gap, times), last)
    return None


def _best(lines: tuple[RoundLine, ...], last: RoundLine) -> RoundLine:
    measured = [line for line in lineage(lines, last) if line.accuracy is not None]
    return max(measured, key=_accuracy, default=last)


def _accuracy(line: RoundLine) -> float:
    return line.accuracy.value if line.accuracy else -1.0


def compared(db: Session, old: RoundLine, new: RoundLine, *, times: int = 1) -> Difference | None:
    """How the second line's accuracy differs on the same prompts, as one of so many differences; None where one of them
    was not measured."""
    if old is new or not (old.accuracy and new.accuracy):
        return None
    return of_pairs(db, {0: (old.accuracy.metric_id, new.accuracy.metric_id)}, times={0: times}).get(0)


def name(line: RoundLine) -> str:
    """What a line is called inside a sentence."""
    if line.round_id:
        return gettext("round {number}").format(number=line.number)
    return base_name(line.checkpoint)


def base_name(checkpoint: str) -> str:
    """What a base is called inside a sentence, by the name of its checkpoint."""
    if checkpoint == "base":
        return gettext("the base")
    return gettext("the base {name}").format(name=checkpoint)


def _fall(best: RoundLine, last: RoundLine, gap: Difference | None, times: int) -> str:
    assert best.accuracy is not None
    assert last.accuracy is not None
    text = gettext("Held-out accuracy fell from {high} ({best}) to {low} ({last}), more than chance explains").format(
        high=f"{best.accuracy.value:.1%}", best=name(best), low=f"{last.accuracy.value:.1%}", last=name(last)
    )
    if gap is None or gap.p is None:
        return f"{text}."
    chosen = gettext(", as one of {number} rounds").format(number=times) if times > 1 else ""
    counts = gettext(
        "of the same {number} prompts {wrong} are newly wrong and {right} newly right "
        "(McNemar's test, p = {p}{chosen})."
    ).format(
        number=f"{gap.n:,}", wrong=f"{gap.newly_wrong:,}", right=f"{gap.newly_right:,}", p=f"{gap.p:.2g}", chosen=chosen
    )
    return f"{text}: {counts}"
