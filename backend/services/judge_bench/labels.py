"""Samples whose labels by people count as evidence on a judge, as the judge's light counts them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.pipeline.health import evidence
from backend.services.access import Actor, require
from backend.services.rounds import get_row
from backend.values import Role

ENOUGH = 2_000
"""With so many labels, older rounds are not looked at."""
HOW = evidence.TO_DRAW
"""How to get more of them."""


@dataclass(frozen=True)
class Labelled:
    """One sample with people's word, or the label that was known."""

    sample_id: int
    accepts: bool
    score: float | None
    is_gold: bool


@dataclass(frozen=True)
class LabelCount:
    """How many labels count. `rounds`: (id, number, labels) of each round that has some, newest first."""

    labels: int
    gold: int
    rounds: tuple[tuple[int, int, int], ...]


def count(actor: Actor, project_id: int) -> LabelCount:
    """Return how many samples of a project could stand on a bench; for curators, since the numbers tell of gold
    items."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        by_round = _by_round(db, _rounds(db, project_id))
        found = [one for some in by_round.values() for one in some]
        numbers = {row.id: row.number for row in _rounds(db, project_id)}
    rounds = tuple((id_, numbers[id_], len(some)) for id_, some in by_round.items() if some)
    return LabelCount(len(found), sum(one.is_gold for one in found), rounds)


def labelled(db: Session, project_id: int, round_id: int | None = None) -> list[Labelled]:
    """The samples of a round, or of all rounds, newest first."""
    rows = _rounds(db, project_id)
    chosen = [row for row in rows if round_id in (None, row.id)]
    return [one for some in _by_round(db, chosen).values() for one in some]


def of_round(db: Session, actor: Actor, round_id: int) -> list[Labelled]:
    """The samples of one round."""
    row = get_row(db, actor, round_id, Role.curator)
    return _by_round(db, [row]).get(round_id, [])


def _rounds(db: Session, project_id: int) -> list[tables.Round]:
    """The rounds in which people decided, or that have gold items, newest first."""
    row, decision, gold = tables.Round, tables.Decision, tables.GoldItem
    decided = select(decision.id).where(decision.round_id == row.id).exists()
    known = select(gold.sample_id).where(gold.round_id == row.id).exists()
    query = select(row).where(row.project_id == project_id, or_(decided, known)).order_by(row.id.desc())
    return list(db.scalars(query))


def _by_round(db: Session, rows: Sequence[tables.Round]) -> dict[int, list[Labelled]]:
    """The labelled samples by round. A branch begins with copies of another round's texts: each text counts once."""
    found: dict[int, list[Labelled]] = {}
    seen: set[tuple[object, ...]] = set()
    has_copies = any(row.branch_of_id is not None for row in rows)
    total = 0
    for row in rows:
        if total >= ENOUGH:
            break
        some = _of_row(db, row)
        if has_copies:
            keys = _keys(db, [one.sample_id for one in some])
            some = [one for one in some if keys[one.sample_id] not in seen]
            seen |= {keys[one.sample_id] for one in some}
        found[row.id] = some
        total += len(some)
    return found


def _of_row(db: Session, row: tables.Round) -> list[Labelled]:
    gold = set(db.scalars(select(tables.GoldItem.sample_id).where(tables.GoldItem.round_id == row.id)))
    return [
        Labelled(one.text.id, one.accepts, one.score, one.text.id in gold) for one in evidence.witnesses_of(db, row)
    ]


def _keys(db: Session, sample_ids: Sequence[int]) -> dict[int, tuple[object, ...]]:
    """What a sample and its copy have in common."""
    sample, found = tables.Sample, dict[int, tuple[object, ...]]()
    for some in in_chunks(sample_ids):
        query = select(
            sample.id, sample.prompt_id, sample.checkpoint_id, sample.step, sample.kind, sample.position, sample.text
        )
        found |= {id_: tuple(rest) for id_, *rest in db.execute(query.where(sample.id.in_(some)))}
    return found
