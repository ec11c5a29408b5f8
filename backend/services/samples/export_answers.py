"""What people answered to a project's questions of the samples of an export, as JSON."""

import json
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.access import Actor
from backend.services.questions import standing
from backend.services.samples.visibility import Hidden


class AnswersGiven:
    """The answers that stand in one round, a few samples at a time."""

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, kept: Hidden) -> None:
        self._db, self._actor, self._kept = db, actor, kept
        row = tables.Answer
        self._has_some = db.scalar(select(row.id).where(row.round_id == round_.id).limit(1)) is not None

    def of(self, ids: Sequence[int], known: Collection[int]) -> dict[int, str]:
        """The answers to each sample that has some. `known`: the samples whose labels are not hidden."""
        if not self._has_some:
            return {}
        written: dict[int, str] = {}
        for sample_id, given in standing.of_samples(self._db, ids).items():
            is_only_own = self._kept.others and sample_id not in known
            told = [
                {"question": one.key, "who": one.who, "value": one.value, "at": one.at.isoformat()}
                for one in given
                if not is_only_own or one.user_id == self._actor.user_id
            ]
            if told:
                written[sample_id] = json.dumps(told, ensure_ascii=False)
        return written
