"""What people said of the samples of an export: decisions, answers to questions, tags."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.access import Actor
from backend.services.samples import export_answers, export_decisions, tags
from backend.services.samples.visibility import Hidden


class Told:
    """What people said of the samples of one round, a few samples at a time."""

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, kept: Hidden) -> None:
        self._decisions = export_decisions.DecisionHistory(db, actor, round_, kept)
        self._answers = export_answers.AnswersGiven(db, actor, round_, kept)
        self._tags = tags.Exported(db, actor, round_, kept)

    def of(
        self, ids: Sequence[int], originals: Mapping[int, int], known: Collection[int]
    ) -> tuple[dict[int, str], dict[int, str], dict[int, str]]:
        """Decisions, answers and tags of each sample that has some, as JSON. Arguments: see `DecisionHistory.of`."""
        return self._decisions.of(ids, originals, known), self._answers.of(ids, known), self._tags.of(ids, known)


def length_told(told: Iterable[Mapping[int, str]]) -> int:
    """The characters of what was said of some samples."""
    return sum([sum(map(len, lines.values())) for lines in told])
