"""People's part in a round: how much they looked at, how often they overrode the judge, how far they agree."""

from collections.abc import Mapping

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.metrics._intervals import wilson
from backend.services import archived, review_settings
from backend.services.access import Actor, role_of
from backend.services.decisions import decision_columns, tallies
from backend.services.decisions.decision_columns import BATCH, COPY, KINDS, DecisionColumns
from backend.services.round_report import heads
from backend.services.round_report.shapes import Agreed, People, PersonWork
from backend.services.samples import visibility
from backend.services.team import agreement
from backend.translations import N_, gettext
from backend.values import DecisionKind, Role, RoundStatus

WAITING = N_(
    "People still decide on this round. Their part is shown here to curators, and to all when the review is over."
)


def people(db: Session, actor: Actor, row: tables.Round) -> People:
    """What people did; while the review goes on, only curators are told: a count that moves names gold items."""
    role = role_of(db, actor, row.project_id) or Role.viewer
    is_curator = role.rank >= Role.curator.rank
    if visibility.awaits_decisions(row) and not is_curator:
        return People(False, {}, 0, None, None, None, None, None, None, (), (), (gettext(WAITING),))
    if row.archived_at is not None:
        return People(False, {}, 0, None, None, None, None, None, None, (), (), (gettext(archived.IS_AWAY),))
    return _people(db, row, is_curator=is_curator)


def _people(db: Session, row: tables.Round, *, is_curator: bool) -> People:
    decisions = decision_columns.read(db, row)
    kinds, users = _kinds(decisions), _minutes(decisions)
    minutes = sum(users.values())
    decided, overridden = row.counts.get("decided"), row.counts.get("overridden")
    share, low, high = None, None, None
    if decided and overridden is not None:
        share, (low, high) = overridden / decided, wilson(overridden, decided)
    agreed = _agreement(db, row, decisions) if len(users) > 1 else ()
    return People(
        True,
        kinds,
        len(users),
        decided,
        overridden,
        share,
        low,
        high,
        minutes if users else None,
        agreed,
        _each(db, row, users) if is_curator else (),
        _missing(db, row, len(users), agreed, kinds),
        _target(row, len(users), kinds),
    )


def _kinds(decisions: DecisionColumns) -> dict[str, int]:
    """Decisions that stand, by kind; bulk actions apart."""
    stands = decisions.where(decisions.stands)
    counts = np.bincount(stands.kind * 2 + stands.has(BATCH), minlength=2 * len(KINDS)).reshape(-1, 2)
    by_kind: dict[str, int] = {}
    for kind, (by_hand, in_bulk) in zip(KINDS, counts.tolist(), strict=True):
        if kind is not DecisionKind.retract:
            by_kind |= {str(kind): by_hand, f"{kind} in bulk": in_bulk}
    return dict(sorted(((name, n) for name, n in by_kind.items() if n), key=lambda pair: (-pair[1], pair[0])))


def _minutes(decisions: DecisionColumns) -> dict[int, float]:
    """Minutes of each person that decided by hand; time spent on what was taken back was spent all the same."""
    by_hand = decisions.where(~decisions.has(BATCH | COPY) & ~decisions.is_kind((DecisionKind.retract,)))
    people, places = np.unique(by_hand.user, return_inverse=True)
    seconds = np.bincount(places, weights=np.nan_to_num(by_hand.seconds), minlength=len(people))
    return {int(user_id): float(spent) / 60 for user_id, spent in zip(people, seconds, strict=True)}


def _agreement(db: Session, row: tables.Round, decisions: DecisionColumns) -> tuple[Agreed, ...]:
    """Of all people together, without names."""
    return tuple(
        Agreed(
            str(among.criterion),
            among.people,
            among.percent.n,
            among.percent.value,
            among.percent.low,
            among.percent.high,
            among.alpha.value,
            among.alpha.low,
            among.alpha.high,
        )
        for among in agreement.among_all(db, row, decisions)
    )


def _each(db: Session, row: tables.Round, minutes: dict[int, float]) -> tuple[PersonWork, ...]:
    counted = tallies.of_all(db, row.id, review_settings.read(row.review))
    ids = {*minutes, *counted}
    user = tables.User
    names = dict(db.execute(select(user.id, user.name).where(user.id.in_(ids))).tuples().all()) if ids else {}
    people = [
        PersonWork(names.get(user_id, ""), tally.decided, tally.overridden, minutes.get(user_id, 0.0))
        for user_id in ids
        for tally in (counted.get(user_id, tallies.Tally()),)
    ]
    return tuple(sorted(people, key=lambda person: (-person.decided, person.name)))


def _target(row: tables.Round, number: int, kinds: Mapping[str, int]) -> str:
    """Where to go while people have not done what they could: a page with its query; empty where there is nothing."""
    if number > 1 or (number == 0 and kinds):
        return ""
    if row.status is RoundStatus.review:
        return f"team?round={row.id}" if number else f"review?round={row.id}"
    return f"new-round?from={row.id}" if number == 0 and row.checkpoint_id is not None else ""


def _missing(
    db: Session, row: tables.Round, number: int, agreed: tuple[Agreed, ...], kinds: Mapping[str, int]
) -> tuple[str, ...]:
    if number == 0 and kinds:
        return (gettext("Nobody decided on single texts: all decisions were made in bulk."),)
    if number == 0:
        if row.status is not RoundStatus.review and row.is_reviewed and visibility.awaits_decisions(row):
            return (gettext("Nobody has decided anything yet: the review begins when the round's texts are ready."),)
        if row.status is RoundStatus.review:
            return (gettext("Nobody decided anything: the labels are the judge's alone. Open it on the Review page."),)
        if heads.is_review_skipped(db, row):
            return (
                gettext(
                    "Nobody was asked: this branch begins after the review. Branch off an earlier step to have its "
                    "texts reviewed."
                ),
            )
        if heads.was_reviewed(db, row):
            return (
                gettext(
                    "Nobody decided anything: the review ended without decisions, and the labels are the judge's "
                    "alone. Decide in the next round before its review is closed."
                ),
            )
        return (
            gettext("Nobody decided anything: the labels are the judge's alone. Launch the next round with a review."),
        )
    if number == 1:
        return (
            gettext(
                "One person decided, so nothing says how far people agree. Ask for two reviewers an item, on a share "
                "of the items, in the review's settings on the Team page."
            ),
        )
    if not any(pair.n for pair in agreed):
        return (
            gettext(
                "No item was decided by two people, so their agreement is unknown. Ask for an overlap on the Team page."
            ),
        )
    return ()
