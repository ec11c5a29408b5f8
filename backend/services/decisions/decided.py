"""The samples of a round that somebody decided, as a filter of lists asks for them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.filters import Filters
from backend.db.listing_scope import IdQueries
from backend.db.standing import LABELLING, TOGETHER
from backend.services.access import Actor
from backend.services.decisions import disputes
from backend.values import DecisionKind

ALONE = (*LABELLING, DecisionKind.edit)
"""Decisions on one sample; those of `TOGETHER` are on all samples of a group."""


def among(actor: Actor, round_: tables.Round, filters: Filters) -> IdQueries | None:
    """The set that the filters ask for, None where they ask for none.

    What somebody decided by hand and did not take back, whether it counts or not; or where reviewers disagree, of a
    group that is decided as a whole its first sample; or what the actor did not decide so; or on what no decision
    stands, not even a bulk action's.
    """
    if not filters.decided:
        return None
    if filters.decided in ("nobody", "not_me"):
        return _undecided(actor, round_, by_anybody=filters.decided == "nobody")
    if filters.decided == "disputed":
        read = select(tables.Decision.id).where(tables.Decision.round_id == round_.id)
        return IdQueries([disputes.disputed(round_)], read, lambda ids: [disputes.disputed(round_, ids)])
    return _decided(actor, round_, is_own=filters.decided == "me")


def _decided(actor: Actor, round_: tables.Round, *, is_own: bool) -> IdQueries:
    decision, sample = tables.Decision, tables.Sample
    is_here, is_theirs = decision.round_id == round_.id, decision.user_id != actor.user_id
    if is_own:
        is_theirs = decision.user_id == actor.user_id
    alone = standing.by_hand(decision.sample_id, kinds=ALONE).where(is_theirs)
    together = standing.by_hand(decision.group_id, kinds=TOGETHER).where(is_theirs)
    every = [alone.where(is_here), select(sample.id).where(sample.group_id.in_(together.where(is_here)))]
    read = select(decision.id).where(is_here)

    def those(ids: Sequence[int]) -> list[Any]:
        # The round is the samples': by it, databases would read all its decisions for a few samples.
        of_group = sample.group_id.in_(together.where(decision.sample_id.in_(firsts_of(ids))))
        return [alone.where(decision.sample_id.in_(ids)), select(sample.id).where(sample.id.in_(ids), of_group)]

    # Apart, since each may stop when enough were found.
    return IdQueries(every, read.where(is_theirs) if is_own else read, those)


def _undecided(actor: Actor, round_: tables.Round, *, by_anybody: bool) -> IdQueries:
    """All samples of the round but those that were decided.

    Asked of each sample by its own indexes, which PostgreSQL may turn into one pass over both: a list of all decisions
    that no sample may be in is gone through for each sample once it is too large to be hashed.
    """
    decision, sample, label = tables.Decision, tables.Sample, tables.Label
    chosen = standing.everything if by_anybody else standing.by_hand
    mine = () if by_anybody else (decision.user_id == actor.user_id,)
    alone = chosen(decision.id, kinds=ALONE).where(*mine, decision.sample_id == label.sample_id)
    in_group = sample.id == label.sample_id, decision.group_id == sample.group_id
    together = chosen(decision.id, kinds=TOGETHER).where(*mine, *in_group)

    def is_open(*here: ColumnElement[bool]) -> list[ColumnElement[bool]]:
        return [~which.where(*here).correlate(label).exists() for which in (alone, together)]

    # For who reads all decisions of the round; SQLite would do so for each sample.
    is_here = standing.WithoutIndex(decision.round_id) == round_.id
    every = select(label.sample_id).where(label.round_id == round_.id)

    def those(ids: Sequence[int]) -> list[Any]:
        return [select(label.sample_id).where(label.sample_id.in_(ids), *is_open())]

    return IdQueries([every.where(*is_open(is_here))], every, those)


def firsts_of(ids: Sequence[int]) -> Select[int]:
    """The samples of these samples' groups. A decision on a group names its first one, by which it is found."""
    asked, first = alias(tables.Sample, "asked"), alias(tables.Sample, "first")
    groups = select(asked.group_id).where(asked.id.in_(ids))
    return select(first.id).where(first.group_id.in_(groups))
