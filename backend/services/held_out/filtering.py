"""Which prompts of a measurement a table shows: by what changed, by category, by search."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, cast, column, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from backend.categories import is_category
from backend.db import tables
from backend.db.search import Query, parse
from backend.errors import InvalidInput
from backend.services.held_out.measured import Measurement, Verdicts
from backend.values import Split


class ShownPrompts(StrEnum):
    """Which prompts: all, or by the first and the last of the chosen checkpoints.

    `never_right`: wrong with every chosen one. A prompt of which one of the two is not known is in none of them.
    """

    all = "all"
    newly_wrong = "newly_wrong"
    newly_right = "newly_right"
    never_right = "never_right"


@dataclass(frozen=True)
class HeldOutFilters:
    """`category`: a note of the prompts and the value it must have."""

    show: ShownPrompts = ShownPrompts.all
    category: tuple[str, Any] | None = None
    search: str = ""


def of_show(show: ShownPrompts, verdicts: Sequence[Verdicts]) -> list[int] | None:
    """Ids of the prompts that it names, sorted; None for all."""
    old, new = verdicts[0], verdicts[-1]
    match show:
        case ShownPrompts.all:
            return None
        case ShownPrompts.newly_wrong:
            return sorted(old.right & new.wrong)
        case ShownPrompts.newly_right:
            return sorted(old.wrong & new.right)
        case ShownPrompts.never_right:
            return sorted(frozenset.intersection(*(verdict.wrong for verdict in verdicts)))


def of(measurement: Measurement) -> tuple[ColumnElement[bool], ...]:
    """Whether a group is of the measurement."""
    group = tables.Group
    return group.round_id == measurement.round_id, group.split == Split.held_out, group.step == 0


def asked(measurement: Measurement) -> Select[int, int]:
    """The prompts that a measurement asked, by their place in it."""
    group, prompt = tables.Group, tables.Prompt
    return select(group.position, prompt.id).join(prompt, prompt.id == group.prompt_id).where(*of(measurement))


def filtered(
    db: Session, lead: Measurement, filters: HeldOutFilters, ids: Sequence[int] | None
) -> tuple[Select[int, int], Query | None]:
    """The prompts of the leading measurement that pass, and the search whose texts may have to be looked at.

    `ids`: those that `filters.show` names, or None.
    """
    query, dialect = asked(lead), db.get_bind().dialect.name
    if ids is not None:
        query = query.where(_among(ids, dialect))
    if filters.category is not None:
        query = query.where(_has(*filters.category, dialect))
    search = parse(filters.search) if filters.search.strip() else None
    looked_up = search.match(dialect, "words") if search else None
    if looked_up is None:
        return query, search
    expression, bound = looked_up
    if dialect != "sqlite":
        return query.where(text(f"prompts.search_vector @@ {expression}").bindparams(**bound)), search
    # Only hits between the first and the last prompt are walked: a common word occurs in all prompt sets.
    ends = db.execute(asked(lead).with_only_columns(func.min(tables.Prompt.id), func.max(tables.Prompt.id))).one()
    hits = text(
        f"prompts.id IN (SELECT rowid FROM prompts_search WHERE prompts_search MATCH {expression}"
        " AND rowid BETWEEN :first AND :last)"
    )
    return query.where(hits.bindparams(**bound, first=ends[0], last=ends[1])), search


def _among(ids: Sequence[int], dialect: str) -> ColumnElement[bool]:
    """Whether the prompt is one of these: looked up for each as the groups are walked in their order, however many."""
    walked = tables.Group.prompt_id + 0
    if dialect == "sqlite":
        listed = func.json_each(bindparam("ids", json.dumps(list(ids)))).table_valued(column("value", BigInteger))
        return walked.in_(select(listed.c.value))
    return walked == func.any(cast(bindparam("ids", list(ids)), ARRAY(BigInteger)))


def _has(key: str, value: Any, dialect: str) -> ColumnElement[bool]:
    if not is_category(key, value):
        raise InvalidInput("A category is a note of the prompts and a word or number. Choose one from the list.")
    if dialect == "sqlite":
        return func.json_extract(tables.Prompt.extra, f'$."{key}"') == literal(value)
    return tables.Prompt.extra.op("->")(key) == cast(literal(value, JSONB), JSONB)
