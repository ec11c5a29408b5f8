"""Near-duplicates across the splits: a warning, where a held-out prompt is almost one that is trained on.

Plain code and no library: what finds near-duplicates in a hurry (MinHash in datasketch or rensa) must also be told
that other numbers make another question, or every pair of generated sums is one; with that in the key, an index of
each text's few smallest hashes and an exact comparison of the candidates is all there is left to do.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.near_duplicates import ALIKE, triples
from backend.services.prompts.writer import Writer, opposite
from backend.values import Split

MOST = 10_000
"""Prompts of each side that are compared."""
SMALLEST = 4
CANDIDATES = 20
USES = {Split.train: "held out", Split.held_out: "trained on"}
"""What the other side is, by the split of this one."""


class NearDuplicateIndex:
    """Texts that others are compared with."""

    def __init__(self) -> None:
        self.sets: list[frozenset[int]] = []
        self.places: list[tuple[str, int]] = []
        self.by_key: dict[tuple[int, int], list[int]] = defaultdict(list)

    def add(self, text: str, name: str, position: int) -> None:
        """Take in a text with the name of its set and its position there."""
        runs, numbers = triples(text)
        for key in sorted(runs)[:SMALLEST]:
            self.by_key[numbers, key].append(len(self.sets))
        self.sets.append(runs)
        self.places.append((name, position))

    def find(self, text: str) -> tuple[str, int, float] | None:
        """Set and position of the text most like this one, and how alike they are; None where none is alike enough."""
        runs, numbers = triples(text)
        places = {
            number for key in sorted(runs)[:SMALLEST] for number in self.by_key.get((numbers, key), ())[:CANDIDATES]
        }
        best = max(
            ((len(runs & self.sets[number]) / len(runs | self.sets[number]), -number) for number in places),
            default=(0.0, 0),
        )
        return (*self.places[-best[1]], best[0]) if best[0] >= ALIKE else None


def note(db: Session, project_id: int, writer: Writer) -> str:
    """Note the prompts of an import that are nearly one of the other split; return what was left uncompared.

    The held-out side is the one that is kept in memory: it is the smaller one as a rule.
    """
    is_cut = False
    for split, own in writer.sets.items():
        # Those of this import may stand in a hidden project still.
        others = _sets(db, {project_id, own.project_id}, opposite(split))
        if split is Split.train and Split.held_out in writer.sets:
            others.pop(writer.sets[Split.held_out].id, None)  # compared from its side
        if not others or not own.num_prompts:
            continue
        ours, theirs = list(islice(_texts(db, {own.id: own.name}), MOST)), islice(_texts(db, others), MOST)
        held, trained = (ours, theirs) if split is Split.held_out else (theirs, ours)
        index = NearDuplicateIndex()
        for name, position, text in held:
            index.add(text, name, position)
        compared = 0
        for name, position, text in trained:
            compared += 1
            if (alike := index.find(text)) is not None:
                other_name, other_position, share = alike
                if split is Split.held_out:
                    name, position, other_name, other_position = other_name, other_position, name, position
                number = writer.numbers[split][position]
                if not number:
                    continue
                what = f"{share:.0%} alike: prompt {other_position} of {other_name!r}, which is {USES[split]} (kept)"
                writer.problems.add(number, "near duplicate", what)
        is_cut = is_cut or MOST in (len(index.sets), compared)
    return f"Near-duplicates were looked for among the first {MOST:,} prompts of each side" if is_cut else ""


def _sets(db: Session, project_ids: set[int], split: Split) -> dict[int, str]:
    row = tables.PromptSet
    query = select(row.id, row.name).where(row.project_id.in_(project_ids), row.split == split, row.num_prompts > 0)
    return dict(db.execute(query.order_by(row.id.desc())).tuples().all())


def _texts(db: Session, sets: dict[int, str]) -> Iterator[tuple[str, int, str]]:
    """Name of the set, position and text of the prompts of these sets, one set after the other."""
    row = tables.Prompt
    for set_id, name in sets.items():
        query = select(row.position, row.text).where(row.prompt_set_id == set_id).order_by(row.position).limit(MOST)
        for position, text in db.execute(query).tuples():
            yield name, position, text
