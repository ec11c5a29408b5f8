"""The samples of a round by rows about them: who decided and how, which checkpoint wrote, which judge judged, tags."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.filter_tests import read_tag
from backend.db.filters import Filters
from backend.db.standing import TOGETHER
from backend.services.decisions.decided import ALONE, firsts_of
from backend.services.decisions.rules import cut_of_round
from backend.values import DecisionKind


@dataclass(frozen=True)
class Passing:
    """The samples that pass one test. `query`: their ids; it may be narrowed to some samples by `of`.

    `read`: a row for each answer that the query reads.
    """

    query: Select[int]
    read: Select[int]
    of: Callable[[Sequence[int]], Select[int]]


def passing(round_: tables.Round, filters: Filters) -> list[Passing]:
    """One for each of these filters that is set."""
    passing_each = [_by_tag(round_, tag) for tag in filters.tag]
    if filters.checkpoint is not None:
        passing_each.append(_by_checkpoint(round_, filters.checkpoint))
    if filters.judge or filters.judged_by is not None:
        passing_each.append(_by_judge(round_, filters))
    if filters.human_verdict:
        passing_each.append(_by_verdict(round_, filters))
    elif filters.reviewer is not None:
        passing_each.append(_by_reviewer(round_, filters.reviewer))
    return passing_each


def _by_tag(round_: tables.Round, tag: str) -> Passing:
    row = tables.SampleTag
    query = select(row.sample_id).where(row.round_id == round_.id, row.tag == read_tag(tag))
    return Passing(query, query, lambda ids: query.where(row.sample_id.in_(ids)))


def _by_checkpoint(round_: tables.Round, checkpoint_id: int) -> Passing:
    sample = tables.Sample
    query = select(sample.id).where(sample.round_id == round_.id, sample.checkpoint_id == checkpoint_id)
    return Passing(query, query, lambda ids: query.where(sample.id.in_(ids)))


def _by_judge(round_: tables.Round, filters: Filters) -> Passing:
    """Both names are of one judgment."""
    judgment = tables.Judgment
    wanted: list[ColumnElement[bool]] = [judgment.judge == filters.judge] if filters.judge else []
    wanted += [] if filters.judged_by is None else [judgment.checkpoint_id == filters.judged_by]
    judged = select(judgment.sample_id).where(*wanted)
    read = select(judgment.id).where(judgment.round_id == round_.id)
    # Without the round where samples are given: by it, databases would read all its judgments for a few.
    return Passing(
        judged.where(judgment.round_id == round_.id), read, lambda ids: judged.where(judgment.sample_id.in_(ids))
    )


def _by_reviewer(round_: tables.Round, user_id: int) -> Passing:
    """What this person decided by hand and did not take back, alone or with its group."""
    decision, sample = tables.Decision, tables.Sample
    is_theirs, is_here = decision.user_id == user_id, decision.round_id == round_.id
    alone = standing.by_hand(decision.sample_id, kinds=ALONE).where(is_theirs)
    groups = standing.by_hand(decision.group_id, kinds=TOGETHER).where(is_theirs)

    def both(of_samples: Select[Any], of_groups: Select[Any]) -> Select[int]:
        together = select(sample.id).where(sample.group_id.in_(of_groups))
        of_person = union_all(of_samples, together).subquery()
        return select(of_person.c[0])

    def those(ids: Sequence[int]) -> Select[int]:
        # By the round, databases would read all decisions of the person for a few samples.
        of_groups = groups.where(decision.sample_id.in_(firsts_of(ids)))
        some = both(alone.where(decision.sample_id.in_(ids)), of_groups).subquery()
        return select(some.c[0]).where(some.c[0].in_(ids))

    every = both(alone.where(is_here), groups.where(is_here))
    return Passing(every, select(decision.id).where(is_here, is_theirs), those)


def _by_verdict(round_: tables.Round, filters: Filters) -> Passing:
    """What the last word of somebody, or of one person, says of the sample alone."""
    decision, last = tables.Decision, alias(tables.Decision, "last")
    cut, kind, score = cut_of_round(round_), last.kind, last.score
    is_score = kind == DecisionKind.score
    says = {
        "accept": or_(kind == DecisionKind.accept, and_(is_score, score >= cut)),
        "reject": or_(kind.in_((DecisionKind.reject, DecisionKind.edit)), and_(is_score, score < cut)),
    }
    whose = () if filters.reviewer is None else (decision.user_id == filters.reviewer,)

    def of(*here: ColumnElement[bool]) -> Select[int]:
        words = standing.by_hand(func.max(decision.id), kinds=ALONE).where(*here, *whose)
        newest = words.group_by(decision.user_id, decision.sample_id)
        return select(last.sample_id).where(last.id.in_(newest), or_(*(says[word] for word in filters.human_verdict)))

    here = decision.round_id == round_.id
    return Passing(of(here), select(decision.id).where(here, *whose), lambda ids: of(decision.sample_id.in_(ids)))
