"""Why an item is in the queue, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.queue.judge_views import JudgeView
from backend.values import Verdict

ASSIGNED = "Assigned to you."
BEGUN = "Others have decided this one too: it needs one more word."
RANDOM = "Drawn at random, to measure the judge fairly."
SIGNS = {
    "judges": "Two judges disagree about this.",
    "verifier": "A verifier says otherwise than the judge.",
    "vote": "Most samples of this prompt give this answer, and the judge rejected it.",
}
CHECKER = "The checker (exact match) says {}."
"""It is asked where its word is against the judge's."""
HABITS = {
    "vote": "for an answer that so many samples of the prompt give",
    "top": "for an answer with so many votes",
    "others": "beside what it said of the prompt's other samples",
    "logprob": "for a text the model was so sure, or so unsure, of",
    "grounded": "for a text with such words, measured by the prompt",
    "covered": "for a text that uses so much, or so little, of the prompt",
    "counted": "for a text with such words, counted against the prompt",
    "reason_end": "where its reason ends like this",
    "reason_in": "where its reason ends like this",
    "reason_grounded": "where its reason speaks of such things",
    "reason_covers": "where its reason takes up so much, or so little, of the prompt",
    "length": "for a text of this length",
    "reason_length": "where its reason is of this length",
    "cut_off": "for a text that was cut off",
}


@dataclass(frozen=True)
class Sign:
    """How much a look at a sample is worth, and the strongest sign of it."""

    worth: float
    why: str


def reason(view: JudgeView, cut: float, why: str = "") -> str:
    """Why a look is worth it. `why`: the strongest sign, a word of pipeline/worth.py."""
    scores = [f"{reply.score:g}" for reply in view.replies if reply.score is not None]
    if view.score is None and view.verdict is None:
        return "The judge gave no verdict."
    if why == "exact_match" and view.verdict is not None:
        return CHECKER.format("reject" if view.verdict is Verdict.accept else "accept")
    if why in SIGNS and holds(why, view):
        return SIGNS[why]
    if why in HABITS and view.verdict is not None:
        return f"The judge {view.verdict}ed this, which is unlike it {HABITS[why]}."
    if view.spread:
        return f"The judge gave {', '.join(scores)}."
    if view.score is None:
        return f"The judge {view.verdict}ed it."
    near = abs(view.score - cut) <= 0.1 * max(1.0, abs(cut))
    return f"Scored {view.score:g}, {'close to' if near else 'against'} the cut at {cut:g}."


def holds(why: str, view: JudgeView) -> bool:
    """Whether the judge's view bears the sign out: it may have been written before the rules for it changed."""
    if why == "vote":
        return view.verdict is Verdict.reject
    return len({reply.judge for reply in view.replies}) > 1


def of_item(
    sample_ids: Sequence[int], views: Mapping[int, JudgeView], signs: Mapping[int, Sign], cut: float
) -> str | None:
    """Why an item is worth a look: a sample, or the one of a group that is worth most. None while hidden or unknown."""
    if len(sample_ids) == 1:
        [n] = sample_ids
        return reason(views[n], cut, signs[n].why if n in signs else "") if n in views else None
    known = [n for n in sample_ids if n in views and n in signs]
    if not known:
        return None
    best = max(known, key=lambda n: signs[n].worth)
    return f"One of them: {reason(views[best], cut, signs[best].why)}"


def signs(db: Session, sample_ids: Sequence[int]) -> dict[int, Sign]:
    """The strongest sign of each sample, where its worth was written."""
    worth = tables.Worth
    query = select(worth.sample_id, worth.worth, worth.why).where(worth.sample_id.in_(sample_ids))
    return {n: Sign(much, why) for n, much, why in db.execute(query)} if sample_ids else {}
