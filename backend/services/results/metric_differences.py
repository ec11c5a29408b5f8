"""How a metric differs between two rows of it: on the same prompts where what it was on each of them is kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.differences import Difference, of_counts, of_histograms, of_independent, of_values
from backend.services.results.paired import names_all, of_rows
from backend.values import JSON, SampleKind, Split

TOKENS = "held_out_tokens"
BY_PROMPT, COUNTS, HISTOGRAM = "by_prompt", "counts_by_prompt", "prompts_by_counts"
NOT_COMPUTED = "could not be computed on one side"
OTHER_PROMPTS = "measured on other prompts, so the numbers cannot be compared"
MOST_KEPT = 2048
_kept: dict[tuple[Any, ...], Difference] = {}
"""By the two rows they were computed from, which never change; where samples are read, too, while all are there."""


def between(db: Session, old: tables.Metric, new: tables.Metric) -> Difference:
    """The second row's number minus the first's; both are of one metric. Of rows that were read without their details
    these are read where the difference is not known yet."""
    key = tuple((row.id, row.created_at, row.value, row.low, row.high, row.n) for row in (old, new))
    kept = _kept.get(key)
    if kept is None:
        is_whole = not _is_of_tokens(old, new) or _has_samples(db, old, new)
        kept = _between(db, old, new)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        if is_whole and old.id is not None and new.id is not None:
            _kept[key] = kept
    return kept


def _is_of_tokens(old: tables.Metric, new: tables.Metric) -> bool:
    """Whether it is computed from the rows of the answers, beside the two of the metric."""
    return new.name == TOKENS and old.checkpoint_id is not None


def _has_samples(db: Session, *metrics: tables.Metric) -> bool:
    """Whether the rounds' samples are all here. An archive takes them away after it is noted, and they are back before
    the note goes, so this is asked before they are read."""
    row, ids = tables.Round, {metric.round_id for metric in metrics}
    return db.scalar(select(row.id).where(row.id.in_(ids), row.archived_at.is_not(None)).limit(1)) is None


def _between(db: Session, old: tables.Metric, new: tables.Metric) -> Difference:
    if old.value is None or new.value is None:
        return Difference(None, None, None, 0, old.value, new.value, why=NOT_COMPUTED)
    if all(names_all(row.n, row.details) for row in (old, new)):
        return of_rows((old.n, old.details), (new.n, new.details))
    first, other = (_tokens(db, row) if _is_of_tokens(old, new) else _by_prompt(row.details) for row in (old, new))
    if first and other:
        return of_values(first, other)
    counted = [_counts(row.details) for row in (old, new)]
    if all(counted):
        return of_counts(*counted)
    spread = [_histogram(row.details) for row in (old, new)]
    if all(spread):
        return of_histograms(*spread)
    if old.checkpoint_id is not None and not _is_same_way(old.details, new.details):
        return Difference(None, None, None, 0, old.value, new.value, why=OTHER_PROMPTS)
    return of_independent((old.value, old.low, old.high), (new.value, new.low, new.high))


def _by_prompt(details: JSON) -> dict[int, float]:
    values = details.get(BY_PROMPT)
    return {int(key): float(value) for key, value in values.items()} if isinstance(values, Mapping) else {}


def _counts(details: JSON) -> dict[str, list[int]]:
    """(Counted, of how many) by prompt."""
    values = details.get(COUNTS)
    return values if isinstance(values, dict) else {}


def _histogram(details: JSON) -> list[list[int]]:
    """How many prompts have the same counts."""
    rows = details.get(HISTOGRAM)
    return rows if isinstance(rows, list) else [[*pair, 1] for pair in _counts(details).values()]


def _is_same_way(old: JSON, new: JSON) -> bool:
    sets = [details.get("measured_by", {}).get("prompt_sets") for details in (old, new)]
    return sets[0] == sets[1]


def _tokens(db: Session, row: tables.Metric) -> dict[int, float]:
    """Tokens of each greedy answer, by prompt."""
    sample = tables.Sample
    query = select(sample.prompt_id, sample.num_tokens).where(
        sample.round_id == row.round_id,
        sample.split == Split.held_out,
        sample.checkpoint_id == row.checkpoint_id,
        sample.position == 0,
        sample.kind == SampleKind.completion,
    )
    tokens: dict[int, float] = dict(db.execute(query).tuples().all())
    return tokens
