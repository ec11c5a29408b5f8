"""What people decided on the samples of an export: the history that each sample's page shows, as JSON."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among, in_chunks
from backend.db.standing import TOGETHER
from backend.services.access import Actor
from backend.services.decisions import Decision, group_decisions
from backend.services.decisions.rules import cut_of_round
from backend.services.decisions.words import speaks_of
from backend.services.samples.visibility import Hidden
from backend.values import JSON

UNSAID = ("client_id", "user_id", "replaces", "is_new")
"""Of use at a desk, and nowhere else."""


class Known(Protocol):
    """What is known of a sample before its history is read."""

    @property
    def sample_id(self) -> int: ...
    @property
    def edited_from_id(self) -> int | None: ...


class History:
    """The decisions of one round, a few samples at a time.

    Each sample's are those that name it, those on its group that speak of it, its edit, and what took these back.
    """

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, kept: Hidden) -> None:
        self._db, self._actor, self._kept, self._cut = db, actor, kept, cut_of_round(round_)
        decision = tables.Decision
        some = select(decision.id).where(decision.round_id == round_.id).limit(1)
        self._has_some = db.scalar(some) is not None
        self._has_groups = self._has_some and db.scalar(some.where(decision.kind.in_(TOGETHER))) is not None
        self._people: dict[int, str] = dict(db.execute(select(tables.User.id, tables.User.name)).tuples().all())

    def of(self, samples: Iterable[Known], known: Collection[int]) -> dict[int, str]:
        """The history of each sample that has one, oldest first. `known`: those whose labels are not hidden."""
        if not self._has_some:
            return {}
        samples = list(samples)
        read = self._read(samples)
        return {
            one.sample_id: json.dumps(said, default=_plain, ensure_ascii=False)
            for one in samples
            if (said := self._told(one, read, known))
        }

    def _places(self, sample: Known, heads: dict[int, int]) -> list[int]:
        """Samples that a decision on this one may name, without this one twice."""
        others = (heads.get(sample.sample_id), sample.edited_from_id)
        return [*dict.fromkeys([sample.sample_id, *(n for n in others if n is not None)])]

    def _read(self, samples: list[Known]) -> dict[int, list[tables.Decision]]:
        """The decisions that may be about each sample, in order."""
        ids = [one.sample_id for one in samples]
        heads: dict[int, int] = {}
        for some in in_chunks(ids) if self._has_groups else ():
            heads |= group_decisions.first_of(self._db, some)
        at: dict[int, list[int]] = defaultdict(list)
        for one in samples:
            for place in self._places(one, heads):
                at[place].append(one.sample_id)
        decision, found = tables.Decision, defaultdict[int, list[tables.Decision]](list)
        # Columns and no entities, which would stay in the session; a row has the same names.
        query = select(*decision.__table__.c).where(among(decision.sample_id, at)).order_by(decision.id)
        for row in self._db.execute(query):
            for sample_id in at[row.sample_id]:
                found[sample_id].append(row)  # type: ignore[arg-type]
        return found

    def _told(self, sample: Known, read: dict[int, list[tables.Decision]], known: Collection[int]) -> list[JSON]:
        if sample.sample_id not in read:
            return []
        is_only_own = self._kept.others and sample.sample_id not in known
        # Of a rewrite the history holds the decision on the text that it was made of.
        about = sample.edited_from_id or sample.sample_id
        tells_judge = not self._kept.judge or about in known
        rows: list[tables.Decision] = []
        others: set[int] = set()
        for row in read[sample.sample_id]:
            is_own_place = row.sample_id == sample.sample_id
            if is_own_place or row.retracts_id in others or speaks_of(row.kind, row.value, sample.sample_id):
                others |= set() if is_own_place else {row.id}
                rows.append(row)
        rows = [row for row in rows if not is_only_own or row.user_id == self._actor.user_id]
        gone = {row.retracts_id for row in rows}
        return [self._said(row, tells_judge=tells_judge, is_retracted=row.id in gone) for row in rows]

    def _said(self, row: tables.Decision, *, tells_judge: bool, is_retracted: bool) -> JSON:
        who = self._people.get(row.user_id, "")
        said = vars(Decision.of(row, who, self._cut, tells_judge=tells_judge, is_retracted=is_retracted))
        return {name: value for name, value in said.items() if name not in UNSAID}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
