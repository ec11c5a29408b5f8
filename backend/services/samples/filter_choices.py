"""What the filters by people, checkpoints, judges and tags can ask of a round."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import among
from backend.services.access import Actor
from backend.services.rounds import get_row, review_scope
from backend.services.samples import visibility

LOOKED_AT = 1_000
"""So many samples are looked at for who wrote and who judged; of more, in blocks all over the round."""
IN_BLOCK = 20
MOST_TAGS = 100
TAGS_READ = 500
"""The first ones by name; of these the most frequent ones are given."""
MOST_COUNTED = 1_000
MOST_PEOPLE = 500


@dataclass(frozen=True)
class NamedId:
    id: int
    name: str


@dataclass(frozen=True)
class TagCount:
    """A tag, and how many samples of the round have it; `MOST_COUNTED` means at least so many."""

    tag: str
    count: int


@dataclass(frozen=True)
class FilterChoices:
    """`reviewers`: who decided something. `checkpoints`: which wrote samples. `judges`: the names of those that judged,
    `judging_checkpoints` which did. Of a round of more than `LOOKED_AT` samples checkpoints and judges are those of a
    part of it. What a review hides from who asks is left out.
    """

    reviewers: tuple[NamedId, ...] = ()
    checkpoints: tuple[NamedId, ...] = ()
    judges: tuple[str, ...] = ()
    judging_checkpoints: tuple[NamedId, ...] = ()
    tags: tuple[TagCount, ...] = ()


def read(actor: Actor, round_id: int, *, with_tags: bool = True) -> FilterChoices:
    """The choices of a round, as far as the actor may filter by them. `with_tags`: also those that are typed."""
    judgment, sample = tables.Judgment, tables.Sample
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        kept = visibility.hidden(db, actor, round_)
        # Who wrote what is hidden stays hidden.
        ids = _looked_at(db, round_id, review_scope.steps_shown(round_) if kept.judge else ())
        wrote = select(sample.checkpoint_id).where(among(sample.id, ids)).distinct()
        judged = select(judgment.judge, judgment.checkpoint_id).where(among(judgment.sample_id, ids)).distinct()
        judges = [] if kept.judge else list(db.execute(judged).tuples())
        tags = _tags(db, round_id) if with_tags and not kept else []
        people = [actor.user_id] if kept else _people(db, round_id)
        return FilterChoices(
            _named(db, tables.User, people),
            _named(db, tables.Checkpoint, list(db.scalars(wrote))),
            tuple(sorted({judge for judge, _ in judges})),
            _named(db, tables.Checkpoint, [checkpoint_id for _, checkpoint_id in judges]),
            tuple(tags),
        )


def _looked_at(db: Session, round_id: int, steps: Sequence[int]) -> list[int]:
    """All samples of a round, or blocks of them at the same distance in their numbers. `steps`: of these alone."""
    sample = tables.Sample
    here = select(sample.id).where(sample.round_id == round_id).order_by(sample.id)
    here = here.where(sample.step.in_(steps)) if steps else here
    ids = list(db.scalars(here.limit(LOOKED_AT + 1)))
    if len(ids) <= LOOKED_AT:
        return ids
    last = db.scalar(select(func.max(sample.id)).where(sample.round_id == round_id)) or ids[-1]
    first, blocks = ids[0], LOOKED_AT // IN_BLOCK
    starts = [first + n * (last - first) // (blocks - 1) for n in range(blocks)]
    blocks_of_ids = (db.scalars(here.where(sample.id >= start).limit(IN_BLOCK)) for start in starts)
    return sorted({id_ for block in blocks_of_ids for id_ in block})


def _tags(db: Session, round_id: int) -> list[TagCount]:
    """The most frequent tags, by skipping from one to the next in the index."""
    row, counted = tables.SampleTag, list[TagCount]()
    tag = db.scalar(select(func.min(row.tag)).where(row.round_id == round_id))
    while tag is not None and len(counted) < TAGS_READ:
        some = select(row.sample_id).where(row.round_id == round_id, row.tag == tag).distinct().limit(MOST_COUNTED)
        counted.append(TagCount(tag, db.scalar(select(func.count()).select_from(some.subquery())) or 0))
        tag = db.scalar(select(func.min(row.tag)).where(row.round_id == round_id, row.tag > tag))
    return sorted(counted, key=lambda known: (-known.count, known.tag))[:MOST_TAGS]


def _people(db: Session, round_id: int) -> list[int]:
    """Who decided, by skipping from one person to the next in the index."""
    decision, people, last = tables.Decision, list[int](), 0
    while len(people) < MOST_PEOPLE:
        following = select(func.min(decision.user_id)).where(decision.round_id == round_id, decision.user_id > last)
        user_id = db.scalar(following)
        if user_id is None:
            break
        people.append(user_id)
        last = user_id
    return people


def _named(
    db: Session, table: type[tables.User] | type[tables.Checkpoint], ids: Sequence[int | None]
) -> tuple[NamedId, ...]:
    """Rows with their names, by name."""
    known = sorted({id_ for id_ in ids if id_ is not None})
    query = select(table.id, table.name).where(table.id.in_(known)).order_by(table.name, table.id)
    return tuple(NamedId(id_, name) for id_, name in db.execute(query))
