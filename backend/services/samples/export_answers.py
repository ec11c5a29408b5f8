"""What people and judges answered to a project's questions of the samples of an export, as JSON."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.access import Actor
from backend.services.questions import standing
from backend.services.samples import judge_answers
from backend.services.samples.visibility import Hidden
from backend.values import JSON


class AnswersGiven:
    """The answers that stand in one round, a few samples at a time."""

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, kept: Hidden) -> None:
        self._db, self._actor, self._kept = db, actor, kept
        row = tables.Answer
        here = (select(table.id).where(table.round_id == round_.id).limit(1) for table in (row, tables.JudgeAnswer))
        self._has_some = any(db.scalar(query) is not None for query in here)

    def of(self, ids: Sequence[int], known: Collection[int]) -> dict[int, str]:
        """The answers to each sample that has some. `known`: the samples whose labels are not hidden."""
        if not self._has_some:
            return {}
        answers_by_sample: dict[int, list[JSON]] = defaultdict(list)
        for sample_id, given in standing.of_samples(self._db, ids).items():
            is_only_own = self._kept.others and sample_id not in known
            answers_by_sample[sample_id] += [
                {"question": answer.key, "who": answer.who, "value": answer.value, "at": answer.at.isoformat()}
                for answer in given
                if not is_only_own or answer.user_id == self._actor.user_id
            ]
        shown = [sample_id for sample_id in ids if not self._kept.judge or sample_id in known]
        for sample_id, judged in judge_answers.of_samples(self._db, shown).items():
            answers_by_sample[sample_id] += [
                {
                    "question": answer.key,
                    "judge": answer.checkpoint,
                    "step": answer.step,
                    "value": answer.value,
                    "at": answer.at.isoformat(),
                }
                for answer in judged
            ]
        return {
            sample_id: json.dumps(answers, ensure_ascii=False)
            for sample_id, answers in answers_by_sample.items()
            if answers
        }
