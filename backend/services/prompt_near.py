"""Near-duplicates across the splits: a warning, where a held-out prompt is almost one that is trained on.

Plain code and no library: what finds near-duplicates in a hurry (MinHash in datasketch or rensa) must also be told
that other numbers make another question, or every pair of generated sums is one; with that in the key, an index of
each text's few smallest hashes and an exact comparison of the candidates is all there is left to do.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.sameness import normal
from backend.services.prompt_writer import Writer, opposite
from backend.values import Split

ALIKE = 0.8
"""Least share of common word triples (Jaccard)."""
MOST = 20_000
"""Prompts of each side that are compared."""
LEAST_WORDS = 5
SMALLEST = 4
CANDIDATES = 20
LONGEST = 4000
_WORD = re.compile(r"\w+")


def triples(text: str) -> tuple[frozenset[int], int]:
    """Hashes of the text's word triples, and one of its numbers; nothing for a text of a few words.

    Texts without blanks between words (Chinese, Japanese, Thai) are cut into characters.
    """
    words = _WORD.findall(normal(text[:LONGEST]))
    if len(words) < LEAST_WORDS:
        words = [c for word in words for c in word] if not all(map(str.isascii, words)) else []
    if len(words) < LEAST_WORDS:
        return frozenset(), 0
    numbers = zlib.crc32(" ".join(sorted(w for w in words if w.isdecimal())).encode())
    spelled = zip(words, words[1:], words[2:], strict=False)
    return frozenset(zlib.crc32(" ".join(three).encode()) for three in spelled), numbers


class Index:
    """Texts that others are compared with."""

    def __init__(self) -> None:
        self.sets: list[frozenset[int]] = []
        self.names: list[str] = []
        self.by_key: dict[tuple[int, int], list[int]] = defaultdict(list)

    def add(self, text: str, name: str) -> None:
        """Take in a text under a name."""
        found, numbers = triples(text)
        for key in sorted(found)[:SMALLEST]:
            self.by_key[numbers, key].append(len(self.sets))
        self.sets.append(found)
        self.names.append(name)

    def find(self, text: str) -> tuple[str, float] | None:
        """The name of the text most like this one and how alike they are; None where none is alike enough."""
        found, numbers = triples(text)
        places = {n for key in sorted(found)[:SMALLEST] for n in self.by_key.get((numbers, key), ())[:CANDIDATES]}
        best = max(((len(found & self.sets[n]) / len(found | self.sets[n]), -n) for n in places), default=(0.0, 0))
        return (self.names[-best[1]], best[0]) if best[0] >= ALIKE else None


def note(db: Session, project_id: int, writer: Writer) -> str:
    """Note the prompts of an import that are nearly one of the other split; return what was left uncompared."""
    cut = False
    for split, own in writer.sets.items():
        index, others = Index(), _sets(db, project_id, opposite(split))
        if split is Split.train and Split.held_out in writer.sets:
            others.pop(writer.sets[Split.held_out].id, None)  # compared from its side
        total = 0
        for set_id, name in others.items():
            for position, text in _texts(db, set_id):
                if total == MOST:
                    break
                index.add(text, f"prompt {position} of {name!r}")
                total += 1
        for seen, (position, text) in enumerate(_texts(db, own.id) if index.sets else ()):
            if seen == MOST:
                break
            if (alike := index.find(text)) is not None:
                what = f"{alike[1]:.0%} alike: {alike[0]} in the {opposite(split).value.replace('_', '-')} sets (kept)"
                writer.problems.add(writer.numbers[split][position], "near duplicate", what)
        cut = cut or total == MOST or (bool(index.sets) and own.num_prompts > MOST)
    return f"Near-duplicates were looked for among the first {MOST:,} prompts of each side" if cut else ""


def _sets(db: Session, project_id: int, split: Split) -> dict[int, str]:
    row = tables.PromptSet
    query = select(row.id, row.name).where(row.project_id == project_id, row.split == split, row.num_prompts > 0)
    return dict(db.execute(query.order_by(row.id.desc())).tuples().all())


def _texts(db: Session, set_id: int) -> Iterator[tuple[int, str]]:
    row = tables.Prompt
    query = select(row.position, row.text).where(row.prompt_set_id == set_id).order_by(row.position).limit(MOST)
    yield from db.execute(query).tuples()
