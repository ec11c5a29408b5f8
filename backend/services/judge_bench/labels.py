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
    """One sample with people's verdict, or with its known label."""

    sample_id: int
    accepts: bool
    score: float | None
    is_gold: bool


@dataclass(frozen=True)
class LabelCount:
    """How many labels count. `rounds`: (id, number, labels) of each round that has some, newest first; a text that a
    branch copied counts in each of them, and once in `labels`. Rounds that were not looked at have None;
    `is_all`: there are none of these."""

    labels: int
    gold: int
    rounds: tuple[tuple[int, int, int | None], ...]
    is_all: bool


def count(actor: Actor, project_id: int) -> LabelCount:
    """Return how many samples of a project could stand on a bench; for curators, since the numbers tell of gold
    items."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        rows = _rounds(db, project_id)
        by_round = _by_round(db, rows)
    labelled = [label for some, _ in by_round.values() for label in some]
    counts = [(row.id, row.number, by_round[row.id][1] if row.id in by_round else None) for row in rows]
    rounds = tuple(count for count in counts if count[2] != 0)
    return LabelCount(len(labelled), sum(label.is_gold for label in labelled), rounds, len(by_round) == len(rows))


def labelled(db: Session, project_id: int, round_id: int | None = None) -> list[Labelled]:
    """The samples of a round, or of all rounds, newest first, until there are enough."""
    rows = _rounds(db, project_id)
    chosen = [row for row in rows if round_id in (None, row.id)]
    return [label for some, _ in _by_round(db, chosen).values() for label in some]


def of_round(db: Session, actor: Actor, round_id: int) -> list[Labelled]:
    """The samples of one round."""
    row = get_row(db, actor, round_id, Role.curator)
    return _of_row(db, row)


def _rounds(db: Session, project_id: int) -> list[tables.Round]:
    """The rounds in which people decided, or that have gold items, newest first."""
    row, decision, gold = tables.Round, tables.Decision, tables.GoldItem
    decided = select(decision.id).where(decision.round_id == row.id).exists()
    known = select(gold.sample_id).where(gold.round_id == row.id).exists()
    query = select(row).where(row.project_id == project_id, or_(decided, known)).order_by(row.id.desc())
    return list(db.scalars(query))


def _by_round(db: Session, rows: Sequence[tables.Round]) -> dict[int, tuple[list[Labelled], int]]:
    """The labelled samples by round, and how many the round has alone. A branch begins with copies of another round's
    texts: each text stands in one of them."""
    by_round: dict[int, tuple[list[Labelled], int]] = {}
    seen: set[tuple[object, ...]] = set()
    has_copies = any(row.branch_of_id is not None for row in rows)
    total = 0
    for row in rows:
        if total >= ENOUGH:
            break
        some = _of_row(db, row)
        alone = len(some)
        if has_copies:
            keys = _keys(db, [label.sample_id for label in some])
            some = [label for label in some if keys[label.sample_id] not in seen]
            seen |= {keys[label.sample_id] for label in some}
        by_round[row.id] = (some, alone)
        total += len(some)
    return by_round


def _of_row(db: Session, row: tables.Round) -> list[Labelled]:
    gold = set(db.scalars(select(tables.GoldItem.sample_id).where(tables.GoldItem.round_id == row.id)))
    return [
        Labelled(witness.text.id, witness.accepts, witness.score, witness.text.id in gold)
        for witness in evidence.witnesses_of(db, row)
    ]


def _keys(db: Session, sample_ids: Sequence[int]) -> dict[int, tuple[object, ...]]:
    """What a sample and its copy have in common."""
    sample, keys = tables.Sample, dict[int, tuple[object, ...]]()
    for some in in_chunks(sample_ids):
        query = select(
            sample.id, sample.prompt_id, sample.checkpoint_id, sample.step, sample.kind, sample.position, sample.text
        )
        keys |= {id_: tuple(rest) for id_, *rest in db.execute(query.where(sample.id.in_(some)))}
    return keys
