"""What a decision holds until its transaction ends: the round's status, and labels in order of their number."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once, is_any, run
from backend.errors import Conflict, LabelsFrozen
from backend.services.access import Actor, find, may_decide, require
from backend.services.rounds import get_row, review_scope
from backend.values import Role, RoundStatus


def lock_round(
    db: Session, actor: Actor, round_id: int, role: Role = Role.reviewer, *, alone: bool = False
) -> tables.Round:
    """The round, if the actor has that role, held so that it cannot leave review before this transaction ends.

    `alone`: nobody else may decide. Raises `NotFound`, `PermissionDenied`, and `LabelsFrozen` where it is not in
    review.
    """
    if db.get_bind().dialect.name == "sqlite":
        # Its one writer has begun, so no lock is waited for.
        round_ = get_row(db, actor, round_id, role)
    else:
        round_ = _waited_for(db, actor, round_id, role, alone=alone)
    if round_.status is not RoundStatus.review:
        raise LabelsFrozen(
            f"Round {round_.number} is not in review (it is {round_.status}, stage {round_.stage}): its labels are "
            "frozen with what training reads. Decide in a round that is in review, or launch a new one."
        )
    return round_


def _waited_for(db: Session, actor: Actor, round_id: int, role: Role, *, alone: bool) -> tables.Round:
    # Nobody was waited for, so the role is read in the same statement, a moment before the lock: one that is taken away
    # in between counts from the next call on.
    at_once = None if alone else find(db, actor, tables.Round, round_id, role, holds=True)
    if at_once is not None:
        return at_once
    asked = {"round_id": round_id, "user_id": actor.user_id}
    round_ = db.scalars(_held(alone, role), asked).one_or_none()
    if round_ is None:
        get_row(db, actor, round_id, role)
        # The role was given this moment.
        round_ = db.scalars(_held(alone), {"round_id": round_id}).one()
    # Once more, since the lock may have been waited for.
    require(db, actor, round_.project_id, role)
    return round_


@built_once
def _held(alone: bool, role: Role | None = None) -> Any:
    """The round, held; with a role, only for whoever has it: others wait for no lock and hold none.

    Its key is not held: whoever claims meanwhile writes rows that refer to it, while whoever holds it may wait for the
    claim.
    """
    row = tables.Round
    query = select(row).where(row.id == bindparam("round_id"))
    if role is not None:
        query = query.where(bindparam("user_id").in_(may_decide(row.project_id, role)))
    return query.with_for_update(read=not alone, key_share=alone).execution_options(populate_existing=True)


def lock_until_reviewed(db: Session, round_id: int, instead: str) -> tables.Round:
    """The round, held alone, if it is in review or before it; raises `Conflict`, which says what to do `instead`."""
    # Not its key, see `_held`.
    query = select(tables.Round).where(tables.Round.id == round_id).with_for_update(key_share=True)
    round_ = db.scalars(query.execution_options(populate_existing=True)).one()
    is_ahead = round_.status is RoundStatus.running and review_scope.is_before_people(round_)
    if round_.status is not RoundStatus.review and not is_ahead:
        raise Conflict(f"Round {round_.number} is {round_.status}, stage {round_.stage}: {instead}")
    return round_


def lock_labels(db: Session, round_id: int, sample_ids: Iterable[int]) -> None:
    """Hold labels of the round in order of their number, so that two people deciding at once never wait for each other.

    Samples of other rounds are left alone: a person may name any.
    """
    run(db, _labels(), {"round_id": round_id, "sample_ids": sorted(set(sample_ids))}).all()


@built_once
def _labels() -> Any:
    label = tables.Label
    these = is_any(label.sample_id, "sample_ids"), label.round_id == bindparam("round_id")
    return select(label.sample_id).where(*these).order_by(label.sample_id).with_for_update()
