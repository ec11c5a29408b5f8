"""The judge's light of rounds that are done, as one of the warnings of each.

The overview shows many rounds again and again, so lights are kept in this process while nothing that they depend on
changes. Nobody decides on a round that is done, unless its review is opened again.
"""

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among
from backend.pipeline.health import Health, HealthMeasure, Light
from backend.pipeline.health.advice import ADVICE
from backend.services.results.noticed import Warned, plain, what_helps
from backend.services.rounds import judge_light
from backend.values import RoundStatus, WarningLevel

MOST_AT_ONCE, MOST_KEPT = 20, 2_000
"""So many lights are computed for one look at the overview, those of the newest rounds; the next look goes on."""
LEVELS = {Light.red: WarningLevel.red, Light.amber: WarningLevel.amber}


@dataclass(frozen=True)
class JudgeWarning:
    """A judge's light that is on: its level, its sentence, and the first measure that is beyond its limit."""

    level: WarningLevel
    sentence: str
    measure: HealthMeasure

    @property
    def text(self) -> str:
        """The sentence, and what helps."""
        return f"{self.sentence} {what_helps(ADVICE[self.measure.name])}"


@dataclass(frozen=True)
class JudgeSeen:
    """`warning`: None where the judge's light is not on."""

    warning: JudgeWarning | None = None


_kept: dict[Hashable, JudgeSeen] = {}
_lock = threading.Lock()


def of_rounds(db: Session, project_id: int) -> dict[int, JudgeSeen]:
    """What the judge's light says of the project's rounds that are done, by round; those that are not known yet, and
    will be at one of the next looks, are left out."""
    round_ = tables.Round
    query = select(round_.id).where(round_.project_id == project_id, round_.status == RoundStatus.done)
    keys = _keys(db, project_id, list(db.scalars(query.where(round_.archived_at.is_(None)))))
    with _lock:
        seen = {id_: _kept[key] for id_, key in keys.items() if key in _kept}
    for id_ in sorted(keys.keys() - seen.keys(), reverse=True)[:MOST_AT_ONCE]:
        seen[id_] = _looked(db, db.get_one(tables.Round, id_), keys[id_])
    return seen


def of_round(db: Session, row: tables.Round) -> JudgeWarning | None:
    """The same of one round; None where it is not done, and where its judge's light is not on."""
    if row.status is not RoundStatus.done or row.archived_at is not None:
        return None
    key = _keys(db, row.project_id, [row.id])[row.id]
    with _lock:
        seen = _kept.get(key)
    return (seen or _looked(db, row, key)).warning


def warned(row: tables.Round, warning: JudgeWarning) -> Warned:
    """It as one of the warnings beside the lights of rules."""
    return plain(str(warning.level), warning.text, f"round?round={row.id}#round-judge", warning.measure.number.n)


def _looked(db: Session, row: tables.Round, key: Hashable) -> JudgeSeen:
    health = judge_light.kept(db, row)
    seen = JudgeSeen(_warning(health))
    if health.as_of is None:
        with _lock:
            while len(_kept) >= MOST_KEPT:
                del _kept[next(iter(_kept))]
            _kept[key] = seen
    return seen


def _warning(health: Health) -> JudgeWarning | None:
    if health.light not in LEVELS:
        return None
    beyond = next(measure for measure in health.measures if measure.light is health.light)
    return JudgeWarning(LEVELS[health.light], health.sentence, beyond)


def _keys(db: Session, project_id: int, ids: list[int]) -> dict[int, Hashable]:
    """What the light of each of these rounds is kept under: all that it depends on."""
    round_, gold, url = tables.Round, tables.GoldItem, str(db.get_bind().engine.url)
    limits = str(db.scalar(select(tables.Project.judge_health).where(tables.Project.id == project_id)))
    marked = select(gold.round_id, func.count(), func.max(gold.created_at)).where(among(gold.round_id, ids))
    known: Mapping[int, tuple[object, ...]] = {
        round_id: tuple(row) for round_id, *row in db.execute(marked.group_by(gold.round_id))
    }
    state = (round_.created_at, round_.finished_at, round_.is_blind, round_.review, round_.reopened, round_.counts)
    rows = db.execute(select(round_.id, *state).where(among(round_.id, ids)))
    return {id_: (url, id_, limits, known.get(id_), *map(str, of_row)) for id_, *of_row in rows}
