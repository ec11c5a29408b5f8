"""Items as the desk shows them: texts in full, and what the judge and colleagues said only where it may be seen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.built import built_once, is_any, run
from backend.db.many import in_chunks
from backend.db.standing import ANY_LABELLING
from backend.services.access import Actor
from backend.services.decisions import Decision, group_decisions
from backend.services.decisions.rules import cut_of_round
from backend.services.questions.standing import own as own_answers
from backend.services.queue import item_views
from backend.services.queue.item_views import JudgeView, Strongest, views_and_signs
from backend.services.review_settings import Mode, ReviewSettings
from backend.translations import gettext
from backend.values import JSON, DecisionKind, Message, Messages

MAX_CHARACTERS = 4_000_000
"""One answer holds no more text than this, but at least one item."""
MAX_SHOWN = 8
"""Samples of a group side by side."""


@dataclass(frozen=True)
class Member:
    """One sample of a group, in the order in which it is shown."""

    sample_id: int
    text: str
    finish_reason: str
    num_tokens: int
    score_like: bool
    judge: JudgeView | None
    edits: tuple[str, ...] = ()
    turns: tuple[Message, ...] = ()
    """Of an episode the messages between the question and the text, which is the last."""
    answers: dict[int, JSON] = field(default_factory=dict)
    """What the person answered to questions of the project, by their numbers."""


@dataclass(frozen=True)
class Item:
    """One item to decide. `judge` stays None while its view is hidden, `reason` where it would give it away, and
    `is_random` False.

    `members`: a group's samples, in the modes group and pair; the item is then named by the group's first sample.
    `num_members`: how many the group has, shown or not. `flag`: the client_id of the person's own standing flag.
    `others`: what colleagues decided, once the person has decided or where the round shows it before.
    `edits`: the texts the person made of this one, of edits that stand. `messages`: what was asked; of an episode that
    stands alone also what was said before its text, which is the last. `mine`: the person's own decision, where the
    item was asked for as one decided before. `answers`: what the person answered to questions of the project, by their
    numbers.
    """

    sample_id: int
    group_id: int
    messages: Messages
    text: str
    finish_reason: str
    num_tokens: int
    score_like: bool
    judge: JudgeView | None
    reason: str | None
    lease_until: datetime | None = None
    is_random: bool = False
    members: tuple[Member, ...] = ()
    others: tuple[Decision, ...] = ()
    num_members: int = 0
    flag: str | None = None
    edits: tuple[str, ...] = ()
    mine: Decision | None = None
    answers: dict[int, JSON] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemParts:
    """What one page of items is made of."""

    rows: dict[int, Any]
    groups: dict[int, list[int]]
    sizes: dict[int, int]
    views: dict[int, JudgeView]
    signs: dict[int, Strongest]
    flags: dict[int, str]
    others: dict[int, tuple[Decision, ...]]
    leases: dict[int, tuple[datetime, bool]]
    edits: dict[int, tuple[str, ...]]
    answers: dict[int, dict[int, JSON]]
    told: frozenset[int]
    """Items of which the person may know whether they were drawn at random: the others were chosen."""


def items(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    ids: Sequence[int],
    why: dict[int, str],
    *,
    is_curating: bool = False,
) -> list[Item]:
    """The items in full, in this order. `why`: reasons that give nothing away. `is_curating`: hide nothing."""
    shown = look_up(db, actor, round_, settings, ids, is_curating=is_curating)
    cut = cut_of_round(round_)
    items_ = [item(sample_id, shown, settings, cut, why.get(sample_id)) for sample_id in ids if sample_id in shown.rows]
    length = list(accumulate(characters(item) + sum(map(characters, item.members)) for item in items_))
    return [item for item, so_far in zip(items_, length, strict=True) if so_far <= MAX_CHARACTERS or item is items_[0]]


def characters(item: Item | Member) -> int:
    turns = item.turns if isinstance(item, Member) else ()
    return len(item.text) + sum(map(len, item.edits)) + sum(len(turn["content"]) for turn in turns)


def look_up(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    ids: Sequence[int],
    *,
    is_curating: bool,
) -> ItemParts:
    """Everything about these items, in one query for each kind of thing."""
    is_open = is_curating or not round_.is_blind or settings.mode is Mode.judgment
    heads = read(db, actor, ids, tells_hints=is_open)
    members: dict[int, list[int]] = {}
    if settings.by_group:
        members = group_decisions.members(db, [row.group_id for row in heads.values()])
    groups = chosen(db, actor, settings, members)
    everything = list(dict.fromkeys([*ids, *(n for some in groups.values() for n in some)]))
    rows = heads | read(db, actor, [n for n in everything if n not in heads], tells_hints=is_open)
    acts = own_acts(db, actor, everything)
    decided = {sample_id for sample_id in ids if any(act.kind in ANY_LABELLING for act in acts.get(sample_id, ()))}
    seen = [n for n in everything if is_open or owner(rows, groups, heads, n) & decided]
    told = [sample_id for sample_id in ids if is_curating or settings.others_visible or sample_id in decided]
    views, signs = views_and_signs(db, seen)
    return ItemParts(
        rows,
        groups,
        {group_id: len(some) for group_id, some in members.items()},
        views,
        signs,
        {sample_id: flag for sample_id in ids if (flag := own_flag(acts.get(sample_id, ())))},
        item_views.others(db, actor, told, cut_of_round(round_), judged=ids if is_open else decided),
        own_leases(heads, settings),
        own_edits(db, acts),
        own_answers(db, actor.user_id, everything),
        frozenset(ids if is_open else decided),
    )


def owner(rows: dict[int, Any], groups: dict[int, list[int]], heads: dict[int, Any], sample_id: int) -> set[int]:
    """The item a sample belongs to: itself, or its group's."""
    if not groups or sample_id not in rows:
        return {sample_id}
    group_id = rows[sample_id].group_id
    return {n for n, row in heads.items() if row.group_id == group_id}


def read(db: Session, actor: Actor, ids: Sequence[int], *, tells_hints: bool) -> dict[int, Any]:
    """Samples with what was asked, and until when the actor has them.

    `tells_hints`: what was asked is shown with the hint that training rows do not get.
    """
    if not ids:
        return {}
    rows = run(db, _texts(tells_hints), {"sample_ids": ids, "user_id": actor.user_id})
    return {row.id: row for row in rows}


@built_once
def _texts(tells_hints: bool) -> Any:
    sample, prompt, group, lease = tables.Sample, tables.Prompt, tables.Group, tables.Lease
    own = group.messages if tells_hints else case((group.is_stripped.is_(False), group.messages))
    is_own = (lease.sample_id == sample.id) & (lease.user_id == bindparam("user_id"))
    return (
        select(sample.id, sample.group_id, func.coalesce(own, prompt.messages).label("messages"), sample.text)
        .add_columns(sample.finish_reason, sample.num_tokens, sample.score_like, sample.turns)
        .add_columns(lease.expires_at, lease.is_random)
        .join(prompt, prompt.id == sample.prompt_id)
        .join(group, group.id == sample.group_id)
        .outerjoin(lease, is_own)
        .where(is_any(sample.id, "sample_ids"))
    )


def chosen(db: Session, actor: Actor, settings: ReviewSettings, members: dict[int, list[int]]) -> dict[int, list[int]]:
    """The samples each group shows."""
    label = tables.Label
    every = [n for some in members.values() for n in some]
    query = select(label.sample_id, label.machine_score).where(label.sample_id.in_(every))
    scores = {n: score for n, score in db.execute(query)} if every else {}
    return {
        group_id: group_decisions.shown(settings.mode, actor.user_id, group_id, ids, scores)[:MAX_SHOWN]
        for group_id, ids in members.items()
    }


def item(n: int, shown: ItemParts, settings: ReviewSettings, cut: float, why: str | None) -> Item:
    row, view = shown.rows[n], shown.views.get(n)
    until, is_random = shown.leases[n]
    if n not in shown.told:
        # Where some are said to be drawn, the others are chosen: the judge is likelier to be wrong there.
        is_random, why = False, None if why == item_views.RANDOM else why
    ids = shown.groups.get(row.group_id, [])
    before = [] if ids else (row.turns or [])[:-1]
    return Item(
        n,
        row.group_id,
        [*row.messages, *before],
        row.text,
        row.finish_reason,
        row.num_tokens,
        row.score_like,
        view,
        gettext(why) if why else item_views.of_item(ids or [n], shown.views, shown.signs, cut),
        until,
        is_random,
        tuple(member(id_, shown) for id_ in ids),
        shown.others.get(n, ()),
        shown.sizes.get(row.group_id, 0),
        shown.flags.get(n),
        shown.edits.get(n, ()),
        answers=shown.answers.get(n, {}),
    )


def member(n: int, shown: ItemParts) -> Member:
    row = shown.rows[n]
    view, edits = shown.views.get(n), shown.edits.get(n, ())
    turns = tuple((row.turns or [])[:-1])
    answers = shown.answers.get(n, {})
    return Member(n, row.text, row.finish_reason, row.num_tokens, row.score_like, view, edits, turns, answers)


def own_leases(heads: dict[int, Any], settings: ReviewSettings) -> dict[int, tuple[datetime, bool]]:
    """Until when each item is the actor's; one that was only looked at, until when it would be."""
    new = now() + timedelta(minutes=settings.reservation_minutes)
    return {n: (row.expires_at or new, bool(row.is_random)) for n, row in heads.items()}


def own_acts(db: Session, actor: Actor, ids: Sequence[int]) -> dict[int, list[Any]]:
    """What the actor did to each sample, oldest first: its kind, and whether it stands.

    Labels that were taken back are among it: the judge's view was shown then.
    """
    acts: dict[int, list[Any]] = defaultdict(list)
    for part in in_chunks(ids):
        for row in run(db, _own_acts(), {"sample_ids": part, "user_id": actor.user_id}):
            acts[row.sample_id].append(row)
    return acts


@built_once
def _own_acts() -> Any:
    decision = tables.Decision
    columns = (decision.sample_id, decision.kind, decision.client_id, decision.value)
    return (
        select(*columns, (~standing.is_taken_back()).label("stands"))
        .where(is_any(decision.sample_id, "sample_ids"), decision.user_id == bindparam("user_id"))
        .order_by(decision.id)
    )


def own_flag(acts: Sequence[Any]) -> str | None:
    """The client_id of the flag among what a person did, unless they took it back."""
    flags = [act.client_id for act in acts if act.kind is DecisionKind.flag and act.stands]
    return flags[-1] if flags else None


def own_edits(db: Session, acts: dict[int, list[Any]]) -> dict[int, tuple[str, ...]]:
    """The texts the person made of each sample, oldest first, late ones among them, without those taken back."""
    made_of = {
        n: [act.value.get("edit_id") for act in some_acts if act.kind is DecisionKind.edit and act.stands]
        for n, some_acts in acts.items()
    }
    ids = [edit_id for edit_ids in made_of.values() for edit_id in edit_ids]
    sample = tables.Sample
    query = select(sample.id, sample.text).where(sample.id.in_(ids))
    texts = {n: text for n, text in db.execute(query)} if ids else {}
    edits = {n: tuple(texts[edit_id] for edit_id in edit_ids if edit_id in texts) for n, edit_ids in made_of.items()}
    return {n: some_edits for n, some_edits in edits.items() if some_edits}
