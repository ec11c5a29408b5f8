"""How scores and lengths of a round's texts are spread, verdicts by score, and each category of metadata."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once, is_any, run
from backend.db.filters import Filters
from backend.db.listing import scope
from backend.metrics._intervals import wilson
from backend.services import archived
from backend.services.round_report.drawn import DrawnLabel, draw
from backend.services.round_report.shapes import FEWEST, Category, Spread, Spreads, VerdictBin
from backend.services.samples import text_steps, visibility
from backend.services.samples.visibility import Hidden
from backend.translations import N_, gettext, ngettext
from backend.values import Verdict

BINS = 20
MOST_PROMPTS = 1_000
"""The metadata of so many of the drawn prompts is looked at."""
MOST_VALUES = 12
"""A metadata key with more values than these is no category."""
LONGEST_VALUE = 40
HIDDEN = N_(
    "What was said of the texts is hidden from you until the review is over, so that it sways nobody who decides."
)


def spreads(db: Session, row: tables.Round, kept: Hidden) -> Spreads:
    """The spread of each step's texts, or why there is none."""
    if row.archived_at is not None:
        return Spreads((), 0, 0, (gettext(archived.IS_AWAY),))
    asked = scope(db, row.id, Filters())
    if not asked.facets:
        return Spreads((), 0, 0, (gettext("There is no text yet. They appear here while they are made."),))
    drawn = draw(db, asked, row.counts.get("samples"))
    shown = visibility.narrowed(kept, row, Filters()).step
    names = text_steps.named(db, row)
    extras = _extras(db, drawn.rows)
    by_step: dict[int, list[DrawnLabel]] = defaultdict(list)
    for label in drawn.rows:
        if not shown or label.step in shown:
            by_step[label.step].append(_word(kept, label))
    spreads_ = [_spread(step, names.get(step, ""), rows, kept, extras) for step, rows in sorted(by_step.items())]
    if len(spreads_) == 1:
        spreads_ = [replace(spreads_[0], step=None)]
    return Spreads(tuple(spreads_), sum(spread.counted for spread in spreads_), drawn.total, ())


def _word(kept: Hidden, row: DrawnLabel) -> DrawnLabel:
    """The row with the label that the person may see: with colleagues hidden, that of the judge."""
    if kept.judge:
        return row._replace(score=None, verdict=None)
    return row._replace(score=row.machine_score, verdict=row.machine_verdict) if kept.others else row


def _spread(step: int, name: str, rows: list[DrawnLabel], kept: Hidden, extras: dict[int, dict[str, str]]) -> Spread:
    scored = [row for row in rows if row.score is not None]
    missing = []
    if kept.judge:
        missing.append(gettext(HIDDEN))
    elif not scored:
        missing.append(gettext("No text has a score: no judge has scored these texts, or no reply held a verdict."))
    elif len(scored) < FEWEST:
        text = ngettext(
            "Only {number} text has a score; from fewer than {fewest} no distribution is drawn.",
            "Only {number} texts have a score; from fewer than {fewest} no distribution is drawn.",
            len(scored),
        )
        missing.append(text.format(number=len(scored), fewest=FEWEST))
    if len(rows) < FEWEST:
        text = ngettext(
            "There is only {number} text; from fewer than {fewest} no distribution is drawn.",
            "There are only {number} texts; from fewer than {fewest} no distribution is drawn.",
            len(rows),
        )
        missing.append(text.format(number=len(rows), fewest=FEWEST))
    categories = _categories(rows, extras) if not kept.judge else ()
    if not categories and not kept.judge:
        missing.append(
            gettext(
                "No category: the prompts have no metadata with 2 to 12 values. Import them with columns such as topic "
                "or difficulty, and they appear here."
            )
        )
    return Spread(
        step,
        name,
        len(rows),
        _bins([(label.score or 0.0, label.verdict) for label in scored]) if len(scored) >= FEWEST else (),
        _bins([(float(row.num_tokens), None) for row in rows]) if len(rows) >= FEWEST else (),
        categories,
        tuple(missing),
    )


def _bins(values: Sequence[tuple[float, str | None]]) -> tuple[VerdictBin, ...]:
    """Up to `BINS` bins of equal width from the lowest value to the highest; one where all are equal."""
    numbers, verdicts = np.array([value for value, _ in values]), np.array([verdict or "" for _, verdict in values])
    low, high = float(numbers.min()), float(numbers.max())
    width = (high - low) / BINS
    if width <= 0:
        places, number = np.zeros(len(numbers), dtype=np.int64), 1
    else:
        places, number = np.minimum(((numbers - low) / width).astype(np.int64), BINS - 1), BINS
    counts = [
        np.bincount(places[kept], minlength=number).tolist()
        for kept in (slice(None), verdicts == Verdict.accept.value, verdicts == Verdict.reject.value)
    ]
    return tuple(
        VerdictBin(low + n * width, low + (n + 1) * width if width > 0 else high, *of_bin)
        for n, of_bin in enumerate(zip(*counts, strict=True))
    )


def _extras(db: Session, rows: Iterable[DrawnLabel]) -> dict[int, dict[str, str]]:
    """The metadata of the prompts, by prompt: short values only, as text."""
    ids = sorted({row.prompt_id for row in rows})
    step = max(1, -(-len(ids) // MOST_PROMPTS))
    ids = ids[::step]
    extras = run(db, _of_prompts(), {"ids": ids}).all()
    return {
        id_: {key: text for key, value in (extra or {}).items() if (text := _short(value)) is not None}
        for id_, extra in extras
    }


@built_once
def _of_prompts() -> Any:
    prompt = tables.Prompt
    return select(prompt.id, prompt.extra).where(is_any(prompt.id, "ids"))


def _short(value: Any) -> str | None:
    if isinstance(value, bool | int) or (isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE):
        return str(value)
    return None


def _categories(rows: Sequence[DrawnLabel], extras: dict[int, dict[str, str]]) -> tuple[Category, ...]:
    """Each value of each key that has few enough of them."""
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for extra in extras.values():
        for key, value in extra.items():
            values[key][value] += 1
    # A key of which most prompts have a value of their own names them, and sorts them into nothing.
    keys = sorted(k for k, known in values.items() if 2 <= len(known) <= min(MOST_VALUES, known.total() // 2))
    by_category: dict[tuple[str, str], list[DrawnLabel]] = defaultdict(list)
    for row in rows:
        extra = extras.get(row.prompt_id, {})
        for key in keys:
            if key in extra:
                by_category[key, extra[key]].append(row)
    return tuple(_category(key, value, of) for (key, value), of in sorted(by_category.items(), key=_place))


def _place(group: tuple[tuple[str, str], list[DrawnLabel]]) -> tuple[str, bool, float, str]:
    """By key, then numbers as numbers before words."""
    (key, value), _ = group
    is_number = value.removeprefix("-").isdecimal()
    return key, not is_number, float(value) if is_number else 0.0, value


def _category(key: str, value: str, rows: list[DrawnLabel]) -> Category:
    judged = [row for row in rows if row.verdict is not None]
    scores = [row.score for row in rows if row.score is not None]
    score = sum(scores) / len(scores) if len(scores) >= FEWEST else None
    if len(judged) < FEWEST:
        return Category(key, value, len(rows), len(judged), None, None, None, score)
    accepted = sum(label.verdict == Verdict.accept for label in judged)
    low, high = wilson(accepted, len(judged))
    return Category(key, value, len(rows), len(judged), accepted / len(judged), low, high, score)
