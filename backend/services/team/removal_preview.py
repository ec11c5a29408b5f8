"""What the labels of an open review would be without one person's decisions, computed from columns.

Most samples were decided one by one. Their label follows from the votes on them and from what the machine gave, which
both are at hand. The others (groups that were decided as a whole, rewritten texts, restored decisions) are read.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among, in_chunks
from backend.db.standing import DECIDING, TOGETHER
from backend.services import review_settings
from backend.services.decisions import decision_columns, edits, group_decisions
from backend.services.decisions.cast_votes import ACCEPT, REJECT
from backend.services.decisions.decision_columns import (
    ADJUDICATION,
    BATCH,
    COPY,
    KINDS,
    LATE,
    DecisionColumns,
)
from backend.services.decisions.rules import cut_of_round
from backend.services.decisions.verdicts import Vote, effect, verdict_of
from backend.services.team import machine_labels, removed_work
from backend.services.team.machine_labels import MachineLabels
from backend.services.team.removed_work import Changed, Changes, LabelWord
from backend.values import DecisionKind, Verdict

VERDICTS = {ACCEPT: Verdict.accept, REJECT: Verdict.reject}
_Vote = tuple[int, Verdict | None, float | None, bool, bool]
"""Whose it is, the verdict, the score, whether it settles a disagreement, and whether it is a bulk action's."""


def of_person(db: Session, round_: tables.Round, user_id: int) -> tuple[int, list[int], tuple[Changed, ...]]:
    """How many decisions of the person stand, the samples whose label may depend on them, and what labels change."""
    decisions = decision_columns.read(db, round_)
    mine = decisions.stands & (decisions.user == user_id) & ~decisions.is_kind((DecisionKind.retract,))
    if not mine.any():
        return 0, [], ()
    own = decisions.where(mine)
    read = _to_be_read(db, round_, decisions, own)
    direct = np.unique(own.sample)
    alone = np.setdiff1d(direct, read, assume_unique=True)
    machine, _ = machine_labels.of(db, round_, alone, ())
    by_vote = review_settings.read(round_.review).has_overlap
    changes = _of_columns(decisions, alone, machine, user_id, cut_of_round(round_), by_vote=by_vote)
    changes += removed_work.changes(db, read.tolist(), own.id.tolist())
    return int(mine.sum()), np.union1d(direct, read).tolist(), removed_work.most_frequent_first(changes)


def _to_be_read(db: Session, round_: tables.Round, decisions: DecisionColumns, own: DecisionColumns) -> Any:
    """The samples, in order of their numbers, whose label the columns do not tell."""
    together = decisions.stands & decisions.is_kind(TOGETHER)
    of_groups = own.sample[np.isin(own.group, np.unique(decisions.group[together]))]
    groups = np.unique(own.group[own.is_kind(TOGETHER)]).tolist()
    restored = np.intersect1d(own.sample, decisions.sample[decisions.has(COPY)])
    decision, ids = tables.Decision, list[int]()
    for chunk in in_chunks(groups):
        for members in group_decisions.members(db, chunk).values():
            ids += members
    for chunk in in_chunks(own.id[own.is_kind((DecisionKind.edit,))].tolist()):
        values = db.scalars(select(decision.value).where(among(decision.id, chunk)))
        ids += [int(value["edit_id"]) for value in values if value.get("edit_id") is not None]
    ids += np.intersect1d(own.sample, edits.in_round(db, round_.id)).tolist()
    return np.unique(np.concatenate([of_groups, restored, np.array(ids, dtype=np.int64)]))


def _of_columns(
    decisions: DecisionColumns, samples: Any, machine: MachineLabels, user_id: int, cut: float, *, by_vote: bool
) -> Changes:
    """How many labels of these samples go from what to what without the person's votes."""
    counts = decisions.stands & ~decisions.has(LATE) & decisions.is_kind(DECIDING)
    votes = decisions.where(counts & np.isin(decisions.sample, samples))
    votes = votes.where(np.isin(votes.sample, votes.sample[votes.user == user_id]))
    votes = votes.where(np.argsort(votes.sample, kind="stable"))
    voted, starts, sizes = np.unique(votes.sample, return_index=True, return_counts=True)
    places = np.searchsorted(machine.sample, voted)
    verdicts, scores = machine.verdict[places], machine.score[places]
    changes, words, vote = Changes(), _codes(votes), _reader(votes, cut)
    for size in np.unique(sizes).tolist():
        of_size = np.flatnonzero(sizes == size)
        # What was said of a sample as one number: as many are computed as there are ways to decide.
        codes = verdicts[of_size].astype(np.int64) + 1
        for place in range(size):
            pairs = codes * (int(words.max()) + 1) + words[starts[of_size] + place]
            codes = np.unique(pairs, return_inverse=True)[1]
        order = np.argsort(codes, kind="stable")
        ends = np.flatnonzero(np.diff(codes[order])) + 1
        for members in np.split(of_size[order], ends):
            first, verdict = int(starts[members[0]]), VERDICTS.get(int(verdicts[members[0]]))
            given = [vote(place) for place in range(first, first + size)]
            before_of = _label(verdict, given, by_vote=by_vote)
            after_of = _label(verdict, [word for word in given if word[0] != user_id], by_vote=by_vote)
            values, numbers = np.unique(scores[members], return_counts=True)
            for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
                score = None if value != value else value
                before, after = before_of(score), after_of(score)
                if before != after:
                    changes[removed_work.change(before, after)] += number
    return changes


def _label(verdict: Verdict | None, votes: Sequence[_Vote], *, by_vote: bool) -> Callable[[float | None], LabelWord]:
    """From the machine's score to the label, where the machine gave this verdict and these votes stand."""
    if all(vote[2] is None for vote in votes):
        # Without a score among the votes it stays the machine's, whatever it is.
        unscored, scored = (effect(score, verdict, _votes(votes), by_vote=by_vote) for score in (None, 0.0))
        return lambda score: (scored.verdict, score, (unscored if score is None else scored).source)

    def label(score: float | None) -> LabelWord:
        to = effect(score, verdict, _votes(votes), by_vote=by_vote)
        return to.verdict, to.score, to.source

    return label


def _votes(votes: Sequence[_Vote]) -> list[Vote]:
    return [
        Vote(0, user_id, verdict, score, is_adjudication=settles, is_bulk=is_bulk)
        for user_id, verdict, score, settles, is_bulk in votes
    ]


def _reader(votes: DecisionColumns, cut: float) -> Callable[[int], _Vote]:
    """What gives the vote at a place. A score that another kind of decision came with says nothing of the label."""
    columns = (votes.user, votes.kind, votes.score, votes.has(ADJUDICATION), votes.has(BATCH))
    users, kinds, scores, settling, in_bulk = (column.tolist() for column in columns)

    def vote(place: int) -> _Vote:
        kind = KINDS[kinds[place]]
        score = scores[place] if kind is DecisionKind.score else None
        return users[place], verdict_of(kind, score, cut), score, settling[place], in_bulk[place]

    return vote


def _codes(votes: DecisionColumns) -> Any:
    """A number a vote, the same for all that say the same."""
    codes = np.zeros(len(votes), dtype=np.int64)
    for column in (votes.user, votes.kind, votes.score, votes.flags & (ADJUDICATION | BATCH)):
        known, places = np.unique(column, return_inverse=True)
        codes = np.unique(codes * max(1, len(known)) + places, return_inverse=True)[1]
    return codes
