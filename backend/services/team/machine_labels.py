"""What the machine said of samples that people decided: kept as long as no job and no import can have changed it.

One call at a time reads those of a round in a process. Memory: 17 bytes a sample, and about 150 a sample of a group
that is decided as a whole. Beside `MOST_ROWS` the round that was asked for last is kept whatever its size.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from sys import intern
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among, in_chunks
from backend.services.decisions.cast_votes import ACCEPT, NO_VERDICT, REJECT
from backend.services.rounds import round_versions
from backend.services.rounds.reading_lock import one_at_a_time
from backend.values import Verdict

AT_ONCE = 5_000
"""The labels of so many samples are read by one statement."""
MOST_ROUNDS, MOST_ROWS = 16, 2_000_000
"""The labels of so many rounds are kept, of so many samples together, those of groups counted, too."""
CODES = {None: NO_VERDICT, Verdict.reject: REJECT, Verdict.accept: ACCEPT}


@dataclass(frozen=True)
class MachineLabels:
    """One line a sample, in order of their numbers: the verdict as in `cast_votes`, and the score, NaN without one."""

    sample: Any
    verdict: Any
    score: Any


@dataclass(frozen=True)
class GroupLabels:
    """Of groups that are decided as a whole: the place of each sample in its group, and the best of each group.

    A place is a word that sorts; of equal texts the first one's. The best is that of the one text with the highest
    score; of several it is a tie, and a group without scores has none.
    """

    places: dict[int, str] = field(default_factory=dict)
    best: dict[int, str] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)


@dataclass
class _Kept:
    version: round_versions.Version
    samples: MachineLabels
    groups: GroupLabels

    def __len__(self) -> int:
        return len(self.samples.sample) + len(self.groups.places)


_kept: "OrderedDict[tuple[Any, ...], _Kept]" = OrderedDict()
_lock = Lock()


def of(db: Session, round_: tables.Round, samples: Any, groups: Sequence[int]) -> tuple[MachineLabels, GroupLabels]:
    """The labels of these samples of a round, an array in order, and of these groups; with others that are kept."""
    key = (str(db.get_bind().engine.url), round_.id)
    with one_at_a_time(key):
        version = round_versions.of_machine(db, round_)
        with _lock:
            kept = _kept.get(key)
        if kept is None or kept.version != version:
            kept = _Kept(version, _labels([]), GroupLabels())
        new = np.setdiff1d(samples, kept.samples.sample, assume_unique=True)
        new_groups = [group_id for group_id in groups if group_id not in kept.groups.known]
        if len(new) or new_groups:
            of_samples = _joined(kept.samples, _read(db, new.tolist())) if len(new) else kept.samples
            kept = _Kept(version, of_samples, _with_groups(db, kept.groups, new_groups) if new_groups else kept.groups)
        with _lock:
            _keep(key, kept)
    return kept.samples, kept.groups


def _keep(key: tuple[Any, ...], kept: _Kept) -> None:
    _kept[key] = kept
    _kept.move_to_end(key)
    while len(_kept) > MOST_ROUNDS or (len(_kept) > 1 and sum(map(len, _kept.values())) > MOST_ROWS):
        _kept.popitem(last=False)


def _read(db: Session, sample_ids: Sequence[int]) -> MachineLabels:
    label, rows = tables.Label, list[Any]()
    for chunk in in_chunks(sample_ids, AT_ONCE):
        query = select(label.sample_id, label.machine_verdict, label.machine_score)
        rows += db.execute(query.where(among(label.sample_id, chunk))).all()
    # A sample without a label has none later either: it is not asked for again.
    missing = set(sample_ids) - {row.sample_id for row in rows}
    return _labels([*rows, *((id_, None, None) for id_ in missing)])


def _labels(rows: Sequence[Any]) -> MachineLabels:
    listed = sorted(rows, key=lambda row: row[0])
    return MachineLabels(
        np.array([id_ for id_, _, _ in listed], dtype=np.int64),
        np.array([CODES[verdict] for _, verdict, _ in listed], dtype=np.int8),
        np.array([np.nan if score is None else score for _, _, score in listed], dtype=np.float64),
    )


def _joined(first: MachineLabels, second: MachineLabels) -> MachineLabels:
    ids = np.concatenate([first.sample, second.sample])
    order = np.argsort(ids)
    columns = ((first.verdict, second.verdict), (first.score, second.score))
    return MachineLabels(ids[order], *(np.concatenate(both)[order] for both in columns))


def _with_groups(db: Session, before: GroupLabels, group_ids: Sequence[int]) -> GroupLabels:
    """These groups beside those before, which others are reading and which stay as they are."""
    sample, label = tables.Sample, tables.Label
    kept = GroupLabels(before.places.copy(), before.best.copy(), before.known.copy())
    for chunk in in_chunks(group_ids):
        first: dict[tuple[int, str], str] = {}
        scores: dict[int, dict[int, float]] = {}
        query = select(sample.id, sample.group_id, sample.position, sample.text, label.machine_score)
        query = query.outerjoin(label, label.sample_id == sample.id)
        query = query.where(among(sample.group_id, chunk), sample.kind.in_(tables.JUDGED)).order_by(sample.position)
        for id_, group_id, position, text, score in db.execute(query):
            kept.places[id_] = first.setdefault((group_id, text.strip()), intern(f"{position + 1:03}"))
            if score is not None:
                scores.setdefault(group_id, {})[id_] = score
        for group_id, of_group in scores.items():
            highest = {kept.places[id_] for id_, score in of_group.items() if score == max(of_group.values())}
            kept.best[group_id] = highest.pop() if len(highest) == 1 else "tie"
        kept.known.update(chunk)
    return kept
