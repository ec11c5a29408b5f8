"""Texts that a group has more than once: what is decided of one of them counts for the others when rows are selected.

They are the same where `selectors.with_twins` takes them for the same: equal but for white space around them. Of
episodes, and of long texts that differ in that white space, none is taken for a repeat.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.pipeline.informativeness.signs import JudgedSample

BEHIND = 2.0
"""Taken from the informativeness, 0 to 1, of a repeat: what is below 0 comes after everything that is not."""
TEXTS_AT_ONCE = 100
"""Long texts of one statement: bounds the memory that they take. Set by hand, not measured."""


def identify(db: Session, samples: Iterable[JudgedSample], read: int) -> None:
    """Set `same` of these samples: equal within a group for texts that are the same. read: characters of `text`."""
    alike: dict[tuple[int, int, str], list[JudgedSample]] = defaultdict(list)
    for sample in samples:
        if sample.is_episode:
            sample.same = sample.id
        elif sample.length <= read:
            sample.same = sample.text.strip()
        else:
            sample.same = sample.id
            alike[sample.group, sample.length, sample.text].append(sample)
    long = {sample.id: sample for some in alike.values() if len(some) > 1 for sample in some}
    for ids in in_chunks([*long], TEXTS_AT_ONCE):
        query = select(tables.Sample.id, tables.Sample.text).where(tables.Sample.id.in_(ids))
        for id_, text in db.execute(query):
            long[id_].same = hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=16).digest()


def put_behind(values: Sequence[float], first: Sequence[int]) -> list[float]:
    """Return the values by which samples are ordered: of the same texts all but the most informative are put behind.

    first: for each sample the place of the first one with its text.
    """
    best: dict[int, int] = {}
    for place, text in enumerate(first):
        if values[place] > values[best.setdefault(text, place)]:
            best[text] = place
    return [value if best[first[place]] == place else value - BEHIND for place, value in enumerate(values)]
