"""A file of prompts -> a staging file of checked prompts -> rows.

The file is read and checked first, without the database; the transaction then only inserts. So a bad file costs no
lock, and a crash at any point leaves nothing half-imported.
"""

import csv
import hashlib
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.services.prompt_files import read
from backend.services.prompt_rows import BadRow, Mapping, ParsedPrompt, parse
from backend.values import Split

SHOWN = 200
"""Bad rows, duplicates and overlaps kept in a report; the file beside it lists them all."""
ROWS_AT_ONCE = 10_000
TEXT_AT_ONCE = 8 * 1024**2
"""Characters after which a chunk of rows is full before it has `ROWS_AT_ONCE`: memory stays flat with long rows too."""
COLUMNS = "prompt_set_id, created_at, position, messages, text, answer, extra, content_hash"
HASHES_AT_ONCE = 500

Staged = tuple[int, str, str, str | None, str, bytes]


@dataclass(frozen=True)
class Problem:
    """A row that was left out. `kind`: bad row, duplicate or overlap."""

    line: int
    kind: str
    reason: str


@dataclass
class Problems:
    """Counts all rows that were left out, keeps the first of each kind, and writes every one to a CSV file."""

    out: IO[str]
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Problem]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = csv.writer(self.out)
        self.writer.writerow(["line", "kind", "reason"])

    def add(self, line: int, kind: str, reason: str) -> None:
        """Note a row that is left out, with its line and why."""
        self.counts[kind] += 1
        shown = self.first.setdefault(kind, [])
        if len(shown) < SHOWN:
            shown.append(Problem(line, kind, reason))
        self.writer.writerow([line, kind, reason])


def stage(rows: Iterable[tuple[int, Any]], mapping: Mapping, problems: Problems, out: IO[bytes]) -> int:
    """Write the good prompts to `out` in chunks, each prompt once; return how many rows were seen."""
    seen: dict[int, int] = {}
    chunk: list[Staged] = []
    total = held = 0
    pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
    # Without a memo: no text is in a chunk twice, and to note each of them takes most of the time.
    pickler.fast = True
    for line, row in rows:
        total += 1
        prompt = _prompt(line, row, mapping, problems)
        if prompt is None:
            continue
        # Eight bytes of the hash: at a million prompts, two different ones meet with a chance of 3 in 100 million.
        key = int.from_bytes(prompt.digest[:8], "big")
        if (first := seen.setdefault(key, line)) != line:
            problems.add(line, "duplicate", f"the same prompt as on line {first}")
            continue
        chunk.append((line, *prompt))
        held += len(prompt.messages) + len(prompt.text) + len(prompt.answer or "") + len(prompt.extra)
        if len(chunk) == ROWS_AT_ONCE or held >= TEXT_AT_ONCE:
            pickler.dump(chunk)
            chunk, held = [], 0
    if chunk:
        pickler.dump(chunk)
    return total


def _prompt(line: int, row: Any, mapping: Mapping, problems: Problems) -> ParsedPrompt | None:
    if isinstance(row, str):
        problems.add(line, "bad row", row)
        return None
    try:
        return parse(row, mapping)
    except BadRow as error:
        problems.add(line, "bad row", str(error))
        return None


def staged(path: Path) -> Iterator[list[Staged]]:
    """The chunks of a staging file this process has just written."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def is_held_out(digest: bytes, *, share: float, seed: int) -> bool:
    """Whether a prompt goes to the held-out set: by seed and content, so the order of the file does not matter."""
    drawn = hashlib.sha256(f"{seed}:".encode() + digest).digest()
    return int.from_bytes(drawn[:8], "big") < share * 2**64


@dataclass
class Writer:
    """Inserts staged prompts into the set of their split, in one caller's transaction."""

    db: Session
    project_id: int
    sets: dict[Split, tables.PromptSet]
    share: float
    seed: int
    problems: Problems

    def __post_init__(self) -> None:
        self.others = {split: self._sets_of(opposite(split)) for split in self.sets}
        dialect = self.db.get_bind().dialect
        as_stored = tables.Prompt.__table__.c.created_at.type.dialect_impl(dialect).bind_processor(dialect)
        self.created_at = as_stored(now()) if as_stored else now()

    def _sets_of(self, split: Split) -> dict[int, str]:
        query = select(tables.PromptSet.id, tables.PromptSet.name).where(
            tables.PromptSet.project_id == self.project_id, tables.PromptSet.split == split
        )
        own = {s.id for s in self.sets.values()}
        return {id: name for id, name in self.db.execute(query).tuples() if id not in own}

    def write(self, chunk: list[Staged]) -> None:
        """Insert a chunk, without the prompts that a set of the other split has already."""
        for split, members in self._by_split(chunk).items():
            taken = self._taken(split, [m[5].hex() for m in members]) if self.others[split] else {}
            if taken:
                members = self._without(members, taken, split)
            into = self.sets[split]
            numbered = enumerate(members, into.num_prompts)
            self._insert(into.id, [(place, *row, digest.hex()) for place, (_, *row, digest) in numbered])
            into.num_prompts += len(members)

    def _without(self, members: list[Staged], taken: dict[str, str], split: Split) -> list[Staged]:
        """The prompts that are not taken; the others are noted."""
        left = []
        for member in members:
            hash = member[5].hex()
            if hash in taken:
                there = f"{opposite(split).value.replace('_', '-')} set {taken[hash]!r}"
                self.problems.add(member[0], "overlap", f"the same prompt is in the {there}")
            else:
                left.append(member)
        return left

    def _insert(self, set_id: int, rows: list[tuple[Any, ...]]) -> None:
        """Insert rows (position and what follows it in `COLUMNS`), past the column types.

        Messages and metadata are JSON text already. On SQLite all in one statement, because its full-text index writes
        out what it has gathered at every one; on PostgreSQL by COPY, which costs this process a third of an INSERT.
        """
        if not rows:
            return
        connection = self.db.connection()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("CREATE TEMP TABLE arriving (position, messages, text, answer, extra, hash)")
            connection.exec_driver_sql("INSERT INTO arriving VALUES (?, ?, ?, ?, ?, ?)", rows)
            statement = f"INSERT INTO prompts ({COLUMNS}) SELECT ?, ?, arriving.* FROM arriving ORDER BY rowid"
            connection.exec_driver_sql(statement, (set_id, self.created_at))
            connection.exec_driver_sql("DROP TABLE arriving")
            return
        psycopg: Any = connection.connection.driver_connection
        with psycopg.cursor() as cursor, cursor.copy(f"COPY prompts ({COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((set_id, self.created_at, *row))

    def _by_split(self, chunk: list[Staged]) -> dict[Split, list[Staged]]:
        if len(self.sets) == 1:
            return {next(iter(self.sets)): chunk}
        train: list[Staged] = []
        held_out: list[Staged] = []
        for member in chunk:
            (held_out if is_held_out(member[5], share=self.share, seed=self.seed) else train).append(member)
        return {Split.train: train, Split.held_out: held_out}

    def _taken(self, split: Split, hashes: list[str]) -> dict[str, str]:
        """Which of these prompts the sets of the other split have, and the name of the set."""
        others, prompt = self.others[split], tables.Prompt
        found: dict[str, str] = {}
        for start in range(0, len(hashes), HASHES_AT_ONCE):
            query = select(prompt.content_hash, prompt.prompt_set_id).where(
                prompt.prompt_set_id.in_(others), prompt.content_hash.in_(hashes[start : start + HASHES_AT_ONCE])
            )
            found |= {hash: others[set_id] for hash, set_id in self.db.execute(query).tuples()}
        return found


def opposite(split: Split) -> Split:
    """Held out for train, train for held out."""
    return Split.train if split is Split.held_out else Split.held_out


@contextmanager
def problem_file(path: Path) -> Iterator[Problems]:
    """A CSV file that receives every row that is left out."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        yield Problems(out)


def read_and_stage(source: Path, mapping: Mapping, problems: Problems, target: Path) -> int:
    """Read a whole file into a staging file; return how many rows it has."""
    with target.open("wb") as out:
        return stage(read(source), mapping, problems, out)
