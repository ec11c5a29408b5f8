"""How two checkpoints' held-out accuracy differs within each category of prompts."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.categories import ComparedCategory, PromptCategory, categories_of
from backend.db import tables
from backend.differences import Difference
from backend.services.held_out import measured
from backend.services.held_out.baseline import accuracy
from backend.services.held_out.filtering import asked
from backend.services.held_out.measured import Measurement, Verdicts
from backend.services.held_out.read_once import gathered

LOOKED_AT = 20_000
"""So many prompts are read, in the order they were asked in."""
FEWEST = 10
"""With fewer prompts than this nothing is said of a category."""

MOST_KEPT = 256
MOST_SETS_KEPT = 8

_kept: dict[tuple[Any, ...], tuple[ComparedCategory, ...]] = {}
"""By the two rows they were computed from, which never change: the notes of many prompts take long to read."""
_categories: dict[tuple[Any, ...], list[PromptCategory]] = {}
"""By the prompts, and when they were written: most rounds of a project are asked the same ones."""


def risen(db: Session, project_id: int, old_id: int, new_id: int) -> ComparedCategory | None:
    """The category that rose most surely from one checkpoint to another; None where none did beyond chance."""
    listed = measured.all_of(db, project_id, (old_id, new_id))
    if len({measurement.checkpoint_id for measurement in listed}) < 2:
        return None
    better = [
        compared_category
        for compared_category in of(db, *measured.choose(listed, [old_id, new_id]))
        if compared_category.difference.is_better
    ]
    return max(better, key=lambda compared_category: _least(compared_category.difference), default=None)


def _least(gap: Difference) -> float:
    return (gap.value or 0.0) if gap.low is None else gap.low


def of(db: Session, old: Measurement, new: Measurement) -> tuple[ComparedCategory, ...]:
    """The categories of the prompts that both were asked, what fell most first; none where it is not known of each
    prompt whether it was right."""
    if old.metric_id is None or new.metric_id is None:
        return ()
    key = (old.metric_id, old.at, new.metric_id, new.at)
    listed = _kept.get(key)
    if listed is None:
        listed = _of(db, old, new)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = listed
    return listed


def _of(db: Session, old: Measurement, new: Measurement) -> tuple[ComparedCategory, ...]:
    was, now = measured.verdicts_of(db, [old, new])
    if not (was.is_told and now.is_told):
        return ()
    common = (was.right | was.wrong) & (now.right | now.wrong)
    key = (common, *_written(db, common))
    listed = _categories.get(key)
    if listed is None:
        if len(_categories) >= MOST_SETS_KEPT:
            _categories.clear()
        listed = _categories[key] = categories_of(_notes(db, new, common), fewest=FEWEST)
    times = len(listed)
    categories = [
        ComparedCategory(
            category.key, category.value, accuracy(_within(was, category.ids), _within(now, category.ids), times=times)
        )
        for category in listed
    ]
    return tuple(sorted(categories, key=lambda compared_category: compared_category.difference.value or 0.0))


def _written(db: Session, common: frozenset[int]) -> tuple[Any, ...]:
    """The project of the first and the last of the prompts, and when they were written: SQLite gives the numbers of
    deleted rows to new ones, in another project, too."""
    prompt, set_ = tables.Prompt, tables.PromptSet
    ends = (min(common), max(common)) if common else ()
    query = select(set_.project_id, prompt.id, prompt.created_at).join(set_, set_.id == prompt.prompt_set_id)
    return tuple(db.execute(query.where(prompt.id.in_(ends)).order_by(prompt.id)).tuples()) if ends else ()


def _notes(db: Session, new: Measurement, common: frozenset[int]) -> list[tuple[int, dict[str, Any]]]:
    query = asked(new).order_by(tables.Group.position).limit(LOOKED_AT)
    rows = gathered(db, query.with_only_columns(tables.Prompt.id, tables.Prompt.extra))
    return [(id_, extra) for id_, extra in rows if id_ in common]


def _within(verdicts: Verdicts, ids: frozenset[int]) -> Verdicts:
    return Verdicts(verdicts.right & ids, verdicts.wrong & ids, is_told=True)
