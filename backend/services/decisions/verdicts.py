"""From people's decisions on a sample to verdicts, votes and the label that follows.

Nothing is asked of the database here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.recipes import cut_of
from backend.values import SCORE_GAP, DecisionKind, LabelSource, Verdict, mean_score

VERDICTS = {
    DecisionKind.accept: Verdict.accept,
    DecisionKind.reject: Verdict.reject,
    DecisionKind.edit: Verdict.reject,
}


@dataclass(frozen=True)
class Vote:
    """What one standing decision says of one sample, to be counted for its label.

    Computed from rows of `decisions`; it is neither sent nor stored. `verdict`: None where samples were called equally
    good.
    """

    sample_id: int
    user_id: int
    verdict: Verdict | None
    score: float | None = None
    is_adjudication: bool = False
    is_bulk: bool = False


@dataclass(frozen=True)
class Effect:
    """A label's columns that people may change."""

    score: float | None
    verdict: Verdict | None
    source: LabelSource
    is_overridden: bool
    is_flagged: bool


def verdict_of(kind: DecisionKind, score: float | None, cut: float | None) -> Verdict | None:
    """The verdict that a decision gives its sample; None where it gives none, as a decision on a group, and of a score
    where the cut is not known.

    Whoever rewrites a text does not let it stand.
    """
    if kind is DecisionKind.score and score is not None:
        return None if cut is None else Verdict.accept if score >= cut else Verdict.reject
    return VERDICTS.get(kind)


def is_override(
    machine_score: float | None, machine_verdict: Verdict | None, verdict: Verdict | None, score: float | None
) -> bool:
    """Whether a person's verdict or score differs from the judge's; False where the judge gave none."""
    if machine_verdict is not None and verdict is not None and machine_verdict is not verdict:
        return True
    return score is not None and machine_score is not None and abs(score - machine_score) > SCORE_GAP


def effect(
    machine_score: float | None,
    machine_verdict: Verdict | None,
    votes: Sequence[Vote],
    *,
    is_flagged: bool = False,
    by_vote: bool = False,
) -> Effect:
    """Compute the label from what the machine said and the votes that stand, oldest first.

    Accepting or rejecting leaves the score as the judge gave it: selectors put a person's verdict above every score.
    A tie leaves no verdict: whoever calls samples equally good did not say that they are good.
    """
    if not votes:
        judged = machine_score is not None or machine_verdict is not None
        source = LabelSource.judge if judged else LabelSource.none
        return Effect(machine_score, machine_verdict, source, is_overridden=False, is_flagged=is_flagged)
    counted = counting(votes, by_vote=by_vote)
    verdict = majority([vote.verdict for vote in counted], machine_verdict)
    scores = [vote.score for vote in counted if vote.score is not None]
    score = mean_score(scores) if scores else None
    overridden = is_override(machine_score, machine_verdict, verdict, score)
    source = LabelSource.person
    return Effect(machine_score if score is None else score, verdict, source, overridden, is_flagged)


def counting(votes: Sequence[Vote], *, by_vote: bool) -> list[Vote]:
    """The votes that count: the last adjudication alone; else the latest, or one of each person.

    With `by_vote`, a bulk action counts alone until a later vote.
    """
    settled = [vote for vote in votes if vote.is_adjudication]
    if settled or not by_vote or votes[-1].is_bulk:
        return (settled or list(votes))[-1:]
    return list({vote.user_id: vote for vote in votes if not vote.is_bulk}.values())


def majority(verdicts: Sequence[Verdict | None], machine_verdict: Verdict | None) -> Verdict | None:
    """The verdict most people gave; of equally many the machine's, without one the latest; None if nobody gave one."""
    given = [verdict for verdict in verdicts if verdict is not None]
    if not given:
        return None
    counts = Counter(given).most_common()
    is_tie = len(counts) > 1 and counts[0][1] == counts[1][1]
    return (machine_verdict or given[-1]) if is_tie else counts[0][0]


def says(
    value: dict[str, Any], scores: dict[int, float | None], judge: dict[str, Any]
) -> dict[int, tuple[Verdict | None, float | None]]:
    """Verdict and score of each sample that a decision on a group names.

    `scores`: the machine's. `judge`: the recipe's, with its scale.
    """
    if value.get("all_bad"):
        return dict.fromkeys(value["all_bad"], (Verdict.reject, None))
    if value.get("tie"):
        known = [score for sample_id in value["tie"] if (score := scores.get(sample_id)) is not None]
        mean = mean_score(known) if known else None
        return dict.fromkeys(value["tie"], (None, mean))
    if value.get("order"):
        order, (low, high) = value["order"], scale(judge)
        step = (high - low) / max(1, len(order) - 1)
        ranked_scores = {sample_id: high - place * step for place, sample_id in enumerate(order)}
        cut = cut_of(judge)
        return {
            sample_id: (verdict_of(DecisionKind.score, score, cut), score) for sample_id, score in ranked_scores.items()
        }
    best, worst = value.get("best"), value.get("worst")
    verdicts: dict[int, tuple[Verdict | None, float | None]] = (
        {best: (Verdict.accept, None)} if best is not None else {}
    )
    if worst is not None:
        verdicts[worst] = (Verdict.reject, None)
    return verdicts


def scale(judge: dict[str, Any]) -> tuple[float, float]:
    """The judge's scale, else 0 to 1."""
    low, high = judge.get("lowest"), judge.get("highest")
    return (0.0, 1.0) if low is None or high is None else (float(low), float(high))
