"""Rows of decisions: what is read before an act is written, and how its row is appended.

Of all acts of a call: their items, whether required questions are answered, and what was sent before (`read_acts`). Of
each in its turn: what was decided before, or what it takes back (`look_up`). `add_row` writes the row, and the sample
and the label that an edit makes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, union_all
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.built import built_once, is_among, is_any, run
from backend.db.standing import TOGETHER
from backend.errors import Conflict, NotFound
from backend.services.access import Actor
from backend.services.decisions import group_decisions
from backend.services.decisions.acts import Act, ActPlace, Earlier, Kept, Target
from backend.services.decisions.decision import Decision
from backend.services.decisions.locks import lock_labels
from backend.services.decisions.rules import cut_of_round, hides_judge
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import review_scope
from backend.values import DecisionKind, LabelSource, SampleKind

WRITTEN = [column.name for column in tables.Decision.__table__.c if not column.primary_key]
SHARED = ("project_id", "round_id", "group_id", "prompt_id", "checkpoint_id", "split", "step", "role")
"""What an edited text has in common with the text it was made of."""


@dataclass(frozen=True)
class Sent:
    """Acts of one call, with what is read of all of them before the first is written.

    `places`: by client_id; acts on samples that are not in the round have none. `written`: the decisions of those that
    an earlier call wrote, by client_id. `decided_last`: for each item that new acts decide, the index of the last. Of a
    single act both are asked in its turn: `written` is empty then, and `decided_last` None.
    """

    places: dict[str, ActPlace]
    written: dict[str, Decision] = field(default_factory=dict)
    decided_last: dict[int, int] | None = None

    def decided_from(self, n: int) -> set[int] | None:
        """The items that the act of this index or a later one decides; None for a single act."""
        if self.decided_last is None:
            return None
        return {item_id for item_id, last in self.decided_last.items() if last >= n}


def read_acts(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    acts: Sequence[Act],
    *,
    is_adjudication: bool,
) -> Sent:
    """Read what these acts need, and hold the labels that they may change.

    Raises `Conflict` where a required question is unanswered, or a client_id is another decision's.
    """
    places = places_of(db, round_, settings, acts)
    if is_adjudication:
        return Sent(places)
    refuse_unanswered(db, actor, round_, settings, acts, places)
    if len(acts) < 2:
        return Sent(places)
    earlier = written_before(db, actor, round_, [act.client_id for act in acts])
    decided_last = {
        places[act.client_id].item_id: n
        for n, act in enumerate(acts)
        if act.kind in settings.deciding and act.client_id in places and act.client_id not in earlier
    }
    return Sent(places, earlier, decided_last)


def places_of(db: Session, round_: tables.Round, settings: ReviewSettings, acts: Sequence[Act]) -> dict[str, ActPlace]:
    """The item of each act, by client_id; acts on samples that are not in the round have none.

    The labels that the acts may change are held until the transaction ends, in order of their number: two people never
    wait for each other.
    """
    acts = [act for act in acts if act.kind is not DecisionKind.retract]
    if not acts:
        return {}
    ids, are_together = {act.sample_id for act in acts}, any(act.kind in TOGETHER for act in acts)
    holds = are_together or not settings.by_group
    query = _samples_of_acts(settings.by_group or are_together, holds, len(ids) == 1)
    asked: dict[str, Any] = {"round_id": round_.id, "project_id": round_.project_id}
    asked["sample_ids"] = acts[0].sample_id if len(ids) == 1 else sorted(ids)
    if not holds:
        # The rest of the group is read to name its item, and stays free for others.
        lock_labels(db, round_.id, ids)
    shown = review_scope.of_groups(round_)
    if shown is None:
        rows_ = run(db, query, asked)
    else:
        group = tables.Group
        here = select(group.id).where(group.id == tables.Sample.group_id, group.round_id == round_.id)
        rows_ = db.connection().execute(query.add_columns(here.where(shown).exists().label("is_shown")), asked)
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
            is_gold, is_asked = row.gold is not None, bool(row.is_asked)
            places[act.client_id] = ActPlace(
                ids_of[0], row.group_id, ids_of, row.kind, is_gold, is_shown, is_asked, machine_labels
            )
    return places


@built_once
def _samples_of_acts(is_whole: bool, holds: bool, is_one: bool) -> Any:
    """Samples of a round with what the machine said of them, and whether its project has required questions.

    `is_whole`: with all others of their groups. `holds`: their labels are held.
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
    return query.with_for_update(of=label) if holds else query


def refuse_unanswered(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    acts: Sequence[Act],
    places: Mapping[str, ActPlace],
) -> None:
    """Raise `Conflict` for the first of these acts that decides on a sample of which a required question is unanswered.

    Bulk actions, imported decisions and adjudications need no answers: none are asked there.
    """
    asked = {act.client_id: sample_id for act in acts if (sample_id := asked_about(settings, act)) is not None}
    ids = set(asked.values())
    if not ids or not any(place.is_asked for place in places.values()):
        return
    answer, question = tables.Answer, tables.Question
    query = select(question.id, question.title).where(question.project_id == round_.project_id)
    query = query.where(question.is_active, question.is_required).order_by(question.position)
    required = db.execute(query).all()
    theirs = (answer.user_id == actor.user_id, answer.is_standing, answer.sample_id.in_(ids))
    answered = set(db.execute(select(answer.sample_id, answer.question_id).where(*theirs)).tuples())
    for act in acts:
        sample_id = asked.get(act.client_id)
        if sample_id is None:
            continue
        missing = [title for question_id, title in required if (sample_id, question_id) not in answered]
        # An act that is sent again was written, whatever is asked since.
        if missing and not written(db, actor, round_, act.client_id):
            what = "is put first in its group" if settings.by_group else "is decided"
            raise Conflict(
                f"The question {missing[0]!r} has to be answered before sample {sample_id} {what}. Answer it first, "
                "then decide."
            )


def asked_about(settings: ReviewSettings, act: Act) -> int | None:
    """The sample of which required questions have to be answered before the act is written: the one that it decides on,
    and in a review by group or pair the one that it puts first. None where it does neither.
    """
    if not settings.by_group:
        return act.sample_id if act.kind in settings.deciding else None
    if act.kind is DecisionKind.rank:
        return int(act.value["order"][0])
    return act.value.get("best") if act.kind is DecisionKind.prefer else None


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
) -> Decision | Earlier | Target:
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
    return Earlier(place, rows)


def earlier_on(db: Session, actor: Actor, act: Act, place: ActPlace) -> list[Any]:
    """What was decided before on the act's sample and on its group as a whole.

    For an act on the group as a whole also what the actor decided on each of its samples.
    Rows of `decisions` with whether they stand, oldest first. The act itself is among them if it was written before,
    wherever that was.
    """
    where = {"client_id": act.client_id, "user_id": actor.user_id, "sample_id": act.sample_id}
    rows = run(db, _earlier(act.kind in TOGETHER), where | {"group_id": place.group_id})
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
            raise Conflict(bulk_first(db, row))
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
    return Target(row, tuple(touched), members[0] if is_last_word(db, actor, row, settings, members) else None)


def is_last_word(
    db: Session, actor: Actor, row: tables.Decision, settings: ReviewSettings, members: Sequence[int]
) -> bool:
    """Whether no other word of the person on the item of this decision stands, which keeps its slot."""
    if row.kind not in settings.deciding or row.is_late or row.is_adjudication:
        return False
    decision = tables.Decision
    others = standing.own_words(decision.id, kinds=settings.deciding).where(
        decision.sample_id.in_(members), decision.user_id == actor.user_id, decision.id != row.id
    )
    return db.scalar(others.limit(1)) is None


def bulk_first(db: Session, row: tables.Decision) -> str:
    """Why a decision of a bulk action is not taken back here: the action is undone as a whole, or not at all."""
    number = standing.everything(func.count(), kinds=(row.kind,)).where(tables.Decision.batch_id == row.batch_id)
    what = f"{row.kind} on {db.scalar(number):,} samples: {row.note[:160]}"
    return (
        f"What you did last is a bulk action ({what}). Nothing was taken back: undo it as a whole on the Samples page, "
        "under Done before, or go on."
    )


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


def add_row(db: Session, actor: Actor, round_: tables.Round, act: Act, row: tables.Decision, kept: Kept) -> Decision:
    """Insert the row, with what the slot says and the sample that an edit makes; return the decision."""
    row.is_random, row.is_late = kept.is_random, kept.late_because is not None
    if kept.late_because is not None:
        row.value = row.value | {"late_because": kept.late_because}
    if act.kind is DecisionKind.edit:
        edit_id = make_edit(db, actor, db.get_one(tables.Sample, act.sample_id), act.text or "")
        row.value = row.value | {"edit_id": edit_id}
    # What nobody set is left to the column's default.
    values = {name: vars(row)[name] for name in WRITTEN if name in vars(row)}
    key: Any = run(db, _insert(), values).inserted_primary_key
    row.id = key[0]
    return own(db, row, actor, round_, is_new=True)


@built_once
def _insert() -> Any:
    return insert(tables.Decision.__table__)  # type: ignore[arg-type]


def make_edit(db: Session, actor: Actor, original: tables.Sample, text: str) -> int:
    """Write the edited text as a sample of its own; the original stays, with its label."""
    sample = tables.Sample
    db.scalars(select(tables.Group.id).where(tables.Group.id == original.group_id).with_for_update()).one()
    last = db.scalar(
        select(func.max(sample.position)).where(sample.group_id == original.group_id, sample.kind == SampleKind.edit)
    )
    tokens = max(1, round(original.num_tokens * len(text) / max(1, len(original.text))))
    edited = tables.Sample(
        **{name: getattr(original, name) for name in SHARED},
        author_id=actor.user_id,
        edited_from_id=original.id,
        kind=SampleKind.edit,
        position=0 if last is None else last + 1,
        text=text,
        finish_reason="stop",
        num_tokens=tokens,
        seed=0,
        turns=[*original.turns[:-1], original.turns[-1] | {"content": text}] if original.turns else None,
    )
    db.add(edited)
    db.flush()
    db.add(
        tables.Label(
            sample_id=edited.id,
            round_id=original.round_id,
            kind=SampleKind.edit,
            num_tokens=tokens,
            source=LabelSource.none,
            updated_at=now(),
            step=original.step,
        )
    )
    db.flush()
    return edited.id
