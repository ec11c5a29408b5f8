"""Rows of decisions: what is read before an act is written, and how its row is appended.

Of all acts of a call: their items (`places_of`), and what was sent before (`written_before`). Of each in its turn: what
was decided before, or what it takes back (`look_up`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, union_all
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.built import built_once, is_among, is_any, run
from backend.db.standing import TOGETHER
from backend.errors import Conflict, NotFound
from backend.services.access import Actor
from backend.services.decisions import edits, group_decisions, taking_back
from backend.services.decisions.acts import Act, ActPlace, DecidedPlace, HowKept, Target
from backend.services.decisions.decision import Decision
from backend.services.decisions.locks import lock_labels
from backend.services.decisions.rules import cut_of_round, hides_judge
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import review_scope
from backend.values import DecisionKind

NOBODY = 0
"""No person's number."""
WRITTEN = [column.name for column in tables.Decision.__table__.c if not column.primary_key]


def places_of(db: Session, round_: tables.Round, settings: ReviewSettings, acts: Sequence[Act]) -> dict[str, ActPlace]:
    """The item of each act, by client_id; acts on samples that are not in the round have none.

    The labels that the acts may change are held until the transaction ends, in order of their number: two people never
    wait for each other.
    """
    acts = [act for act in acts if act.kind is not DecisionKind.retract]
    if not acts:
        return {}
    ids, are_together = {act.sample_id for act in acts}, any(act.kind in TOGETHER for act in acts)
    is_whole, holds, is_one = settings.by_group or are_together, are_together or not settings.by_group, len(ids) == 1
    asked: dict[str, Any] = {"round_id": round_.id, "project_id": round_.project_id}
    asked["sample_ids"] = acts[0].sample_id if is_one else sorted(ids)
    if not holds:
        # The rest of the group is read to name its item, and stays free for others.
        lock_labels(db, round_.id, ids)
    shown = review_scope.of_groups(round_)

    def samples(*, waits: bool) -> list[Any]:
        query = _samples_of_acts(is_whole, holds, is_one, waits)
        if shown is None:
            return [*run(db, query, asked)]
        group = tables.Group
        here = select(group.id).where(group.id == tables.Sample.group_id, group.round_id == round_.id)
        return [*db.connection().execute(query.add_columns(here.where(shown).exists().label("is_shown")), asked)]

    # What was read while a label was waited for is of before the wait. A single label is hardly ever waited for.
    waits = holds and (is_whole or not is_one) and db.get_bind().dialect.name == "postgresql"
    rows_ = samples(waits=waits)
    if not rows_ and holds and not waits:
        waits = True
        rows_ = samples(waits=True)
    known: dict[int, Any] = {row.id: row for row in rows_}
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
            is_gold, is_asked = row.gold is not None, waits or bool(row.is_asked)
            places[act.client_id] = ActPlace(
                ids_of[0], row.group_id, ids_of, row.kind, is_gold, is_shown, is_asked, machine_labels
            )
    return places


@built_once
def _samples_of_acts(is_whole: bool, holds: bool, is_one: bool, waits: bool) -> Any:
    """Samples of a round with what the machine said of them, and whether its project has required questions.

    `is_whole`: with all others of their groups. `holds`: their labels are held; with `waits` also those that somebody
    else holds, which are left out else.
    """
    label, sample, gold, question = tables.Label, tables.Sample, tables.GoldItem, tables.Question
    which = is_any(sample.id, "sample_ids", is_one=is_one)
    if is_whole:
        which = sample.group_id.in_(select(sample.group_id).where(which).correlate(None))
    of_project = question.project_id == bindparam("project_id")
    required = select(question.id).where(of_project, question.is_active, question.is_required)
    query = (
        select(sample.id, sample.group_id, sample.kind, sample.position, gold.sample_id.label("gold"))
        .add_columns(label.machine_score, label.machine_verdict, required.exists().label("is_asked"))
        .join(label, label.sample_id == sample.id)
        .outerjoin(gold, gold.sample_id == sample.id)
        .where(which, label.round_id == bindparam("round_id"))
        .order_by(label.sample_id)
    )
    return query.with_for_update(of=label, skip_locked=not waits) if holds else query


def decided_items(settings: ReviewSettings, acts: Sequence[Act], places: Mapping[str, ActPlace]) -> dict[str, int]:
    """The item that each act decides, by client_id, without acts that decide none."""
    return {
        act.client_id: places[act.client_id].item_id
        for act in acts
        if act.kind in settings.deciding and act.client_id in places
    }


def written(db: Session, actor: Actor, round_: tables.Round, client_id: str) -> Decision | None:
    """The actor's decision with this client_id, if it was written before."""
    return written_before(db, actor, round_, [client_id]).get(client_id)


def written_before(db: Session, actor: Actor, round_: tables.Round, client_ids: Sequence[str]) -> dict[str, Decision]:
    """Those of these decisions that were written before, by client_id.

    Raises `Conflict` where a client_id is that of somebody else's decision, or of one in another round.
    """
    query = select(tables.Decision).where(tables.Decision.client_id.in_(client_ids))
    rows = list(db.scalars(query)) if client_ids else []
    refuse_strange(rows, actor, round_)
    return {row.client_id: own(db, row, actor, round_) for row in rows}


def refuse_strange(rows: Sequence[Any], actor: Actor, round_: tables.Round) -> None:
    """Raise `Conflict` where one of these decisions is somebody else's, or of another round."""
    if any(row.user_id != actor.user_id or row.round_id != round_.id for row in rows):
        raise Conflict("This client_id belongs to another decision. Send a new one.")


def own(db: Session, row: Any, actor: Actor, round_: tables.Round, *, is_new: bool = False) -> Decision:
    """The actor's own decision in this row.

    In a blind review `is_override` of a rewrite is None until the actor has labelled the sample, see
    `rules.is_known_override`.
    """
    is_hidden = False
    if row.kind is DecisionKind.edit and hides_judge(round_):
        is_hidden = not db.scalar(select(standing.has_labelled()).where(tables.Decision.id == row.id))
    return Decision.of(row, actor.name, cut_of_round(round_), tells_judge=not is_hidden, is_new=is_new)


def look_up(
    db: Session, actor: Actor, round_: tables.Round, settings: ReviewSettings, act: Act, place: ActPlace | None
) -> Decision | DecidedPlace | Target:
    """What the act finds when its turn comes; where it was written before, the decision it is.

    Raises `NotFound` where there is nothing that it may be about, and `Conflict` where people do not decide on it.
    """
    if act.kind is DecisionKind.retract:
        return retract_target(db, actor, round_, settings, act)
    if place is None:
        again = written(db, actor, round_, act.client_id)
        if again is None:
            raise NotFound(f"There is no sample {act.sample_id} in round {round_.number}. Reload the page.")
        return again
    rows = earlier_on(db, actor, act, place)
    for row in rows:
        if row.client_id == act.client_id:
            refuse_strange([row], actor, round_)
            return own(db, row, actor, round_)
    if not place.is_shown:
        raise Conflict(review_scope.NOT_SHOWN.format(act.sample_id, round_.number))
    return DecidedPlace(**vars(place), earlier=rows)


def earlier_on(db: Session, actor: Actor, act: Act, place: ActPlace) -> list[Any]:
    """What was decided before on the act's sample and on its group as a whole.

    For an act on the group as a whole also what the actor decided on each of its samples.
    Rows of `decisions` with whether they stand and who made them, oldest first. The act itself is among them if it was
    written before, wherever that was.
    """
    asked = {name: getattr(act, name) for name in ("client_id", "sample_id")} | {"group_id": place.group_id}
    asked["whole_by"] = actor.user_id if act.kind in TOGETHER else NOBODY
    rows = run(db, _earlier(), asked)
    return sorted({row.id: row for row in rows}.values(), key=lambda row: row.id)


@built_once
def _earlier() -> Any:
    decision, user = tables.Decision, tables.User
    query = select(*decision.__table__.c, (~standing.is_taken_back()).label("stands"), user.name.label("who"))
    query = query.select_from(decision).join(user, user.id == decision.user_id)
    is_about = decision.sample_id == bindparam("sample_id")
    wanted = or_(is_about, is_among(decision.kind, TOGETHER), decision.user_id == bindparam("whole_by"))
    here = query.where(decision.group_id == bindparam("group_id"), wanted)
    # Two parts, and no OR over both: each has an index.
    return union_all(here, query.where(decision.client_id == bindparam("client_id")))


def retract_target(
    db: Session, actor: Actor, round_: tables.Round, settings: ReviewSettings, act: Act
) -> Decision | Target:
    """What a retract takes back, held until the transaction ends; where it was written before, the decision it is."""
    while True:
        row = own_standing(db, actor, round_.id, act.retracts)
        # Asked after the row's lock was waited for: the same undo, sent twice at once, has been written by then.
        again = written(db, actor, round_, act.client_id)
        if again is not None:
            return again
        if row is None:
            if act.retracts is not None and written(db, actor, round_, act.retracts) is not None:
                raise Conflict("This decision was taken back already. Reload the page to see what stands.")
            raise NotFound("There is nothing of yours to take back in this round.")
        if row.batch_id is not None:
            raise Conflict(taking_back.bulk_first(db, row))
        gone = select(tables.Decision.id).where(tables.Decision.retracts_id == row.id)
        if db.scalar(gone) is None:
            break
    is_together, edit_id = row.kind in TOGETHER, row.value.get("edit_id")
    members = [row.sample_id]
    if is_together or settings.by_group:
        members = group_decisions.members(db, [row.group_id])[row.group_id] or members
    touched = members if is_together else [row.sample_id, *([edit_id] if edit_id is not None else [])]
    # Without the lock a colleague's decision that commits meanwhile would be overwritten by what was read before it.
    lock_labels(db, round_.id, touched)
    is_last = taking_back.is_last_word(db, actor, row, settings, members)
    return Target(row, tuple(touched), members[0] if is_last else None)


def own_standing(db: Session, actor: Actor, round_id: int, client_id: str | None) -> tables.Decision | None:
    """The actor's decision of that client_id, or the last one, if it still stands; it may be part of a bulk action."""
    decision = tables.Decision
    query = (
        standing.everything(decision)
        .where(decision.round_id == round_id, decision.user_id == actor.user_id)
        .order_by(decision.id.desc())
        .limit(1)
        .with_for_update(of=decision)
    )
    return db.scalars(query if client_id is None else query.where(decision.client_id == client_id)).one_or_none()


def add_row(db: Session, actor: Actor, act: Act, row: tables.Decision, kept: HowKept) -> None:
    """Insert the row, with how its slot was come by, and first the sample that an edit makes; the row gets its id."""
    row.is_random, row.is_late = kept.is_random, kept.late_because is not None
    if kept.late_because is not None:
        row.value = row.value | {"late_because": kept.late_because}
    if act.kind is DecisionKind.edit:
        edit_id = edits.make_edit(db, actor, db.get_one(tables.Sample, act.sample_id), act.text or "")
        row.value = row.value | {"edit_id": edit_id}
    # What nobody set is left to the column's default.
    values = {name: vars(row)[name] for name in WRITTEN if name in vars(row)}
    key: Any = run(db, _insert(), values).inserted_primary_key
    row.id = key[0]


@built_once
def _insert() -> Any:
    return insert(tables.Decision.__table__)  # type: ignore[arg-type]
