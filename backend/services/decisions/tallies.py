"""How many items each person decided in a round, counted by one rule for all pages and answers.

With each answer the desk tells a person how many it is. To count them takes longer with each, so theirs are kept in
`tallies`, in the transaction of the decision; where no row is, they are counted. Nothing is kept of a round whose
review was closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, case, cast, delete, false, func, select, true, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.built import built_once, run
from backend.db.inserting import insert_on
from backend.services.decisions.rules import hides_judge, is_known_override
from backend.services.review_settings import ReviewSettings

PENDING, KEPT = "tallies.pending", "tallies.kept"
KEY, NUMBERS = ("round_id", "user_id"), ("decided", "overridden", "overridden_labelled")


@dataclass(frozen=True)
class Tally:
    """How many items the person has decided in the round, and on how many the judge was overridden.

    While a blind review goes on, rewrites of texts that the person has not labelled are not among the overridden: the
    count would tell what the judge said of each.
    """

    decided: int = 0
    overridden: int = 0


@dataclass(frozen=True)
class KeptTally:
    """What is kept of one person. `overridden_labelled`: without rewrites of texts that they have not labelled."""

    decided: int = 0
    overridden: int = 0
    overridden_labelled: int = 0

    def seen(self, *, is_hidden: bool) -> Tally:
        return Tally(self.decided, self.overridden_labelled if is_hidden else self.overridden)

    def __add__(self, other: "KeptTally") -> "KeptTally":
        return KeptTally(
            self.decided + other.decided,
            self.overridden + other.overridden,
            self.overridden_labelled + other.overridden_labelled,
        )

    def __sub__(self, other: "KeptTally") -> "KeptTally":
        return self + KeptTally(-other.decided, -other.overridden, -other.overridden_labelled)


def of_all(db: Session, round_id: int, settings: ReviewSettings) -> dict[int, Tally]:
    """Everybody's, by user, as they were kept; counted of those of whom nothing is.

    By each one's last word on each item, see `standing.own_words`.
    """
    is_hidden, asked = hides_judge(db.get_one(tables.Round, round_id)), {"round_id": round_id}
    rows = run(db, _kept_and_counted(settings.by_group), asked | {"by_group": settings.by_group})
    numbers = {user_id: KeptTally(*numbers) for user_id, *numbers in rows}
    return {user_id: number.seen(is_hidden=is_hidden) for user_id, number in numbers.items() if number.decided}


def of_one(db: Session, user_id: int, round_id: int, settings: ReviewSettings) -> Tally:
    """One person's, as it was kept; it is counted where nothing is."""
    number = db.info.get(KEPT, {}).get((round_id, user_id))
    if number is None:
        mine = {"round_id": round_id, "user_id": user_id, "by_group": settings.by_group}
        row = run(db, _kept(), mine).one_or_none()
        number = _count(db, round_id, settings, user_id).get(user_id, KeptTally()) if row is None else KeptTally(*row)
    return number.seen(is_hidden=hides_judge(db.get_one(tables.Round, round_id)))


def note(db: Session, user_id: int, change: KeptTally | None) -> None:
    """Note for `keep` by how much the count of a person changes; None: by what only counting tells."""
    if change == KeptTally():
        return
    pending: dict[int, KeptTally | None] = db.info.setdefault(PENDING, {})
    before = pending.get(user_id, KeptTally())
    pending[user_id] = None if before is None or change is None else before + change


def keep(db: Session, round_id: int, settings: ReviewSettings) -> None:
    """Write what was noted. It comes last, so that whoever waits for a person's count has all that others wait for."""
    for user_id, change in db.info.pop(PENDING, {}).items():
        row = None
        if change is not None:
            row = run(db, add(), added(round_id, user_id, settings, change)).one_or_none()
        take_over(db, round_id, user_id, settings, (None,) if row is None else row)


def take_over(db: Session, round_id: int, user_id: int, settings: ReviewSettings, row: Sequence[Any]) -> None:
    """Take what `add` returned for the person's count; where it found nothing that was kept, count it."""
    number = _count_anew(db, round_id, user_id, settings) if row[0] is None else KeptTally(*row)
    db.info.setdefault(KEPT, {})[round_id, user_id] = number


def forget(db: Session, round_id: int, user_id: int) -> None:
    """What the person decided changed as a whole: it is counted with their next decision.

    The caller holds the round alone.
    """
    row = tables.Tally
    db.info.get(KEPT, {}).pop((round_id, user_id), None)
    db.execute(delete(row).where(row.round_id == round_id, row.user_id == user_id))


def forget_all(db: Session, round_id: int) -> None:
    """Nobody's is kept any more: everybody's is counted, with their next decision at the latest.

    The caller holds the round alone.
    """
    db.info.pop(KEPT, None)
    db.execute(delete(tables.Tally).where(tables.Tally.round_id == round_id))


def _count_anew(db: Session, round_id: int, user_id: int, settings: ReviewSettings) -> KeptTally:
    """Count all that the person decided, and keep it."""
    database, here = db.get_bind().dialect.name, {"round_id": round_id, "of": user_id}
    if database == "postgresql":
        # What a call of the same person wrote meanwhile is seen after the row was waited for, not before.
        run(db, _hold(), here | {"by_group": settings.by_group})
    return KeptTally(*run(db, _count_and_keep(database, settings.by_group), here).one())


def added(round_id: int, user_id: int, settings: ReviewSettings, change: KeptTally) -> dict[str, Any]:
    """The parameters of `add`."""
    mine = {"of_round": round_id, "of_user": user_id, "in_groups": settings.by_group}
    return mine | {f"more_{name}": getattr(change, name) for name in NUMBERS}


@built_once
def _kept() -> Any:
    row = tables.Tally
    query = select(row.decided, row.overridden, row.overridden_labelled)
    query = query.where(row.round_id == bindparam("round_id"), row.user_id == bindparam("user_id"))
    return query.where(row.by_group == bindparam("by_group"))


@built_once
def _kept_and_counted(by_group: bool) -> Any:
    """Everybody's, by one statement: of two, both may miss whose row is written between them."""
    row = tables.Tally
    query = select(row.user_id, row.decided, row.overridden, row.overridden_labelled)
    query = query.where(row.round_id == bindparam("round_id"), row.by_group == bindparam("by_group"))
    return query.union_all(_counts(by_group, "others"))


@built_once
def add() -> Any:
    """Change what is kept of a person, and return it; no row where nothing is."""
    row: Any = tables.Tally.__table__
    mine = row.c.round_id == bindparam("of_round"), row.c.user_id == bindparam("of_user")
    values = {name: row.c[name] + bindparam(f"more_{name}") for name in NUMBERS}
    changed = update(row).where(*mine, row.c.by_group == bindparam("in_groups")).values(values)
    return changed.returning(*(row.c[name] for name in NUMBERS))


@built_once
def _hold() -> Any:
    """The row with nothing counted, held until the transaction ends."""
    values: dict[str, Any] = {
        "round_id": bindparam("round_id"),
        "user_id": bindparam("of"),
        "by_group": bindparam("by_group"),
    }
    row: Any = tables.Tally.__table__
    insert = postgresql.insert(row).values(values | dict.fromkeys(NUMBERS, 0))
    return insert.on_conflict_do_update(index_elements=KEY, set_={"by_group": insert.excluded.by_group})


@built_once
def _count_and_keep(database: str, by_group: bool) -> Any:
    """One person's numbers, counted and written."""
    row: Any = tables.Tally.__table__
    whose = cast(bindparam("round_id"), row.c.round_id.type), cast(bindparam("of"), row.c.user_id.type)
    last = standing.last_own_words(bindparam("round_id"), by_group=by_group)
    last = last.where(tables.Decision.user_id == bindparam("of"))
    query = select(*whose, true() if by_group else false(), func.count(), *_overridden())
    names = ("round_id", "user_id", "by_group", *NUMBERS)
    insert = insert_on(database, row)
    insert = insert.from_select(names, query.where(tables.Decision.id.in_(last)))
    set_ = {name: insert.excluded[name] for name in ("by_group", *NUMBERS)}
    return insert.on_conflict_do_update(index_elements=KEY, set_=set_).returning(*(row.c[name] for name in NUMBERS))


def _count(db: Session, round_id: int, settings: ReviewSettings, user_id: int | None) -> dict[int, KeptTally]:
    query = _counts(settings.by_group, "everybody" if user_id is None else "one")
    rows = run(db, query, {"round_id": round_id, "of": user_id})
    return {user_id: KeptTally(*numbers) for user_id, *numbers in rows}


@built_once
def _counts(by_group: bool, whose: Literal["everybody", "one", "others"]) -> Any:
    """`others`: those of whom nothing is kept."""
    decision, kept = tables.Decision, tables.Tally
    last = standing.last_own_words(bindparam("round_id"), by_group=by_group)
    if whose == "one":
        last = last.where(decision.user_id == bindparam("of"))
    if whose == "others":
        of_round = kept.round_id == bindparam("round_id"), kept.by_group == bindparam("by_group")
        known = select(kept.user_id).where(*of_round)
        # The second condition names no row: where nobody is left to be counted, no decision is read.
        others = select(_users().c.user_id).where(_users().c.user_id.not_in(known))
        last = last.where(decision.user_id.not_in(known), others.limit(1).scalar_subquery().is_not(None))
    query = select(decision.user_id, func.count(), *_overridden()).where(decision.id.in_(last))
    return query.group_by(decision.user_id)


@built_once
def _users() -> Any:
    """Who decided in the round, found by skipping from one to the next in an index."""
    decision = tables.Decision
    least = select(func.min(decision.user_id)).where(decision.round_id == bindparam("round_id"))
    users = select(least.scalar_subquery().label("user_id")).cte("deciders", recursive=True)
    following = least.where(decision.user_id > users.c.user_id).correlate(users).scalar_subquery()
    return users.union_all(select(following).where(users.c.user_id.is_not(None)))


def _overridden() -> list[Any]:
    """On how many the judge was overridden, and the same without rewrites of texts that were not labelled."""
    return [func.count(case((is_known_override(is_hidden), 1))) for is_hidden in (False, True)]
