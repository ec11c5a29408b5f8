"""What people decided on the samples of an export: the history that each sample's page shows, as JSON."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.db.standing import TOGETHER
from backend.services.access import Actor
from backend.services.decisions import Decision, group_decisions
from backend.services.decisions.decision import speaks_of
from backend.services.decisions.rules import cut_of_round
from backend.services.samples.export_judgments import Reader
from backend.services.samples.visibility import Hidden
from backend.values import JSON

UNSAID = ("client_id", "user_id", "replaces", "is_new")
"""Of use at a desk, and nowhere else."""


class DecisionHistory:
    """The decisions of one round, a few samples at a time.

    Each sample's are those that name it, those on its group that speak of it, its edit, and what took these back.
    """

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, kept: Hidden) -> None:
        self._db, self._actor, self._kept, self._cut = db, actor, kept, cut_of_round(round_)
        decision = tables.Decision
        some = select(decision.id).where(decision.round_id == round_.id).limit(1)
        self._has_some = db.scalar(some) is not None
        self._has_groups = self._has_some and db.scalar(some.where(decision.kind.in_(TOGETHER))) is not None
        self._decided = Reader(db, select(decision.sample_id).distinct(), decision.sample_id)
        # Columns and no entities, which would stay in the session; a row has the same names.
        named = decision.sample_id.in_(bindparam("places", expanding=True))
        self._query = select(*decision.__table__.c).where(named).order_by(decision.id)
        self._people: dict[int, str] = dict(db.execute(select(tables.User.id, tables.User.name)).tuples().all())

    def of(self, ids: Sequence[int], originals: Mapping[int, int], known: Collection[int]) -> dict[int, str]:
        """The history of each sample that has one, oldest first.

        `originals`: what edits were made of. `known`: the samples whose labels are not hidden.
        """
        if not self._has_some:
            return {}
        decisions_by_sample = {
            sample_id: self._told(sample_id, originals.get(sample_id, sample_id), rows, known)
            for sample_id, rows in self._read(ids, originals).items()
        }
        return {sample_id: _encode(decisions) for sample_id, decisions in decisions_by_sample.items() if decisions}

    def _read(self, ids: Sequence[int], originals: Mapping[int, int]) -> dict[int, list[tables.Decision]]:
        """The decisions that may be about each sample, in order."""
        others: dict[int, set[int]] = defaultdict(set)
        for sample_id, original_id in originals.items():
            others[original_id].add(sample_id)
        for some in in_chunks(ids) if self._has_groups else ():
            for sample_id, head in group_decisions.first_of(self._db, some).items():
                others[head].add(sample_id)
        mine, by_sample = set(ids), defaultdict[int, list[tables.Decision]](list)
        # Most samples have none, and a statement of hundreds of ids takes long to make.
        places = {sample_id for (sample_id,) in self._decided.rows([*(mine | {*others})])}
        for row in self._db.execute(self._query, {"places": [*places]}) if places else ():
            for sample_id in {row.sample_id} & mine | others.get(row.sample_id, set()):
                by_sample[sample_id].append(row)  # type: ignore[arg-type]
        return by_sample

    def _told(self, sample_id: int, about: int, read: list[tables.Decision], known: Collection[int]) -> list[JSON]:
        """What is said of the history. `about`: of a rewrite, the text that it was made of, which was decided on."""
        is_only_own = self._kept.others and sample_id not in known
        tells_judge = not self._kept.judge or about in known
        rows: list[tables.Decision] = []
        others: set[int] = set()
        for row in read:
            is_own_place = row.sample_id == sample_id
            if is_own_place or row.retracts_id in others or speaks_of(row.kind, row.value, sample_id):
                others |= set() if is_own_place else {row.id}
                rows.append(row)
        rows = [row for row in rows if not is_only_own or row.user_id == self._actor.user_id]
        gone = {row.retracts_id for row in rows}
        return [self._said(row, tells_judge=tells_judge, is_retracted=row.id in gone) for row in rows]

    def _said(self, row: tables.Decision, *, tells_judge: bool, is_retracted: bool) -> JSON:
        who = self._people.get(row.user_id, "")
        values = vars(Decision.of(row, who, self._cut, tells_judge=tells_judge, is_retracted=is_retracted))
        return {name: value for name, value in values.items() if name not in UNSAID}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_encode = json.JSONEncoder(default=_plain, ensure_ascii=False).encode
