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
    return Start(last, why)


def fall(db: Session, lines: tuple[RoundLine, ...], last: RoundLine) -> Start | None:
    """The best line that this one comes from, with why, where this one is worse beyond chance; else None."""
    best = _best(lines, last)
    pairs = compared(db, best, last)
    if best.accuracy and last.accuracy and is_worse(last.accuracy, best.accuracy, pairs):
        return Start(best, _fall(best, last, pairs), last)
    return None


def _best(lines: tuple[RoundLine, ...], last: RoundLine) -> RoundLine:
    measured = [line for line in lineage(lines, last) if line.accuracy is not None]
    return max(measured, key=lambda line: line.accuracy.value if line.accuracy else -1.0, default=last)


def compared(db: Session, old: RoundLine, new: RoundLine) -> Paired | None:
    """The two lines' checkpoints, prompt by prompt; None where that is not known."""
    if old is new or not (old.accuracy and new.accuracy):
        return None
    return paired(db, old.accuracy.metric_id, new.accuracy.metric_id)


def name(line: RoundLine) -> str:
    """What a line is called inside a sentence."""
    return f"round {line.number}" if line.round_id else f"the base {line.checkpoint}"


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
