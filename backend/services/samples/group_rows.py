"""The rows of a list of groups: what each asks, its first samples, and how many of all pass."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import case, false, func, not_, or_, select, true
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import Filters
from backend.db.listing_groups import GroupTally, ShownLabels, all_shown, tallies
from backend.db.many import among
from backend.services.access import Actor
from backend.services.decisions import own_words
from backend.services.samples.rows import PREVIEW
from backend.services.samples.visibility import Hidden
from backend.values import Verdict

MAX_MEMBERS = 32
"""So many samples of a group are in its row."""


@dataclass(frozen=True)
class GroupMember:
    """A sample in its group's row. `is_hidden`: what was said of it is withheld."""

    id: int
    kind: str
    step: int
    verdict: Verdict | None
    score: float | None
    is_hidden: bool = False


@dataclass(frozen=True)
class GroupRow:
    """A group in a list. `prompt`: what was asked, cut after `PREVIEW` characters.

    `num_samples`, `num_with_verdict` and `num_accepted` count completions and imports; `pass_rate` is accepted of those
    with a verdict, by the labels that stand, `spread` the standard deviation of the scores. Both are None where nothing
    was said, and where a blind review hides it (`is_hidden`). `samples`: the first ones, edits too; `num_more` others.
    """

    id: int
    prompt: str
    num_samples: int
    num_with_verdict: int
    num_accepted: int
    pass_rate: float | None
    spread: float | None
    samples: tuple[GroupMember, ...]
    num_more: int = 0
    is_hidden: bool = False


def read_rows(
    db: Session, shown: ShownLabels, kept: Hidden, filters: Filters, group_ids: Sequence[int]
) -> list[GroupRow]:
    """The rows of these groups, in their order."""
    if not group_ids:
        return []
    asked, counts = read_questions(db, kept, group_ids), tallies(db, group_ids, filters.step, shown)
    members = read_members(db, filters, shown, group_ids)
    return [row_of(id_, asked[id_], counts[id_], *members[id_]) for id_ in group_ids]


def read_questions(db: Session, kept: Hidden, group_ids: Sequence[int]) -> dict[int, str]:
    """What the groups ask: their own last message, where they ask something else than their prompt.

    A question with a hint that training rows do not get is withheld with the judge's view.
    """
    group, prompt = tables.Group, tables.Prompt
    query = select(group.id, group.messages, group.is_stripped, func.substr(prompt.text, 1, PREVIEW))
    rows = db.execute(query.join(prompt, prompt.id == group.prompt_id).where(among(group.id, group_ids)))
    return {
        id_: str(messages[-1]["content"])[:PREVIEW] if messages and not (is_stripped and kept.judge) else text
        for id_, messages, is_stripped, text in rows
    }


def labels_shown(actor: Actor, kept: Hidden, round_id: int) -> ShownLabels:
    """What the actor may see of labels, as `visible_rows` has it; a text that a colleague wrote is a decision."""
    if not kept:
        return all_shown()
    label, is_known = tables.Label, own_words.is_decided(actor, [round_id])
    verdict, score = (None, None) if kept.judge else (label.machine_verdict, label.machine_score)
    return ShownLabels(
        case((is_known, label.verdict), else_=verdict),
        case((is_known, label.score), else_=score),
        not_(is_known) if kept.judge else false(),
        or_(label.kind.in_(tables.JUDGED), is_known) if kept.others else true(),
    )


def row_of(group_id: int, prompt: str, counted: GroupTally, members: Sequence[GroupMember], num_more: int) -> GroupRow:
    """A row; of a group with a sample that is hidden no figure is shown, since the others' would tell of it."""
    is_hidden = counted.num_hidden > 0
    if is_hidden:
        counted = GroupTally(counted.num_samples)
        # A file may have the best text first.
        members = sorted(members, key=lambda member: blake2b(str(member.id).encode()).digest())
    figures = (counted.num_samples, counted.num_with_verdict, counted.num_accepted, counted.pass_rate, counted.spread)
    return GroupRow(group_id, prompt, *figures, tuple(members), num_more, is_hidden)


def read_members(
    db: Session, filters: Filters, shown: ShownLabels, group_ids: Sequence[int]
) -> dict[int, tuple[list[GroupMember], int]]:
    """The first samples of each group by number, and how many more it has."""
    sample, label = tables.Sample, tables.Label
    named = (shown.verdict.label("verdict"), shown.score.label("score"), shown.is_hidden.label("is_hidden"))
    place = func.row_number().over(partition_by=sample.group_id, order_by=sample.id).label("place")
    number = func.count().over(partition_by=sample.group_id).label("number")
    query = select(sample.group_id, sample.id, label.kind, label.step, *named, place, number)
    query = query.join(label, label.sample_id == sample.id).where(among(sample.group_id, group_ids), shown.is_listed)
    query = query.where(label.step.in_(filters.step)) if filters.step else query
    columns = query.subquery().c
    members: dict[int, tuple[list[GroupMember], int]] = defaultdict(lambda: ([], 0))
    for row in db.execute(select(*columns).where(columns.place <= MAX_MEMBERS).order_by(columns.group_id, columns.id)):
        listed, _ = members[row.group_id]
        listed.append(GroupMember(row.id, row.kind, row.step, row.verdict, row.score, bool(row.is_hidden)))
        members[row.group_id] = listed, row.number - len(listed)
    return members
