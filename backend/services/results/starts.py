"""Where the next round had best start: the newest checkpoint, unless one that it comes from is better beyond chance."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.services.results.paired import Paired, paired
from backend.services.results.summaries import RoundLine, is_worse, lineage


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
        return Start(base, f"Round {newest.number} ended without a checkpoint ({newest.status}).")
    last = trained[-1]
    best = _best(lines, last)
    if fallen := fall(db, lines, last):
        return fallen
    if last.accuracy is None:
        return Start(
            last, f"Round {last.number} made the checkpoint {last.checkpoint}, which has no held-out accuracy."
        )
    why = f"Round {last.number} is done and its checkpoint {last.checkpoint} is measured."
    if best is not last and best.accuracy and best.accuracy.value > last.accuracy.value:
        why += (
            f" Its held-out accuracy, {last.accuracy.value:.1%}, is below the {best.accuracy.value:.1%} of "
            f"{name(best)}, by no more than chance explains."
        )
    highest = best_round(_of_same_base(lines, last))
    if highest is not None and _accuracy(highest) > max(_accuracy(best), _accuracy(last)):
        why += f" {name(highest).capitalize()}, on another branch, has the highest: {_accuracy(highest):.1%}."
    return Start(last, why)


def best_round(lines: tuple[RoundLine, ...]) -> RoundLine | None:
    """Return the round with the highest held-out accuracy, the first of equals.

    None where fewer than two have one, or not all rest on as many prompts: then they were not asked the same.
    """
    measured = [line for line in lines if line.round_id is not None and line.accuracy is not None]
    numbers = {line.accuracy.n for line in measured if line.accuracy}
    return max(measured, key=_accuracy) if len(measured) > 1 and len(numbers) == 1 else None


def _of_same_base(lines: tuple[RoundLine, ...], last: RoundLine) -> tuple[RoundLine, ...]:
    """The rounds that began with the same base checkpoint, in one pass: a round stands below its parent."""
    bases: dict[int, int | None] = {}
    for line in lines:
        if line.round_id is not None:
            bases[line.number] = bases.get(line.parent) if line.parent else line.policy_id
    return tuple(line for line in lines if line.number in bases and bases[line.number] == bases.get(last.number))


def fall(db: Session, lines: tuple[RoundLine, ...], last: RoundLine) -> Start | None:
    """The best line that this one comes from, with why, where this one is worse beyond chance; else None."""
    best = _best(lines, last)
    pairs = compared(db, best, last)
    if best.accuracy and last.accuracy and is_worse(last.accuracy, best.accuracy, pairs):
        return Start(best, _fall(best, last, pairs), last)
    return None


def _best(lines: tuple[RoundLine, ...], last: RoundLine) -> RoundLine:
    measured = [line for line in lineage(lines, last) if line.accuracy is not None]
    return max(measured, key=_accuracy, default=last)


def _accuracy(line: RoundLine) -> float:
    return line.accuracy.value if line.accuracy else -1.0


def compared(db: Session, old: RoundLine, new: RoundLine) -> Paired | None:
    """The two lines' checkpoints, prompt by prompt; None where that is not known."""
    if old is new or not (old.accuracy and new.accuracy):
        return None
    return paired(db, old.accuracy.metric_id, new.accuracy.metric_id)


def name(line: RoundLine) -> str:
    """What a line is called inside a sentence."""
    if line.round_id:
        return f"round {line.number}"
    return "the base" if line.checkpoint == "base" else f"the base {line.checkpoint}"


def _fall(best: RoundLine, last: RoundLine, pairs: Paired | None) -> str:
    assert best.accuracy is not None
    assert last.accuracy is not None
    text = (
        f"Held-out accuracy fell from {best.accuracy.value:.1%} ({name(best)}) to {last.accuracy.value:.1%} "
        f"(round {last.number}), more than chance explains"
    )
    if pairs is None:
        return f"{text}."
    return (
        f"{text}: of the same {pairs.n:,} prompts {pairs.newly_wrong:,} are newly wrong and {pairs.newly_right:,} "
        f"newly right (McNemar's test, p = {pairs.p:.2g})."
    )
