"""Decisions that stand: those nobody took back. This file alone spells how they are found.

Four kinds of decisions stand and are still no ordinary vote. Whoever selects says of each whether it is wanted:

- `late`: it came when the item's reviewers were complete; kept in the history, it counts in no label.
- `gold`: on an item whose label is known; it measures the person.
- `adjudication`: a curator's word that settles a disagreement.
- `batch`: one of a bulk action's, made of a filter and not by looking at the item.

Six populations of these are used everywhere; what a use wants beyond them it says with `decisions`.

- `votes`: none of the four. Agreement, disagreements, and what people say of the judge.
- `own_words`: with gold. What one person decided at the desk: a reviewer sees these counts, and a count that stood
  still at a gold item would name it. Every count of a person's items, on every page, is of these.
- `label_words`: with adjudications and bulk actions. Who shaped the labels that training reads; gold items have the
  label that a curator knew, so what reviewers said of them shaped none.
- `on_gold`: what was said of gold items, late or not: it measures the person either way.
- `by_hand`: all but bulk actions. What people looked at and decided, whether it counts or not.
- `everything`: all four. What a person or a batch takes back.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, inspect, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from backend.db import tables
from backend.db.aliases import alias
from backend.db.built import is_among
from backend.values import DecisionKind

Decision = type[tables.Decision]

TOGETHER = (DecisionKind.prefer, DecisionKind.rank)
"""Decisions about a group."""
LABELLING = (DecisionKind.accept, DecisionKind.reject, DecisionKind.score)
ANY_LABELLING = LABELLING + TOGETHER
"""With the decisions about a group, which label its samples."""
DECIDING = (*ANY_LABELLING, DecisionKind.edit)
"""With rewriting, which rejects the text as it was but is no vote on the judge."""


class WithoutIndex(FunctionElement[Any]):
    """The column, of which no index is used: most decisions are of no batch, which SQLite doesn't know."""

    inherit_cache = True


@compiles(WithoutIndex)
def _plain(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(*element.clauses, **options))


@compiles(WithoutIndex, "sqlite")
def _with_sign(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(*element.clauses, **options)}"


def decisions(
    *columns: Any,
    late: bool,
    gold: bool,
    adjudication: bool,
    batch: bool,
    kinds: Collection[DecisionKind] | None = None,
    of: Decision = tables.Decision,
) -> Select[Any]:
    """Select these columns of the decisions that stand, of these kinds, or of all but retractions.

    `of`: an alias of the table, where the statement, or one around it, has another.
    """
    retraction, takes_back = retraction_of(of)
    query = select(*columns).select_from(of).outerjoin(retraction, takes_back).where(retraction.id.is_(None))
    query = query.where(of.kind != DecisionKind.retract if kinds is None else is_among(of.kind, kinds))
    if not late:
        query = query.where(of.is_late.is_(False))
    if not gold:
        query = query.where(of.is_gold.is_(False))
    if not adjudication:
        query = query.where(of.is_adjudication.is_(False))
    return query if batch else query.where(WithoutIndex(of.batch_id).is_(None))


def votes(
    *columns: Any, kinds: Collection[DecisionKind] = ANY_LABELLING, of: Decision = tables.Decision
) -> Select[Any]:
    """What reviewers said in time of items whose label is not known, one at a time."""
    return decisions(*columns, late=False, gold=False, adjudication=False, batch=False, kinds=kinds, of=of)


def own_words(*columns: Any, kinds: Collection[DecisionKind] = DECIDING, of: Decision = tables.Decision) -> Select[Any]:
    """What people decided at the desk: votes, and what they said of gold items."""
    return decisions(*columns, late=False, gold=True, adjudication=False, batch=False, kinds=kinds, of=of)


def label_words(
    *columns: Any, kinds: Collection[DecisionKind] = DECIDING, of: Decision = tables.Decision
) -> Select[Any]:
    """What people said that shaped a label training reads."""
    return decisions(*columns, late=False, gold=False, adjudication=True, batch=True, kinds=kinds, of=of)


def on_gold(*columns: Any, of: Decision = tables.Decision) -> Select[Any]:
    """What reviewers said of items whose label is known, except by rewriting them."""
    query = decisions(*columns, late=True, gold=True, adjudication=False, batch=False, kinds=LABELLING, of=of)
    return query.where(of.is_gold)


def by_hand(*columns: Any, kinds: Collection[DecisionKind] = DECIDING, of: Decision = tables.Decision) -> Select[Any]:
    """What people decided on items they looked at, too late or to settle a disagreement as well."""
    return decisions(*columns, late=True, gold=True, adjudication=True, batch=False, kinds=kinds, of=of)


def everything(
    *columns: Any, kinds: Collection[DecisionKind] | None = None, of: Decision = tables.Decision
) -> Select[Any]:
    """All that stands, whatever it is."""
    return decisions(*columns, late=True, gold=True, adjudication=True, batch=True, kinds=kinds, of=of)


def last_own_words(round_id: int | BindParameter[int], *, by_group: bool) -> Select[Any]:
    """The id of each person's last word on each item of a round: every count of what a person decided is of these.

    In the modes group and pair the item is the group, which is decided as a whole; else it is the sample.
    """
    decision = tables.Decision
    item = decision.group_id if by_group else decision.sample_id
    query = own_words(func.max(decision.id), kinds=ANY_LABELLING if by_group else DECIDING)
    return query.where(decision.round_id == round_id).group_by(decision.user_id, item)


def last_label_words() -> Select[Any]:
    """The id of each person's last word on each item that shaped its label; to be narrowed to rounds."""
    decision = tables.Decision
    return label_words(func.max(decision.id)).group_by(decision.round_id, decision.user_id, decision.sample_id)


def is_taken_back(of: Decision = tables.Decision) -> ColumnElement[bool]:
    """Whether the decision was taken back, as a column, where what was taken back is wanted too."""
    retraction, takes_back = retraction_of(of)
    return select(retraction.id).where(takes_back).exists()


def retraction_of(of: Decision = tables.Decision) -> tuple[Decision, ColumnElement[bool]]:
    """The decision that took this one back, as an alias of the table, and the condition that joins the two."""
    retraction = alias(tables.Decision, f"{_name(of)}_taken_back")
    return retraction, retraction.retracts_id == of.id


def has_labelled(of: Decision = tables.Decision) -> ColumnElement[bool]:
    """Whether whoever made the decision has labelled its sample or group, taken back or not, as a column.

    The judge's view comes with the answer to a label. It does not come with the answer to a rewrite.
    """
    label = alias(tables.Decision, f"{_name(of)}_label")
    is_about = or_(
        and_(label.sample_id == of.sample_id, is_among(label.kind, LABELLING)),
        and_(label.group_id == of.group_id, is_among(label.kind, TOGETHER)),
    )
    return select(label.id).where(label.user_id == of.user_id, label.round_id == of.round_id, is_about).exists()


def _name(of: Decision) -> str:
    return str(getattr(inspect(of), "name", "decision"))
