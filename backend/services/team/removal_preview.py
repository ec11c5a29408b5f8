"""What the labels of an open review would be without one person's decisions, computed from columns.

Most samples were decided one by one. Their label follows from the votes on them and from what the machine gave, which
both are at hand. The others (groups that were decided as a whole, rewritten texts, restored decisions) are read.
"""

from collections.abc import Iterator, Sequence
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
from backend.values import DecisionKind, LabelSource, Verdict

VERDICTS = {ACCEPT: Verdict.accept, REJECT: Verdict.reject}


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
    changes, known = Changes(), dict[Any, Verdict | None]()

    def label(score: float | None, verdict: Verdict | None, votes: tuple[_Vote, ...]) -> LabelWord:
        if votes and all(vote[2] is None for vote in votes):
            # The same votes on a text with the same verdict come to the same; the score stays the machine's.
            if (verdict, votes) not in known:
                known[verdict, votes] = effect(None, verdict, _votes(votes), by_vote=by_vote).verdict
            return known[verdict, votes], score, LabelSource.person
        to = effect(score, verdict, _votes(votes), by_vote=by_vote)
        return to.verdict, to.score, to.source

    places = np.searchsorted(machine.sample, samples)
    given = zip(machine.verdict[places].tolist(), machine.score[places].tolist(), strict=True)
    for (verdict_code, machine_score), votes in zip(given, _votes_on(decisions, samples, cut), strict=True):
        verdict, score = VERDICTS.get(verdict_code), None if machine_score != machine_score else machine_score
        without = tuple(vote for vote in votes if vote[0] != user_id)
        if len(without) < len(votes):
            before, after = label(score, verdict, votes), label(score, verdict, without)
            if before != after:
                changes[removed_work.change(before, after)] += 1
    return changes


_Vote = tuple[int, Verdict | None, float | None, bool, bool]
"""Whose it is, the verdict, the score, whether it settles a disagreement, and whether it is a bulk action's."""


def _votes(votes: Sequence[_Vote]) -> list[Vote]:
    return [
        Vote(0, user_id, verdict, score, is_adjudication=settles, is_bulk=is_bulk)
        for user_id, verdict, score, settles, is_bulk in votes
    ]


def _votes_on(decisions: DecisionColumns, samples: Any, cut: float) -> Iterator[tuple[_Vote, ...]]:
    """The votes on each of these samples, in their order: what stands, came in time and says something of the label."""
    counts = decisions.stands & ~decisions.has(LATE) & decisions.is_kind(DECIDING)
    votes = decisions.where(counts & np.isin(decisions.sample, samples))
    votes = votes.where(np.argsort(votes.sample, kind="stable"))
    starts = np.searchsorted(votes.sample, samples).tolist()
    ends = np.searchsorted(votes.sample, samples, side="right").tolist()
    columns = (votes.user, votes.kind, votes.score, votes.has(ADJUDICATION), votes.has(BATCH))
    listed: list[_Vote] = []
    for user_id, place, number, settles, is_bulk in zip(*(column.tolist() for column in columns), strict=True):
        score = number if KINDS[place] is DecisionKind.score else None
        listed.append((user_id, verdict_of(KINDS[place], score, cut), score, settles, is_bulk))
    for start, end in zip(starts, ends, strict=True):
        yield tuple(listed[start:end])
