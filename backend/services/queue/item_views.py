"""What is told of an item beside its text: the judge's view, why it is in the queue, what colleagues decided."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.built import built_once, is_any, run
from backend.db.many import in_chunks
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.services.access import Actor
from backend.services.decisions import Decision, WrittenDecision
from backend.services.decisions.rules import cut_of_round
from backend.translations import N_, gettext
from backend.values import DecisionKind, Sign, Verdict

SHOWN_REPLIES = 8
SHOWN_RATIONALE = 4_000
SHOWN = (*ANY_LABELLING, DecisionKind.flag, DecisionKind.note)
"""What is shown of colleagues."""
ASSIGNED = N_("Assigned to you.")
BEGUN = N_("Others have decided this one too: it needs one more word.")
RANDOM = N_("Drawn at random, to measure the judge fairly.")
SIGNS: dict[str, str] = {
    Sign.judges: N_("Two judges disagree about this."),
    Sign.verifier: N_("A verifier says otherwise than the judge."),
    Sign.vote: N_("Most samples of this prompt give this answer, and the judge rejected it."),
}
CHECKER = N_("The checker (exact match) says {verdict}.")
"""Shown where the checker's verdict contradicts the judge's."""
HABITS: dict[str, str] = {
    Sign.vote: N_("for an answer that so many samples of the prompt give"),
    Sign.top: N_("for an answer with so many votes"),
    Sign.others: N_("beside what it said of the prompt's other samples"),
    Sign.logprob: N_("for a text the model was so sure, or so unsure, of"),
    Sign.grounded: N_("for a text with such words, measured by the prompt"),
    Sign.covered: N_("for a text that uses so much, or so little, of the prompt"),
    Sign.counted: N_("for a text with such words, counted against the prompt"),
    Sign.reason_end: N_("where its reason ends like this"),
    Sign.reason_in: N_("where its reason ends like this"),
    Sign.reason_grounded: N_("where its reason speaks of such things"),
    Sign.reason_covers: N_("where its reason takes up so much, or so little, of the prompt"),
    Sign.length: N_("for a text of this length"),
    Sign.reason_length: N_("where its reason is of this length"),
    Sign.cut_off: N_("for a text that was cut off"),
}

UNLIKE = {
    Verdict.accept: N_("The judge accepted this, which is unlike it {habit}."),
    Verdict.reject: N_("The judge rejected this, which is unlike it {habit}."),
}
VERDICTS = {Verdict.accept: N_("The judge accepted it."), Verdict.reject: N_("The judge rejected it.")}
CLOSE, AGAINST = N_("Scored {score}, close to the cut at {cut}."), N_("Scored {score}, against the cut at {cut}.")


@dataclass(frozen=True)
class Reply:
    """One reply of the judge. A rationale of more than `SHOWN_RATIONALE` characters is cut, and says so."""

    judge: str
    score: float | None
    verdict: Verdict | None
    rationale: str


@dataclass(frozen=True)
class JudgeView:
    """What the judge said of a sample: the label it gave and the replies behind it."""

    score: float | None
    verdict: Verdict | None
    spread: float | None
    replies: tuple[Reply, ...]


@dataclass(frozen=True)
class Strongest:
    """The strongest sign of a sample (`values.Sign`), and how informative a decision on it is."""

    informativeness: float
    sign: str


@dataclass(frozen=True)
class Revealed:
    """What a person may see of an item once they have committed themselves.

    `judges`: the view of each sample of a group. `reason`: why the item was in the queue. `others`: what colleagues
    decided. `meanwhile`: what a curator had done to the item.
    """

    judge: JudgeView | None
    judges: dict[int, JudgeView]
    reason: str | None
    others: tuple[Decision, ...]
    meanwhile: str | None


def revealed(db: Session, actor: Actor, round_: tables.Round, done: Sequence[WrittenDecision]) -> dict[int, Revealed]:
    """What the actor may see after these decisions, which label their items, by the decision's id."""
    decisions = [some.decision for some in done]
    ids = list(dict.fromkeys(decision.sample_id for decision in decisions))
    groups = members_of(db, [decision.sample_id for decision in decisions if decision.kind in TOGETHER])
    views, signs = views_and_signs(db, [*ids, *(n for some in groups.values() for n in some)])
    cut = cut_of_round(round_)
    # What was read of a group before says nothing of its first sample alone.
    rows = {
        some.decision.sample_id: some.earlier
        for some in done
        if some.earlier is not None and some.decision.kind not in TOGETHER
    }
    of_others = others(db, actor, [n for n in ids if n not in rows], cut, judged=ids)
    of_others |= {n: shown_of(earlier, actor, n, cut) for n, earlier in rows.items()}
    told = {}
    for decision in decisions:
        n, view = decision.sample_id, views.get(decision.sample_id)
        members = groups.get(n, []) if decision.kind in TOGETHER else [n]
        words = of_others.get(n, ())
        judges = {m: views[m] for m in members if m in views}
        why = gettext(RANDOM) if decision.is_random else of_item(members, views, signs, cut)
        told[decision.id] = Revealed(view, judges, why, words, meanwhile(words))
    return told


def members_of(db: Session, item_ids: Sequence[int]) -> dict[int, list[int]]:
    """The completions of each item's group, by position."""
    members: dict[int, list[int]] = defaultdict(list)
    if item_ids:
        item, sample = alias(tables.Sample, "item"), tables.Sample
        query = select(item.id, sample.id).join(sample, sample.group_id == item.group_id)
        query = query.where(item.id.in_(item_ids), sample.kind.in_(tables.JUDGED))
        for item_id, sample_id in db.execute(query.order_by(sample.position, sample.id)):
            members[item_id].append(sample_id)
    return members


def judge_views(db: Session, sample_ids: Sequence[int]) -> dict[int, JudgeView]:
    """What the judge said of these samples."""
    return views_and_signs(db, sample_ids)[0]


def views_and_signs(db: Session, sample_ids: Sequence[int]) -> tuple[dict[int, JudgeView], dict[int, Strongest]]:
    """What the judge said of these samples, and the strongest sign of each, where one was written."""
    replies: dict[int, list[Reply]] = defaultdict(list)
    rows: dict[int, Any] = {}
    is_one = len(sample_ids) == 1
    asked = {"sample_ids": sample_ids[0] if is_one else sample_ids} if sample_ids else {}
    for row in run(db, _replies(is_one), asked) if sample_ids else ():
        rows[row.sample_id] = row
        if row.judge is not None:
            text, length = row.rationale, row.length
            shown = text if length <= SHOWN_RATIONALE else f"{text} … ({length:,} characters)"
            replies[row.sample_id].append(Reply(row.judge, row.score, row.verdict, shown))
    views = {
        n: JudgeView(row.machine_score, row.machine_verdict, row.machine_spread, tuple(replies[n]))
        for n, row in rows.items()
    }
    signs = {n: Strongest(row.informativeness, row.why) for n, row in rows.items() if row.why is not None}
    return views, signs


@built_once
def _replies(is_one: bool) -> Any:
    """A row for each reply, and one for a sample without any."""
    judgment, label, sign = tables.Judgment, tables.Label, tables.Informativeness
    rationale = func.substr(judgment.rationale, 1, SHOWN_RATIONALE).label("rationale")
    is_shown_reply = (judgment.sample_id == label.sample_id) & (judgment.position < SHOWN_REPLIES)
    return (
        select(label.sample_id, label.machine_score, label.machine_verdict, label.machine_spread)
        .add_columns(sign.informativeness.label("informativeness"), sign.why.label("why"))
        .add_columns(judgment.judge, judgment.score, judgment.verdict)
        .add_columns(rationale, func.length(judgment.rationale).label("length"))
        .outerjoin(sign, sign.sample_id == label.sample_id)
        .outerjoin(judgment, is_shown_reply)
        .where(is_any(label.sample_id, "sample_ids", is_one=is_one))
        .order_by(label.sample_id, judgment.judge, judgment.position)
    )


def reason(view: JudgeView, cut: float, sign: str = "") -> str:
    """Why a decision may change the label. sign: the strongest one (`values.Sign`); empty where none was written."""
    scores = [f"{reply.score:g}" for reply in view.replies if reply.score is not None]
    if view.score is None and view.verdict is None:
        return gettext("The judge gave no verdict.")
    if sign == Sign.exact_match and view.verdict is not None:
        says = Verdict.reject if view.verdict is Verdict.accept else Verdict.accept
        return gettext(CHECKER).format(verdict=gettext(says))
    if sign in SIGNS and holds(sign, view):
        return gettext(SIGNS[sign])
    if sign in HABITS and view.verdict is not None:
        return gettext(UNLIKE[view.verdict]).format(habit=gettext(HABITS[sign]))
    if view.spread:
        return gettext("The judge gave {scores}.").format(scores=", ".join(scores))
    if view.score is None:
        assert view.verdict is not None
        return gettext(VERDICTS[view.verdict])
    near = abs(view.score - cut) <= 0.1 * max(1.0, abs(cut))
    return gettext(CLOSE if near else AGAINST).format(score=f"{view.score:g}", cut=f"{cut:g}")


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
    known = [sample_id for sample_id in sample_ids if sample_id in views and sample_id in signs]
    if not known:
        return None
    best = max(known, key=lambda n: signs[n].informativeness)
    return gettext("One of them: {reason}").format(reason=reason(views[best], cut, signs[best].sign))


def others(
    db: Session, actor: Actor, sample_ids: Sequence[int], cut: float, *, judged: Collection[int]
) -> dict[int, tuple[Decision, ...]]:
    """Everything of others that stands on these items, flags and notes among it, whether it counts or not.

    `judged`: the items whose judge's view the actor may see; of the others nothing is told that it would follow from.
    """
    by_sample: dict[int, list[Decision]] = defaultdict(list)
    for ids in in_chunks(sample_ids):
        is_one = len(ids) == 1
        asked = {"sample_ids": ids[0] if is_one else ids, "user_id": actor.user_id}
        for row in run(db, _others(is_one), asked):
            decision = Decision.of(row, row.who, cut, tells_judge=row.sample_id in judged)
            by_sample[row.sample_id].append(decision)
    return {n: tuple(decisions) for n, decisions in by_sample.items()}


def shown_of(rows: Sequence[Any], actor: Actor, sample_id: int, cut: float) -> tuple[Decision, ...]:
    """The same of one item whose judge's view the actor may see, of rows that hold all decisions on it."""
    return tuple(
        Decision.of(row, row.who, cut)
        for row in rows
        if row.sample_id == sample_id and row.user_id != actor.user_id and row.stands and row.kind in SHOWN
    )


@built_once
def _others(is_one: bool) -> Any:
    decision, user = tables.Decision, tables.User
    return (
        standing.everything(*decision.__table__.c, user.name.label("who"), kinds=SHOWN)
        .join(user, user.id == decision.user_id)
        .where(is_any(decision.sample_id, "sample_ids", is_one=is_one), decision.user_id != bindparam("user_id"))
        .order_by(decision.id)
    )


def meanwhile(decisions: Sequence[Decision]) -> str | None:
    """What a curator did to the item, for the person who decides on it afterwards."""
    settled = [decision for decision in decisions if decision.is_adjudication]
    if settled:
        text = gettext("{name} has settled this item; your word is kept and does not change the label.")
        return text.format(name=settled[-1].who)
    bulk = [decision for decision in decisions if decision.is_bulk]
    if bulk:
        text = gettext("{name} had decided this in a bulk action ({kind}); your word stands above it now.")
        return text.format(name=bulk[-1].who, kind=gettext(bulk[-1].kind))
    return None
