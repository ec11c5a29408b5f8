"""A file of prompts -> a staging file of checked prompts -> rows.

The file is read and checked first, without the database; the transaction then only inserts (`prompt_writer`). So a
bad file costs no lock, and a crash at any point leaves nothing half-imported.
"""

import csv
import hashlib
import json
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from backend.errors import InvalidInput
from backend.services.prompts.choices import ANY, Places
from backend.services.prompts.files import PromptFile
from backend.services.prompts.formats import known_names
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.row_completions import RowCompletion
from backend.services.prompts.rows import BadRow, ParsedPrompt, parse

SHOWN = 200
"""Bad rows, duplicates and overlaps kept in a report; the file beside it lists them all."""
ROWS_AT_ONCE = 10_000
TEXT_AT_ONCE = 8 * 1024**2
"""Characters after which a chunk of rows is full before it has `ROWS_AT_ONCE`: memory stays flat with long rows too."""


class StagedPrompt(NamedTuple):
    """A checked prompt. `messages` None: a row that only brings further completions to a prompt before it."""

    number: int
    messages: str | None
    text: str
    answer: str | None
    extra: str
    key: int
    digest: bytes
    completions: tuple[tuple[int, str, str], ...] = ()
    """Position, text and note (as JSON) of each."""
    external_id: str | None = None


StagedRow = tuple[Any, ...]
"""The values of a `StagedPrompt`: a plain tuple is written and read in half the time."""


@dataclass(frozen=True)
class RowProblem:
    """A row that something is said of. `kind`: bad row, duplicate or overlap, which are left out, or near duplicate."""

    line: int
    kind: str
    reason: str


@dataclass
class Problems:
    """Counts all rows that something is said of, keeps the first of each kind, and writes each to a CSV file."""

    out: IO[str]
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[RowProblem]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = csv.writer(self.out)
        self.writer.writerow(["line", "kind", "reason"])

    def add(self, line: int, kind: str, reason: str) -> None:
        """Note a row, with its line (or place) and why."""
        self.counts[kind] += 1
        shown = self.first.setdefault(kind, [])
        if len(shown) < SHOWN:
            shown.append(RowProblem(line, kind, reason))
        self.writer.writerow([line, kind, reason])

    def clear(self) -> None:
        """Forget everything: the file is read again."""
        self.counts.clear()
        self.first.clear()
        self.out.seek(0)
        self.out.truncate()
        self.writer.writerow(["line", "kind", "reason"])


class LateColumn(Exception):
    """A row behind those that were looked at is the first with a column of a known name."""

    def __init__(self, number: int, row: dict[str, Any]) -> None:
        super().__init__(number)
        self.number, self.row = number, row


@dataclass
class Stager:
    """Checks rows under a mapping and writes the good prompts, each once, to a staging file in chunks.

    `known`: the columns of the rows that were looked at. `is_chosen`: a person chose the mapping.
    """

    mapping: Mapping
    problems: Problems
    known: set[str] | None = None
    is_chosen: bool = False
    unit: str = "line"
    places: Places = ANY
    ignored: Counter[str] = field(default_factory=Counter)
    late: dict[str, int] = field(default_factory=dict)
    num_rows: int = 0
    num_merged: int = 0

    def __post_init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.num_completions: Counter[int] = Counter()
        self.told: set[int] = set()
        self.ids: set[int] = set()
        self.names = known_names()

    def stage(self, rows: Iterable[tuple[int, Any]], out: IO[bytes]) -> int:
        """Write the good prompts of these rows to `out`; return how many rows were seen."""
        chunk: list[StagedRow] = []
        held = 0
        pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
        # Without a memo: no text is in a chunk twice, and to note each of them takes most of the time.
        pickler.fast = True
        known, mapping, seen, problems = self.known, self.mapping, self.seen, self.problems
        for number, row in rows:
            self.num_rows += 1
            if isinstance(row, str):
                problems.add(number, "bad row", row)
                continue
            if known is not None and not known.issuperset(row):
                self._meet(number, row, known)
            try:
                prompt = parse(row, mapping, self.places)
            except BadRow as error:
                problems.add(number, "bad row", str(error))
                continue
            # Eight bytes of the hash: at a million prompts, two different ones meet with a chance of 3 in 100 million.
            key = int.from_bytes(prompt.digest[:8], "big")
            if prompt.external_id is not None and not self._is_own_id(number, key, prompt.external_id):
                continue
            if key in seen or prompt.completions or prompt.ignored:
                staged = self._with_completions(number, key, prompt)
                if staged is None:
                    continue
                held += sum(len(text) + len(note) for _, text, note in staged[7])
            else:
                staged = (number, *prompt[:6], (), prompt.external_id)
            seen.setdefault(key, number)
            chunk.append(staged)
            held += len(prompt.messages) + len(prompt.text) + len(prompt.answer or "") + len(prompt.extra)
            if len(chunk) == ROWS_AT_ONCE or held >= TEXT_AT_ONCE:
                pickler.dump(chunk)
                chunk, held = [], 0
        if chunk:
            pickler.dump(chunk)
        self._check_columns()
        # Of a million prompts they are as much memory as the database takes next.
        self.seen.clear()
        self.told.clear()
        self.ids.clear()
        self.num_completions.clear()
        return self.num_rows

    def _with_completions(self, number: int, key: int, prompt: ParsedPrompt) -> StagedRow | None:
        """The prompt with its completions numbered; None for a row that brings nothing new."""
        self.ignored.update(prompt.ignored)
        first = self.seen.get(key)
        completions = tuple(
            self._noted(number, key, completion, prompt, first)
            for unit in units(prompt)
            for completion in self._new(key, unit)
        )
        if first is None:
            return StagedPrompt(
                number,
                prompt.messages,
                prompt.text,
                prompt.answer,
                prompt.extra,
                prompt.key,
                prompt.digest,
                completions,
                prompt.external_id,
            )
        if not completions:
            self.problems.add(number, "duplicate", f"the same prompt as on {self.unit} {first}")
            return None
        self.num_merged += 1
        return (number, None, "", None, "{}", prompt.key, prompt.digest, completions, None)

    def _is_own_id(self, number: int, key: int, external_id: str) -> bool:
        """Whether no other prompt before came with this id; noted where one did. Rows that ask the same are one."""
        known = hash(external_id)
        if known in self.ids and key not in self.seen:
            self.problems.add(number, "bad row", f"another prompt before it has the external id {external_id!r}")
            return False
        self.ids.add(known)
        return True

    def _new(self, key: int, unit: tuple[RowCompletion, ...]) -> tuple[RowCompletion, ...]:
        """The unit, or nothing where this prompt has it already."""
        content_hash = hash(
            (
                key,
                *(
                    (completion.text, json.dumps(completion.extra, ensure_ascii=False, default=str))
                    for completion in unit
                ),
            )
        )
        if content_hash in self.told:
            return ()
        self.told.add(content_hash)
        return unit

    def _noted(
        self, number: int, key: int, completion: RowCompletion, prompt: ParsedPrompt, first: int | None
    ) -> tuple[int, str, str]:
        """A completion with its position and its note."""
        extra = completion.extra | {"row": number}
        if first is not None and prompt.extra != "{}":
            extra["metadata"] = json.loads(prompt.extra)
        position = self.num_completions[key]
        self.num_completions[key] += 1
        return position, completion.text, json.dumps(extra, ensure_ascii=False, default=str)

    def _meet(self, number: int, row: dict[str, Any], known: set[str]) -> None:
        """Note columns that no row before had; raises where their names say that the mapping may be wrong."""
        for name in row:
            if name in known:
                continue
            known.add(name)
            if row[name] is None or name in self.mapping.used or name in (self.mapping.metadata or ()):
                continue
            if name.strip().lower() in self.names:
                if not self.is_chosen:
                    raise LateColumn(number, row)
                raise InvalidInput(
                    f"{self.unit.capitalize()} {number:,} is the first with a column {name!r}, which the mapping does "
                    "not name. Give it a role, or list it as metadata. Nothing was imported."
                )
            self.late[name] = number

    def _check_columns(self) -> None:
        """Raise `InvalidInput` for a column of the mapping that no row had."""
        if self.known is None or self.problems.counts["bad row"] == self.num_rows:
            return
        for column in sorted(self.mapping.used - self.known):
            raise InvalidInput(f"The file has no column {column!r}. Its columns: {', '.join(sorted(self.known))}.")


def units(prompt: ParsedPrompt) -> list[tuple[RowCompletion, ...]]:
    """What counts as brought before or not: a pair with both its sides, any other completion alone.

    Two pairs may share a side: a pair that lost it would be none.
    """
    sides = [completion for completion in prompt.completions if isinstance(completion.extra.get("chosen"), bool)]
    alone: list[tuple[RowCompletion, ...]] = [
        (completion,) for completion in prompt.completions if not isinstance(completion.extra.get("chosen"), bool)
    ]
    return [tuple(sides), *alone] if sides else alone


def staged(path: Path) -> Iterator[list[StagedPrompt]]:
    """The chunks of a staging file this process has just written."""
    with path.open("rb") as file:
        while file.peek(1):
            yield [*map(StagedPrompt._make, pickle.load(file))]


def is_held_out(digest: bytes, *, share: float, seed: int) -> bool:
    """Whether a prompt goes to the held-out set: by seed and content, so the order of the file does not matter."""
    drawn = hashlib.sha256(f"{seed}:".encode() + digest).digest()
    return int.from_bytes(drawn[:8], "big") < share * 2**64


@contextmanager
def problem_file(path: Path) -> Iterator[Problems]:
    """A CSV file that receives every row that is left out."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        yield Problems(out)


def read_and_stage(source: PromptFile, stager: Stager, target: Path) -> None:
    """Read a whole file into a staging file."""
    with target.open("wb") as out:
        stager.stage(source.rows(), out)
