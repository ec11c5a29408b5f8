"""A decision on one's own lease as one statement, on PostgreSQL: each statement more is a way to the server and back,
with the item's label locked.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, cast, false, insert, select, true
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.built import built_once, run
from backend.services.decisions import labels, slots, tallies
from backend.services.decisions.tallies import KeptTally
from backend.services.review_settings import ReviewSettings

TOLD = ("is_random", "is_late")
"""What the slot tells of the decision."""
GIVEN = [
    column
    for column in tables.Decision.__table__.c
    if not column.primary_key and column.name not in (*TOLD, "batch_id", "retracts_id")
]


def write(
    db: Session,
    settings: ReviewSettings,
    row: tables.Decision,
    item_id: int,
    label: Mapping[str, Any],
    change: KeptTally,
) -> bool:
    """Keep the person's slot of the item for good, insert the row, set its sample's label and count it.

    `label`: what `labels.change_of` returns. The row gets its id and what its slot tells. Return False, with nothing
    written, where the person has no slot that nobody else may take meanwhile, see `slots.keep`.
    """
    at = now()
    asked: dict[str, Any] = {"item_id": item_id, "by": row.user_id, "at": at, "safe": at + slots.SAFE, **label}
    asked |= {f"new_{column.name}": vars(row)[column.name] for column in GIVEN}
    asked |= tallies.added(row.round_id, row.user_id, settings, change)
    told = run(db, _write(), asked).one_or_none()
    if told is None:
        return False
    row.id, row.is_random, row.is_late = told.id, told.is_random, False
    tallies.take_over(db, row.round_id, row.user_id, settings, told[2:])
    return True


@built_once
def _write() -> Any:
    """Everything hangs on the slot: where there is none, no part finds anything to do."""
    kept = slots.keep_live().cte("kept")
    has_slot = select(kept.c.is_random).exists()
    values = [cast(bindparam(f"new_{column.name}", type_=column.type), column.type) for column in GIVEN]
    source = select(*values, kept.c.is_random, false()).select_from(kept)
    decision: Any = tables.Decision.__table__
    written = insert(decision).from_select([*(column.name for column in GIVEN), *TOLD], source)
    new = written.returning(decision.c.id).cte("new")
    counted = tallies.add().where(has_slot).cte("counted")
    numbers = [counted.c[name] for name in tallies.NUMBERS]
    query = select(new.c.id, kept.c.is_random, *numbers)
    query = query.select_from(kept.join(new, true()).outerjoin(counted, true()))
    put, shown = labels.set_label().where(has_slot), labels.show_one().where(has_slot)
    return query.add_cte(put.cte("put"), shown.cte("shown"))
