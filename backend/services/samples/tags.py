"""Tags on samples: short words by which people find samples again. They change no label."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.filter_tests import read_tag
from backend.db.filters import Filters
from backend.db.inserting import insert_into
from backend.db.many import in_chunks
from backend.errors import InvalidInput, NotFound
from backend.services import archived, events
from backend.services.access import Actor, find, role_of
from backend.services.decisions import bulk, own_words
from backend.services.questions import filtering
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.services.samples.rows import SampleRow
from backend.values import Role

MOST_AT_ONCE = 10
AT_ONCE = 200
"""Samples in one statement: each of ten tags has six parameters."""
MOST_OF_SAMPLE = 50
"""So many tags one person puts to a sample."""
LOCK = 0x7A65
"""The class of the advisory locks that let one change of a round's tags follow the other on PostgreSQL."""


@dataclass(frozen=True)
class Tagged:
    """How many samples have other tags than before."""

    number: int


@dataclass(frozen=True)
class SampleTags:
    """The tags of a sample, as far as one sees them, and those of one's own among them."""

    tags: tuple[str, ...]
    own: tuple[str, ...]


def of_sample(actor: Actor, sample_id: int) -> SampleTags:
    """What people put to a sample; while a review hides what colleagues say of it, one's own alone."""
    with reading() as db:
        sample = find(db, actor, tables.Sample, sample_id, Role.viewer)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        round_ = get_row(db, actor, sample.round_id)
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse_hidden(kept, round_, sample)
        put = of_samples(db, [sample_id]).get(sample_id, [])
        is_own = bool(kept) and not own_words.decided(db, actor, [sample_id])
    return SampleTags(_seen(put, actor, is_own=is_own), _seen(put, actor, is_own=True))


def change(
    actor: Actor,
    sample_ids: Sequence[int],
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    round_id: int | None = None,
) -> Tagged:
    """Put tags to samples of one round, and take others away; it takes a reviewer. `round_id`: they have to be its.

    Everybody takes away tags of their own; a curator everybody's. Raises `NotFound` for a sample that is not there.
    """
    added, removed = _read(add, remove)
    with session() as db:
        sample, ids = tables.Sample, sorted(set(sample_ids))
        known = {
            row.id: row for chunk in in_chunks(ids) for row in db.scalars(select(sample).where(sample.id.in_(chunk)))
        }
        mine = {
            project_id
            for project_id in {row.project_id for row in known.values()}
            if role_of(db, actor, project_id) is not None
        }
        for id_ in ids:
            if id_ not in known or known[id_].project_id not in mine:
                raise NotFound(f"There is no sample {id_}. It may have been deleted with its round.")
        round_ids = {row.round_id for row in known.values()} | ({round_id} if round_id is not None else set())
        if len(round_ids) != 1:
            raise InvalidInput("Tag samples of one round at a time, and name at least one sample.")
        round_ = _hold(db, actor, round_ids.pop())
        kept = visibility.hidden(db, actor, round_)
        for row in known.values():
            visibility.refuse_hidden(kept, round_, row)
        return Tagged(_write(db, actor, round_, ids, added, removed))


def change_all(
    actor: Actor, round_id: int, filters: Filters, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> Tagged:
    """The same for everything that the filter finds, up to 100,000 samples of one round; it takes a curator."""
    added, removed = _read(add, remove)
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        ids = bulk.matching(db, round_id, filters, filtering.among(db, actor, round_, filters))
    with session() as db:
        return Tagged(_write(db, actor, _hold(db, actor, round_id, Role.curator), ids, added, removed))


def with_tags(db: Session, actor: Actor, kept: visibility.Hidden, rows: Sequence[SampleRow]) -> list[SampleRow]:
    """The rows with their tags; while a review hides something, of those not decided on one's own tags alone."""
    by_id = of_samples(db, [row.id for row in rows])
    return [
        replace(row, tags=_seen(by_id[row.id], actor, is_own=bool(kept) and row.is_hidden)) if row.id in by_id else row
        for row in rows
    ]


def of_samples(db: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, int | None]]]:
    """The tags of samples, each with who put it; samples without any are left out."""
    row, by_id = tables.SampleTag, dict[int, list[tuple[str, int | None]]]()
    for chunk in in_chunks(ids):
        query = select(row.sample_id, row.tag, row.user_id).where(row.sample_id.in_(chunk))
        for sample_id, tag, user_id in db.execute(query.order_by(row.tag)):
            by_id.setdefault(sample_id, []).append((tag, user_id))
    return by_id


class Exported:
    """The tags of the samples of an export, as JSON; nothing is read of a round without any."""

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, kept: visibility.Hidden) -> None:
        self._db, self._actor, self._kept = db, actor, bool(kept)
        row = tables.SampleTag
        self._has_some = db.scalar(select(row.id).where(row.round_id == round_.id).limit(1)) is not None

    def of(self, ids: Sequence[int], known: Collection[int]) -> dict[int, str]:
        """`known`: samples of which nothing is hidden."""
        by_id = of_samples(self._db, ids) if self._has_some else {}
        return {
            id_: json.dumps(_seen(tags, self._actor, is_own=self._kept and id_ not in known), ensure_ascii=False)
            for id_, tags in by_id.items()
        }


def _seen(tags: Sequence[tuple[str, int | None]], actor: Actor, *, is_own: bool) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag, user_id in tags if not is_own or user_id == actor.user_id))


def _read(add: Sequence[str], remove: Sequence[str]) -> tuple[list[str], list[str]]:
    added, removed = ([*dict.fromkeys(map(read_tag, tags))] for tags in (add, remove))
    if not added and not removed:
        raise InvalidInput("No tag is named. Type one, or several with commas between them.")
    if len(added) + len(removed) > MOST_AT_ONCE:
        raise InvalidInput(f"Up to {MOST_AT_ONCE} tags are changed at once. Leave some out.")
    if both := sorted({*added} & {*removed}):
        raise InvalidInput(f"The tag {both[0]!r} cannot be put and taken away at once. Do one of the two.")
    return added, removed


def _hold(db: Session, actor: Actor, round_id: int, role: Role = Role.reviewer) -> tables.Round:
    """The round, kept from being archived, with nobody else changing its tags until the caller's transaction ends.

    Two who did at once would each hold rows that the other waits for, as where one takes away what the other puts.
    """
    round_ = get_row(db, actor, round_id, role)
    archived.refuse_held(db, round_id)
    if db.get_bind().dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(LOCK, round_id % 2**31)))
    return round_


def _write(
    db: Session, actor: Actor, round_: tables.Round, ids: Sequence[int], added: Sequence[str], removed: Sequence[str]
) -> int:
    """Write and delete the rows; return how many samples changed."""
    row, changed, at = tables.SampleTag, set[int](), now()
    role = role_of(db, actor, round_.project_id)
    is_everybodys = role is not None and role.rank >= Role.curator.rank
    place = {"project_id": round_.project_id, "round_id": round_.id, "user_id": actor.user_id}
    for chunk in in_chunks(ids, AT_ONCE):
        here = row.sample_id.in_(chunk)
        if removed:
            whose = () if is_everybodys else (row.user_id == actor.user_id,)
            gone = (here, row.tag.in_(removed), *whose)
            changed.update(db.scalars(select(row.sample_id).where(*gone)))
            db.execute(delete(row).where(*gone))
        if added:
            own = (here, row.user_id == actor.user_id)
            values = [place | {"sample_id": id_, "tag": tag, "created_at": at} for id_ in chunk for tag in added]
            # The same person may have put it in another tab.
            put = insert_into(db, row).values(values).on_conflict_do_nothing().returning(row.sample_id)
            changed.update(db.scalars(put))
            _refuse_more(db, own)
    what = f"{len(changed):,} samples of round {round_.number}"
    words = {"added": [*added], "removed": [*removed]}
    events.note(db, actor, "tag samples", what, project_id=round_.project_id, round_id=round_.id, **words)
    return len(changed)


def _refuse_more(db: Session, own: Sequence[ColumnElement[bool]]) -> None:
    row = tables.SampleTag
    number = func.count()
    most = select(row.sample_id, number).where(*own).group_by(row.sample_id)
    full = db.execute(most.having(number > MOST_OF_SAMPLE).limit(1)).one_or_none()
    if full is not None:
        raise InvalidInput(
            f"Sample {full[0]} would have {full[1]} tags of yours, and {MOST_OF_SAMPLE} is the most. Take some away."
        )
