"""On which items reviewers disagree, as long as nobody has settled it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.many import among, in_chunks
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.services.decisions import decision_columns
from backend.services.decisions.decision_columns import ADJUDICATION, BATCH, GOLD, LATE, DecisionColumns, last_of_each
from backend.services.decisions.patterns import raw_word
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


def items(db: Session, round_: tables.Round) -> list[int]:
    """The items that `disputed` selects, in its order, by the round's decisions as they are kept in columns.

    The statement looks at each decision with all others on its item: of 22,000 that takes a tenth of a second.
    """
    labelling = decision_columns.read(db, round_)
    labelling = labelling.where(labelling.stands & labelling.is_kind(ANY_LABELLING) & ~labelling.has(LATE | GOLD))
    is_settling = labelling.has(ADJUDICATION | BATCH)
    votes = labelling.where(~is_settling)
    votes = votes.where(last_of_each(votes.sample, votes.user))
    votes = votes.where(~_is_settled(votes, labelling.where(is_settling)))
    together = votes.is_kind(TOGETHER)
    is_accept = votes.is_kind((DecisionKind.accept,))
    is_accept |= votes.is_kind((DecisionKind.score,)) & (votes.score >= cut_of_round(round_))
    words = raw_word(together, votes.best, is_accept.astype(np.int64))
    several = _with_several(votes.sample, words)
    differ = together & np.isin(votes.sample, several) & (votes.best > 0)
    if differ.any():
        words[differ] = _same_texts(db, votes.best[differ])
        is_known = ~differ | (words > 0)
        several = _with_several(votes.sample[is_known], words[is_known])
    return [int(item) for item in several]


def _is_settled(votes: DecisionColumns, settling: DecisionColumns) -> Any:
    """Which votes are on an item that a curator settled, or that a bulk action decided after them."""
    until = np.where(settling.has(ADJUDICATION), np.iinfo(np.int64).max, settling.id)
    order = np.lexsort((until, settling.sample))
    samples, until = settling.sample[order], until[order]
    places = np.searchsorted(samples, votes.sample, side="right") - 1
    is_settled = np.zeros(len(votes), dtype=bool)
    if len(samples):
        is_settled = (places >= 0) & (samples[places] == votes.sample) & (until[places] > votes.id)
    return is_settled


def _with_several(samples: Any, words: Any) -> Any:
    """The samples, in order, on which there are two different words."""
    order = np.lexsort((words, samples))
    samples, words = samples[order], words[order]
    differs = (samples[1:] == samples[:-1]) & (words[1:] != words[:-1])
    return np.unique(samples[1:][differs])


def _same_texts(db: Session, best: Any) -> list[int]:
    """Instead of each sample the first of those with the same text; 0 for one that is gone."""
    sample, first_of, first = tables.Sample, dict[str, int](), dict[int, int]()
    for chunk in in_chunks(np.unique(best).tolist()):
        query = select(sample.id, func.trim(sample.text)).where(among(sample.id, chunk)).order_by(sample.id)
        first |= {id_: first_of.setdefault(text, id_) for id_, text in db.execute(query)}
    return [first.get(id_, 0) for id_ in best.tolist()]
