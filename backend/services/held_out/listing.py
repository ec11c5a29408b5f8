"""A table of prompts and checkpoints, page by page."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.categories import MOST_CATEGORIES, MOST_VALUES, is_category
from backend.db import reading, tables
from backend.db.search import Query
from backend.errors import InvalidInput
from backend.services.access import Actor, require
from backend.services.held_out import measured
from backend.services.held_out.filtering import HeldOutFilters, asked, filtered, of, of_show
from backend.services.held_out.measured import Measurement, Verdicts
from backend.values import Role, SampleKind, Split

PAGE, MAX_PAGE = 50, 200
PREVIEW = 200
MOST_CHECKPOINTS = 6
CHECKED = 2_000
"""So many texts are read for one page of a search that the index cannot answer."""
COUNTED = 10_000
LOOKED_AT = 2_000


@dataclass(frozen=True)
class HeldOutAnswer:
    """A checkpoint's greedy answer to a prompt, cut after `PREVIEW` characters; `is_right` None: not known."""

    is_right: bool | None
    text: str
    finish_reason: str
    num_tokens: int


@dataclass(frozen=True)
class AnsweredPrompt:
    """A prompt and what each of the chosen checkpoints answered; None where it was not asked."""

    prompt_id: int
    text: str
    answers: tuple[HeldOutAnswer | None, ...]


@dataclass(frozen=True)
class HeldOutPage:
    """Some prompts in the order they were asked in, and the places before and after them.

    `count`: how many the filters find, at most `COUNTED` and one; None where that would have to read every text.
    `common`: prompts of which it is known of the first and the last checkpoint whether they answered right; `asked`:
    how many the last one was asked. `is_partial`: a search looked through a part of the texts; the next page goes on.
    """

    rows: tuple[AnsweredPrompt, ...]
    checkpoints: tuple[Measurement, ...]
    after: int | None
    before: int | None
    count: int | None
    common: int
    asked: int
    is_partial: bool = False
    is_told: tuple[bool, ...] = field(default=())


def checkpoints(actor: Actor, project_id: int) -> list[Measurement]:
    """The newest measurement of each checkpoint that has held-out answers, newest first."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        by_checkpoint: dict[int, Measurement] = {}
        for measurement in measured.all_of(db, project_id):
            by_checkpoint.setdefault(measurement.checkpoint_id, measurement)
        return list(by_checkpoint.values())


def categories(actor: Actor, project_id: int, checkpoint_id: int) -> list[tuple[str, Any]]:
    """Notes of the checkpoint's held-out prompts with each of their values, of the first 2,000 prompts.

    Notes that tell prompts apart, as numbers and sources do, are none.
    """
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        (measurement,) = measured.choose(measured.all_of(db, project_id, [checkpoint_id]), [checkpoint_id])
        query = (
            asked(measurement).with_only_columns(tables.Prompt.extra).order_by(tables.Group.position).limit(LOOKED_AT)
        )
        by_key: dict[str, set[str]] = defaultdict(set)
        notes = db.scalars(query).all()
        for extra in notes:
            for key, value in extra.items():
                if is_category(key, value) and len(by_key[key]) <= MOST_VALUES:
                    by_key[key].add(json.dumps(value, ensure_ascii=False))
    kept = {k: v for k, v in by_key.items() if len(v) <= MOST_VALUES and (len(v) < len(notes) or len(notes) == 1)}
    return [(key, json.loads(value)) for key in sorted(kept) for value in sorted(kept[key])][:MOST_CATEGORIES]


def page(
    actor: Actor,
    project_id: int,
    checkpoint_ids: Sequence[int],
    filters: HeldOutFilters | None = None,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> HeldOutPage:
    """One page of prompts with the answers of these checkpoints; the last of them leads, and was asked every prompt.

    `after`, `before`: a place that a page named. Raises `NotFound` for a checkpoint without held-out answers,
    `InvalidInput` for more than `MOST_CHECKPOINTS` of them.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"A page has 1 to {MAX_PAGE} prompts, not {limit}. Ask for fewer and go on page by page.")
    ids, filters = [*dict.fromkeys(checkpoint_ids)], filters or HeldOutFilters()
    if not 1 <= len(ids) <= MOST_CHECKPOINTS:
        raise InvalidInput(f"1 to {MOST_CHECKPOINTS} checkpoints can stand side by side, not {len(ids)}.")
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        chosen = measured.choose(measured.all_of(db, project_id, ids), ids)
        verdicts = measured.verdicts_of(db, chosen)
        prompt_ids = of_show(filters.show, verdicts)
        query, search = filtered(db, chosen[-1], filters, prompt_ids)
        places, further, is_partial = _read(db, query, search, after, before, limit)
        is_back = _is_back(after, before)
        places = places[::-1] if is_back else places
        rows = _rows(db, [prompt_id for _, prompt_id in places], chosen, verdicts)
        count = _count(db, query, search, prompt_ids if filters == HeldOutFilters(filters.show) else None)
        number = db.scalar(select(func.count()).select_from(tables.Group).where(*of(chosen[-1]))) or 0
    # Where one came from there is something, unless this page is the first.
    near = places[-1 if is_back else 0][0] if places else None
    ends = (near, further) if is_back else (further, near if after is not None else None)
    return HeldOutPage(
        rows,
        tuple(chosen),
        *ends,
        count,
        len(_known(verdicts[0]) & _known(verdicts[-1])),
        number,
        is_partial,
        tuple(verdict.is_told for verdict in verdicts),
    )


def _known(verdicts: Verdicts) -> frozenset[int]:
    return verdicts.right | verdicts.wrong


def _read(
    db: Session, query: Select[int, int], search: Query | None, after: int | None, before: int | None, limit: int
) -> tuple[list[tuple[int, int]], int | None, bool]:
    """The page's positions and prompt ids as they are read, where to go on from, and whether the page is partial."""
    position = tables.Group.position
    if _is_back(after, before):
        query = query.where(position < before).order_by(position.desc())
    else:
        query = query.where(position > (-1 if after is None else after)).order_by(position)
    check = search.check if search else None
    if check is None:
        rows = [(row.position, row.id) for row in db.execute(query.limit(limit + 1))]
        return rows[:limit], rows[limit - 1][0] if len(rows) > limit else None, False
    pairs: list[tuple[int, int]] = []
    looked_at = db.execute(query.add_columns(tables.Prompt.text).limit(CHECKED)).all()
    for row in looked_at:
        if check(row.text):
            pairs.append((row.position, row.id))
        if len(pairs) == limit:
            return pairs, row.position, False
    is_partial = len(looked_at) == CHECKED
    return pairs, looked_at[-1].position if is_partial else None, is_partial


def _is_back(after: int | None, before: int | None) -> bool:
    return before is not None and after is None


def _count(db: Session, query: Select[int, int], search: Query | None, ids: Sequence[int] | None) -> int | None:
    if ids is not None:
        return len(ids)
    if search is not None and search.check is not None:
        return None
    return db.scalar(select(func.count()).select_from(query.limit(COUNTED + 1).subquery()))


def _rows(
    db: Session, ids: Sequence[int], chosen: Sequence[Measurement], verdicts_of_chosen: Sequence[Verdicts]
) -> tuple[AnsweredPrompt, ...]:
    if not ids:
        return ()
    prompt = tables.Prompt
    texts: dict[int, str] = dict(
        db.execute(select(prompt.id, func.substr(prompt.text, 1, PREVIEW)).where(prompt.id.in_(ids))).tuples().all()
    )
    answers = first_answers(db, ids, chosen)
    return tuple(
        AnsweredPrompt(
            id_,
            texts[id_],
            tuple(
                _answer(answers.get((id_, measurement.checkpoint_id)), verdicts.of(id_))
                for measurement, verdicts in zip(chosen, verdicts_of_chosen, strict=True)
            ),
        )
        for id_ in ids
    )


def first_answers(db: Session, prompt_ids: Sequence[int], chosen: Sequence[Measurement]) -> dict[tuple[int, int], Any]:
    """The beginnings of the greedy answers, by prompt and checkpoint."""
    sample = tables.Sample
    rounds = {measurement.checkpoint_id: measurement.round_id for measurement in chosen}
    query = select(
        sample.prompt_id,
        sample.checkpoint_id,
        sample.round_id,
        func.substr(sample.text, 1, PREVIEW).label("text"),
        sample.finish_reason,
        sample.num_tokens,
    ).where(
        sample.prompt_id.in_(prompt_ids),
        sample.round_id.in_({*rounds.values()}),
        sample.split == Split.held_out,
        sample.checkpoint_id.in_([*rounds]),
        sample.position == 0,
        sample.kind == SampleKind.completion,
    )
    return {
        (row.prompt_id, row.checkpoint_id): row
        for row in db.execute(query)
        if rounds[row.checkpoint_id] == row.round_id
    }


def _answer(row: Any, is_right: bool | None) -> HeldOutAnswer | None:
    """What the table shows; a prompt that got no answer may still be known to be wrong."""
    if row is None:
        return None if is_right is None else HeldOutAnswer(is_right, "", "", 0)
    return HeldOutAnswer(is_right, row.text, row.finish_reason, row.num_tokens)
