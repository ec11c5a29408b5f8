"""The samples of a round that somebody decided, as a filter of lists asks for them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.filters import Filters
from backend.db.listing_scope import Among
from backend.db.standing import LABELLING, TOGETHER
from backend.services.access import Actor
from backend.services.decisions import disputes
from backend.values import DecisionKind

ALONE = (*LABELLING, DecisionKind.edit)
"""Decisions on one sample; those of `TOGETHER` are on all samples of a group."""


def among(actor: Actor, round_: tables.Round, filters: Filters) -> Among | None:
    """The set that the filters ask for, None where they ask for none.

    What somebody decided at the desk and did not take back; or where reviewers disagree, of a group that is decided as
    a whole its first sample.
    """
    if not filters.decided:
        return None
    if filters.decided == "disputed":
        return lambda ids: _disputed(round_, ids)
    return lambda ids: _decided(actor, round_, ids, is_own=filters.decided == "me")


def _disputed(round_: tables.Round, ids: Sequence[int] | None) -> list[Any]:
    query = disputes.disputed(round_)
    return [query if ids is None else query.where(tables.Decision.sample_id.in_(ids))]


def _decided(actor: Actor, round_: tables.Round, ids: Sequence[int] | None, *, is_own: bool) -> list[Any]:
    decision, sample, first = tables.Decision, tables.Sample, alias(tables.Sample, "first")
    is_theirs = decision.user_id == actor.user_id if is_own else decision.user_id != actor.user_id
    alone = standing.own_words(decision.sample_id, kinds=ALONE).where(is_theirs)
    together = standing.own_words(decision.group_id, kinds=TOGETHER).where(is_theirs)
    if ids is None:
        is_here = decision.round_id == round_.id
        # Apart, since each may stop when enough were found.
        return [alone.where(is_here), select(sample.id).where(sample.group_id.in_(together.where(is_here)))]
    # A decision on a group names its first sample, by which it is found. The round is the samples': by it, databases
    # would read all its decisions for each sample.
    of_group = together.join(first, first.id == decision.sample_id).where(first.group_id == sample.group_id)
    is_decided = or_(alone.where(decision.sample_id == sample.id).exists(), of_group.exists())
    return [select(sample.id).where(sample.id.in_(ids), is_decided)]
