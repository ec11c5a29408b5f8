"""How two checkpoints' held-out accuracy differs within each category of prompts."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.held_out import measured
from backend.services.held_out.baseline import accuracy
from backend.services.held_out.filtering import asked, is_category
from backend.services.held_out.listing import MOST_CATEGORIES, MOST_VALUES
from backend.services.held_out.measured import Measurement, Verdicts
from backend.services.results.differences import Difference

LOOKED_AT = 20_000
"""So many prompts are read, in the order they were asked in."""
FEWEST = 10
"""With fewer prompts than this nothing is said of a category."""
CHANCE = 0.05


@dataclass(frozen=True)
class ComparedCategory:
    """The prompts that have a value in a note, and what the two checkpoints answer right of them.

    `p`: McNemar's, times the number of categories (Bonferroni), since one of many differs by chance; at most 1.
    """

    key: str
    value: Any
    difference: Difference
    p: float | None

    @property
    def is_changed(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.p is not None and self.p < CHANCE


def of(db: Session, old: Measurement, new: Measurement) -> tuple[ComparedCategory, ...]:
    """The categories of the prompts that both were asked, what fell most first; none where it is not known of each
    prompt whether it was right."""
    was, now = measured.verdicts_of(db, [old, new])
    if not (was.is_told and now.is_told):
        return ()
    query = asked(new).with_only_columns(tables.Prompt.id, tables.Prompt.extra).order_by(tables.Group.position)
    common = (was.right | was.wrong) & (now.right | now.wrong)
    notes = [(id_, extra) for id_, extra in db.execute(query.limit(LOOKED_AT)) if id_ in common]
    by_value: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for id_, extra in notes:
        for key, value in extra.items():
            if is_category(key, value) and len(by_value[key]) <= MOST_VALUES:
                by_value[key][json.dumps(value, ensure_ascii=False)].add(id_)
    listed = [
        (key, json.loads(value), ids)
        for key, values in sorted(by_value.items())
        if 1 < len(values) <= MOST_VALUES
        for value, ids in sorted(values.items())
        if len(ids) >= FEWEST
    ][:MOST_CATEGORIES]
    gaps = [(key, value, accuracy(_within(was, ids), _within(now, ids))) for key, value, ids in listed]
    found = [ComparedCategory(key, value, gap, _all(gap.p, len(gaps))) for key, value, gap in gaps]
    return tuple(sorted(found, key=lambda one: one.difference.value or 0.0))


def _within(verdicts: Verdicts, ids: set[int]) -> Verdicts:
    return Verdicts(verdicts.right & ids, verdicts.wrong & ids, is_told=True)


def _all(p: float | None, number: int) -> float | None:
    return None if p is None else min(1.0, p * number)
