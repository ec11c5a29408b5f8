"""Writing decisions: appended once each, with the label they make in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.db import now, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import labels
from backend.services.access import Actor
from backend.values import DecisionKind, LabelSource, RoundStatus

MAX_TEXT = 1_000_000
MAX_NOTE = 4_000
MADE_BY_HAND = (
    DecisionKind.accept, DecisionKind.reject, DecisionKind.score, DecisionKind.edit, DecisionKind.flag,
    DecisionKind.skip, DecisionKind.retract,
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """What a person did to a sample. `client_id` is made where the key was pressed: a repeated send is one decision.

    `text` is for kind edit, `score` for kind score. A retract takes back the act of `retracts`, or the last one.
    `is_blind`: the judge's view was hidden; it counts only where the round hides it and the person never saw it.
    """

    client_id: str
    kind: DecisionKind
    sample_id: int = 0
    score: float | None = None
    text: str | None = None
    note: str = ""
    seconds: float | None = None
    is_blind: bool = True
    retracts: str | None = None


@dataclass(frozen=True)
class Written:
    """The decision's row. `edit_id`: the sample an edit made. `retracted_id`: the decision a retract took back."""

    id: int
    client_id: str
    sample_id: int
    kind: DecisionKind
    is_override: bool
    edit_id: int | None = None
    retracted_id: int | None = None
    is_new: bool = field(default=True, compare=False)


def check(act: Act) -> None:
    """Refuse what no page sends."""
    if not 8 <= len(act.client_id) <= 64 or not act.client_id.isprintable():
        raise InvalidInput("A decision needs a client_id of 8 to 64 characters, a new one for each. Use a UUID.")
    if act.kind not in MADE_BY_HAND:
        raise InvalidInput(f"A decision on a sample is one of {', '.join(MADE_BY_HAND)}, not {act.kind}.")
    if act.kind is DecisionKind.score and (act.score is None or not -1e9 < act.score < 1e9):
        raise InvalidInput("A score decision needs a number. Give one.")
    if act.kind is DecisionKind.edit and not (act.text or "").strip():
        raise InvalidInput("The edited text is empty. Write something, or reject the sample.")
    if len(act.text or "") > MAX_TEXT or len(act.note) > MAX_NOTE:
        raise InvalidInput(f"A text may have {MAX_TEXT:,} characters and a note {MAX_NOTE:,}. Shorten it.")


def lock_round(db: Session, round_id: int, *, alone: bool = False) -> tables.Round:
    """The round, held so that it cannot leave review before this transaction ends; `alone`: nobody else may decide."""
    query = select(tables.Round).where(tables.Round.id == round_id).with_for_update(read=not alone)
    round_ = db.scalars(query.execution_options(populate_existing=True)).one()
    if round_.status is not RoundStatus.review:
        raise Conflict(
            f"Round {round_.number} is not in review (it is {round_.status}, stage {round_.stage}): its labels are "
            "frozen with what training reads. Decide in a round that is in review, or launch a new one."
        )
    return round_


def write(db: Session, actor: Actor, round_: tables.Round, act: Act) -> Written:
    """Write one act, or find it written already. The round is locked, the label is locked here."""
    check(act)
    if act.kind is DecisionKind.retract:
        return retract(db, actor, round_, act)
    label = db.scalars(
        select(tables.Label).where(tables.Label.sample_id == act.sample_id).with_for_update()
    ).one_or_none()
    if label is None or label.round_id != round_.id:
        raise NotFound(f"There is no sample {act.sample_id} in round {round_.number}. Reload the page.")
    before = written(db, actor, round_, act.client_id)
    if before is not None:
        return before
    sample = db.get_one(tables.Sample, act.sample_id)
    row = row_for(db, actor, round_, act, sample, label)
    db.add(row)
    db.flush()
    touched = [sample.id]
    if act.kind is DecisionKind.edit:
        made = make_edit(db, actor, sample, (act.text or "").replace("\x00", "\ufffd"))
        row.value = {"edit_id": made}
        db.flush()
        touched.append(made)
    labels.recompute(db, touched)
    return seen(row, is_new=True)


def row_for(
    db: Session, actor: Actor, round_: tables.Round, act: Act, sample: tables.Sample, label: tables.Label
) -> tables.Decision:
    """The decision's row, with what only the server knows: blind or not, override or not."""
    word = labels.Word(act.kind, act.score)
    cut = float(round_.recipe.get("judge", {}).get("accept_at", 0.5))
    after = labels.effect(label.machine_score, label.machine_verdict, [word], cut)
    return tables.Decision(
        client_id=act.client_id,
        project_id=round_.project_id,
        round_id=round_.id,
        group_id=sample.group_id,
        sample_id=sample.id,
        user_id=actor.user_id,
        kind=act.kind,
        score=act.score if act.kind is DecisionKind.score else None,
        note=act.note,
        seconds=act.seconds,
        is_override=after.is_overridden,
        is_blind=round_.is_blind and act.is_blind and not has_decided(db, actor, sample.id),
        via=actor.via,
    )


def has_decided(db: Session, actor: Actor, sample_id: int) -> bool:
    """Whether the person was shown the judge's view of it: that comes with the answer to any label, kept or not."""
    decision = tables.Decision
    mine = select(decision.id).where(decision.sample_id == sample_id, decision.user_id == actor.user_id)
    return db.scalar(mine.where(decision.kind.in_(labels.LABELLING)).limit(1)) is not None


def make_edit(db: Session, actor: Actor, original: tables.Sample, text: str) -> int:
    """Write the edited text as a sample of its own; the original stays, with its label."""
    sample = tables.Sample
    db.scalars(select(tables.Group.id).where(tables.Group.id == original.group_id).with_for_update()).one()
    last = db.scalar(
        select(func.max(sample.position)).where(sample.group_id == original.group_id, sample.kind == "edit")
    )
    tokens = max(1, round(original.num_tokens * len(text) / max(1, len(original.text))))
    made = tables.Sample(
        project_id=original.project_id,
        round_id=original.round_id,
        group_id=original.group_id,
        prompt_id=original.prompt_id,
        checkpoint_id=original.checkpoint_id,
        author_id=actor.user_id,
        edited_from_id=original.id,
        split=original.split,
        kind="edit",
        position=0 if last is None else last + 1,
        text=text,
        finish_reason="stop",
        num_tokens=tokens,
        seed=0,
    )
    db.add(made)
    db.flush()
    db.add(
        tables.Label(
            sample_id=made.id, round_id=original.round_id, kind="edit", num_tokens=tokens, source=LabelSource.none,
            updated_at=now(),
        )
    )  # fmt: skip
    db.flush()
    return made.id


def lock_labels(db: Session, sample_ids: Sequence[int]) -> None:
    """Hold the labels in order of their number, so that two people deciding at once never wait for each other."""
    label = tables.Label
    query = select(label.sample_id).where(label.sample_id.in_(sample_ids)).order_by(label.sample_id)
    db.scalars(query.with_for_update()).all()


def retract(db: Session, actor: Actor, round_: tables.Round, act: Act) -> Written:
    """Take back a decision of the actor's own."""
    before = written(db, actor, round_, act.client_id)
    if before is not None:
        return before
    target = own_standing(db, actor, round_.id, act.retracts)
    if target is None:
        if act.retracts is not None and written(db, actor, round_, act.retracts) is not None:
            raise Conflict("This decision was taken back already. Reload the page to see what stands.")
        raise NotFound("There is nothing of yours to take back in this round.")
    row = retraction(actor, target, act.client_id)
    db.add(row)
    db.flush()
    # Without the lock a colleague's decision that commits meanwhile would be overwritten by what was read before it.
    lock_labels(db, affected(target))
    labels.recompute(db, affected(target))
    return seen(row, is_new=True)


def retraction(actor: Actor, target: tables.Decision, client_id: str) -> tables.Decision:
    """The row that takes a decision back."""
    return tables.Decision(
        client_id=client_id,
        project_id=target.project_id,
        round_id=target.round_id,
        group_id=target.group_id,
        sample_id=target.sample_id,
        user_id=actor.user_id,
        kind=DecisionKind.retract,
        retracts_id=target.id,
        via=actor.via,
    )


def affected(decision: tables.Decision) -> list[int]:
    """The samples whose label depends on it."""
    edit_id = decision.value.get("edit_id")
    return [decision.sample_id, *([edit_id] if edit_id is not None else [])]


def own_standing(db: Session, actor: Actor, round_id: int, client_id: str | None) -> tables.Decision | None:
    """The actor's decision of that client_id, or the last one, if it still stands; bulk actions have their own undo."""
    decision, taken_back = tables.Decision, aliased(tables.Decision)
    query = (
        select(decision)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.round_id == round_id, decision.user_id == actor.user_id, decision.kind != DecisionKind.retract)
        .where(taken_back.id.is_(None), decision.batch_id.is_(None))
        .order_by(decision.id.desc())
        .limit(1)
        .with_for_update(of=decision)
    )
    return db.scalars(query if client_id is None else query.where(decision.client_id == client_id)).one_or_none()


def written(db: Session, actor: Actor, round_: tables.Round, client_id: str) -> Written | None:
    """The decision with this client_id, if it was written before."""
    row = db.scalars(select(tables.Decision).where(tables.Decision.client_id == client_id)).one_or_none()
    if row is None:
        return None
    if row.user_id != actor.user_id or row.round_id != round_.id:
        raise Conflict("This client_id belongs to another decision. Send a new one.")
    return seen(row, is_new=False)


def seen(row: tables.Decision, *, is_new: bool) -> Written:
    return Written(
        row.id,
        row.client_id,
        row.sample_id,
        row.kind,
        row.is_override,
        row.value.get("edit_id"),
        row.retracts_id,
        is_new,
    )
