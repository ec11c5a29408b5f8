"""Why an item is in the queue, in words."""

from collections.abc import Mapping, Sequence

from backend.services.queue.judge_views import JudgeView, Strongest
from backend.values import Sign, Verdict

ASSIGNED = "Assigned to you."
BEGUN = "Others have decided this one too: it needs one more word."
RANDOM = "Drawn at random, to measure the judge fairly."
SIGNS: dict[str, str] = {
    Sign.judges: "Two judges disagree about this.",
    Sign.verifier: "A verifier says otherwise than the judge.",
    Sign.vote: "Most samples of this prompt give this answer, and the judge rejected it.",
}
CHECKER = "The checker (exact match) says {}."
"""It is asked where its word is against the judge's."""
HABITS: dict[str, str] = {
    Sign.vote: "for an answer that so many samples of the prompt give",
    Sign.top: "for an answer with so many votes",
    Sign.others: "beside what it said of the prompt's other samples",
    Sign.logprob: "for a text the model was so sure, or so unsure, of",
    Sign.grounded: "for a text with such words, measured by the prompt",
    Sign.covered: "for a text that uses so much, or so little, of the prompt",
    Sign.counted: "for a text with such words, counted against the prompt",
    Sign.reason_end: "where its reason ends like this",
    Sign.reason_in: "where its reason ends like this",
    Sign.reason_grounded: "where its reason speaks of such things",
    Sign.reason_covers: "where its reason takes up so much, or so little, of the prompt",
    Sign.length: "for a text of this length",
    Sign.reason_length: "where its reason is of this length",
    Sign.cut_off: "for a text that was cut off",
}


def reason(view: JudgeView, cut: float, sign: str = "") -> str:
    """Why a decision may change the label. sign: the strongest one (`values.Sign`); empty where none was written."""
    scores = [f"{reply.score:g}" for reply in view.replies if reply.score is not None]
    if view.score is None and view.verdict is None:
        return "The judge gave no verdict."
    if sign == Sign.exact_match and view.verdict is not None:
        return CHECKER.format("reject" if view.verdict is Verdict.accept else "accept")
    if sign in SIGNS and holds(sign, view):
        return SIGNS[sign]
    if sign in HABITS and view.verdict is not None:
        return f"The judge {view.verdict}ed this, which is unlike it {HABITS[sign]}."
    if view.spread:
        return f"The judge gave {', '.join(scores)}."
    if view.score is None:
        return f"The judge {view.verdict}ed it."
    near = abs(view.score - cut) <= 0.1 * max(1.0, abs(cut))
    return f"Scored {view.score:g}, {'close to' if near else 'against'} the cut at {cut:g}."


def holds(sign: str, view: JudgeView) -> bool:
    """Whether the judge's view bears the sign out: it may have been written before the rules for it changed."""
    if sign == Sign.vote:
        return view.verdict is Verdict.reject
    return len({reply.judge for reply in view.replies}) > 1


def of_item(
    sample_ids: Sequence[int], views: Mapping[int, JudgeView], signs: Mapping[int, Strongest], cut: float
) -> str | None:
    """Why an item is in the queue: a sample, or the most informative one of a group. None while hidden or unknown."""
    if len(sample_ids) == 1:
        [n] = sample_ids
        return reason(views[n], cut, signs[n].sign if n in signs else "") if n in views else None
    known = [n for n in sample_ids if n in views and n in signs]
    if not known:
        return None
    best = max(known, key=lambda n: signs[n].informativeness)
    return f"One of them: {reason(views[best], cut, signs[best].sign)}"
