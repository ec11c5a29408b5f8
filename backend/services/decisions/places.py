"""What is read before an act is written: where it belongs, and what was decided there before."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.built import built_once, is_among, some
from backend.db.standing import TOGETHER
from backend.services.access import Actor
from backend.services.decisions.acts import Act
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import review_scope
from backend.values import SampleKind, Verdict


@dataclass(frozen=True)
class ActPlace:
    """Where an act belongs: the item whose slot it takes, the samples it may label, and what the machine said.

    `is_shown`: people decide on it.
    """

    item_id: int
    group_id: int
    members: tuple[int, ...]
    kind: SampleKind
    is_gold: bool
    is_shown: bool
    machine: dict[int, tuple[float | None, Verdict | None]]


def places_of(db: Session, round_: tables.Round, settings: ReviewSettings, acts: Sequence[Act]) -> dict[str, ActPlace]:
    """The item of each act, by client_id; acts on samples that are not in the round have none.

    The labels that the acts may change are held until the transaction ends, in order of their number: two people never
    wait for each other.
    """
    if not acts:
        return {}
    ids, are_together = {act.sample_id for act in acts}, any(act.kind in TOGETHER for act in acts)
    query = _samples_of_acts(settings.by_group or are_together)
    asked = {"round_id": round_.id, "sample_ids": sorted(ids)}
    if settings.by_group and not are_together:
        # The rest of the group is read to name its item, and stays free for others.
        db.execute(_labels(), asked)
    else:
        query = query.with_for_update(of=tables.Label)
    shown = review_scope.of_groups(round_)
    if shown is not None:
        group = tables.Group
        here = select(group.id).where(group.id == tables.Sample.group_id, group.round_id == round_.id)
        query = query.add_columns(here.where(shown).exists().label("is_shown"))
    known: dict[int, Any] = {row.id: row for row in db.execute(query, asked)}
    members: dict[int, list[Any]] = defaultdict(list)
    for row in sorted(known.values(), key=lambda row: (row.position, row.id)):
        if row.kind in tables.JUDGED:
            members[row.group_id].append(row)
    places = {}
    for act in acts:
        row = known.get(act.sample_id)
        if row is not None:
            own = members[row.group_id] if act.kind in TOGETHER or settings.by_group else []
            rows = own or [row]
            machine_labels = {member.id: (member.machine_score, member.machine_verdict) for member in [*rows, row]}
            ids_of = tuple(member.id for member in rows)
            is_shown = shown is None or bool(row.is_shown)
            places[act.client_id] = ActPlace(
                ids_of[0], row.group_id, ids_of, row.kind, row.gold is not None, is_shown, machine_labels
            )
    return places


@built_once
def _samples_of_acts(is_whole: bool) -> Any:
    """Samples of a round with what the machine said of them; `is_whole`: with all others of their groups."""
    label, sample, gold = tables.Label, tables.Sample, tables.GoldItem
    which = sample.id.in_(some("sample_ids"))
    if is_whole:
        which = sample.group_id.in_(select(sample.group_id).where(which).correlate(None))
    return (
        select(sample.id, sample.group_id, sample.kind, sample.position, gold.sample_id.label("gold"))
        .add_columns(label.machine_score, label.machine_verdict)
        .join(label, label.sample_id == sample.id)
        .outerjoin(gold, gold.sample_id == sample.id)
        .where(which, label.round_id == bindparam("round_id"))
        .order_by(label.sample_id)
    )


@built_once
def _labels() -> Any:
    label = tables.Label
    these = label.sample_id.in_(some("sample_ids")), label.round_id == bindparam("round_id")
    return select(label.sample_id).where(*these).order_by(label.sample_id).with_for_update()


def earlier_on(db: Session, actor: Actor, act: Act, place: ActPlace) -> list[Any]:
    """What was decided before on the act's sample and on its group as a whole.

    For an act on the group as a whole also what the actor decided on each of its samples.
    Rows of `decisions` with whether they stand, oldest first. The act itself is among them if it was written before,
    wherever that was.
    """
    where = {"client_id": act.client_id, "user_id": actor.user_id, "sample_id": act.sample_id}
    rows = db.connection().execute(_earlier(act.kind in TOGETHER), where | {"group_id": place.group_id})
    return sorted({row.id: row for row in rows}.values(), key=lambda row: row.id)


@built_once
def _earlier(is_together: bool) -> Any:
    decision = tables.Decision
    query = select(*decision.__table__.c, (~standing.is_taken_back()).label("stands"))
    is_about = decision.sample_id == bindparam("sample_id")
    wanted = [is_about, is_among(decision.kind, TOGETHER)]
    if is_together:
        wanted.append(decision.user_id == bindparam("user_id"))
    here = query.where(decision.group_id == bindparam("group_id"), or_(*wanted))
    # Two parts, and no OR over both: each has an index.
    return union_all(here, query.where(decision.client_id == bindparam("client_id")))
