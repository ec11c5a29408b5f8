"""On which items reviewers disagree, as long as nobody has settled it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.services.decisions.rules import cut_of_round
from backend.values import DecisionKind


def disputed(round_: tables.Round, ids: Sequence[int] | None = None) -> Any:
    """The items, in order of their number: two verdicts, scores on both sides of the cut, or two ways to order.

    `ids`: samples of the round, to which the items are kept.
    """
    decision, later, settled = tables.Decision, alias(tables.Decision, "later"), alias(tables.Decision, "settled")
    is_later = standing.votes(later.id, of=later).where(
        later.sample_id == decision.sample_id, later.user_id == decision.user_id, later.id > decision.id
    )
    is_settled = (
        standing.label_words(settled.id, kinds=ANY_LABELLING, of=settled)
        .where(settled.sample_id == decision.sample_id)
        .where(settled.is_adjudication | and_(settled.batch_id.is_not(None), settled.id > decision.id))
    )
    cut = cut_of_round(round_)
    accepts = or_(
        decision.kind == DecisionKind.accept, and_(decision.kind == DecisionKind.score, decision.score >= cut)
    )
    word = case((decision.kind.in_(TOGETHER), first_text(decision)), (accepts, "accept"), else_="reject")
    # The round is the samples': by it, databases would read all its decisions for a few samples.
    is_here = decision.round_id == round_.id if ids is None else decision.sample_id.in_(ids)
    return (
        standing.votes(decision.sample_id)
        .where(is_here, ~is_later.exists(), ~is_settled.exists())
        .group_by(decision.sample_id)
        .having(func.count(word.distinct()) > 1)
        .order_by(decision.sample_id)
    )


def first_text(decision: type[tables.Decision]) -> Any:
    """Which text a group decision puts first; two samples with the same text are no dispute."""
    value, sample = decision.value, tables.Sample
    best = func.coalesce(value["best"].as_integer(), value["order"][0].as_integer())
    text = select(func.trim(sample.text)).where(sample.id == best).scalar_subquery()
    return case(
        (best.is_not(None), literal("best ") + text),
        (value["all_bad"].as_string().is_not(None), "all bad"),
        else_="tie",
    )
