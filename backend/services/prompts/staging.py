"""Rows of a file -> chunks of checked prompts, each prompt once, without the database."""

import hashlib
import json
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from backend.errors import InvalidInput
from backend.services.prompts import plain_rows
from backend.services.prompts.choices import ANY, Places
from backend.services.prompts.formats import known_names
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.row_completions import RowCompletion
from backend.services.prompts.row_problems import Problems
from backend.services.prompts.rows import BadId, BadRow, ParsedPrompt, parse
from backend.services.prompts.seen import SeenKeys

ROWS_AT_ONCE = 10_000
TEXT_AT_ONCE = 8 * 1024**2
"""Characters after which a chunk of rows is full before it has `ROWS_AT_ONCE`: memory stays flat with long rows too."""
ID = ParsedPrompt._fields.index("external_id")
"""Its place in a `ParsedPrompt`, and the last in what `plain_rows` reads."""
WHOLE = 2**64 - 1
"""Makes a hash a number without a sign."""


class StagedPrompt(NamedTuple):
    """A checked prompt. `messages` None: a row that only brings further completions to a prompt before it."""

    number: int
    messages: str | None
    text: str
    answer: str | None
    extra: str
    key: int
    digest: bytes
    external_id: str | None = None
    completions: tuple[tuple[int, str, str], ...] = ()
    """Position, text and note (as JSON) of each."""


StagedRow = tuple[Any, ...]
"""The values of a `StagedPrompt`: a plain tuple is written and read in half the time."""


class LateColumn(Exception):
    """A row behind those that were looked at is the first with a column of a known name."""

    def __init__(self, number: int, row: dict[str, Any]) -> None:
        super().__init__(number)
        self.number, self.row = number, row


class UnfitIds(Exception):
    """The column that was taken for one of external ids by its name alone holds something else. `why`: a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


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
    without_ids: str = ""
    """Why a column is no role though its name is known, if so."""
    ignored: Counter[str] = field(default_factory=Counter)
    late: dict[str, int] = field(default_factory=dict)
    num_rows: int = 0
    num_merged: int = 0

    def __post_init__(self) -> None:
        self.seen = SeenKeys()
        self.num_completions: Counter[int] = Counter()
        self.told: set[int] = set()
        self.ids = SeenKeys()
        """The hashes of the external ids."""
        self.names = known_names()

    def stage(self, rows: Iterable[tuple[int, Any]], out: IO[bytes]) -> int:
        """Write the good prompts of these rows to `out`; return how many rows were seen."""
        pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
        # Without a memo: no text is in a chunk twice, and to note each of them takes most of the time.
        pickler.fast = True
        for chunk in self.chunks(rows):
            pickler.dump(chunk)
        return self.num_rows

    def chunks(self, rows: Iterable[tuple[int, Any]]) -> Iterator[list[StagedRow]]:
        """The good prompts of these rows, as many at once as `ROWS_AT_ONCE` and `TEXT_AT_ONCE` allow."""
        read: list[tuple[int, Any]] = []
        held = 0
        plain, known, mapping = plain_rows.reader(self.mapping), self.known, self.mapping
        for number, row in rows:
            self.num_rows += 1
            prompt: Any = row
            if type(row) is not str:
                if known is not None and not known.issuperset(row):
                    self._meet(number, row, known)
                prompt = plain(row)
                if prompt is None:
                    try:
                        prompt = parse(row, mapping, self.places)
                    except BadId as error:
                        self._refuse_ids(number, str(error))
                        prompt = str(error)
                    except BadRow as error:
                        prompt = str(error)
                    else:
                        held += sum([len(text) for text, _ in prompt.completions])
            read.append((number, prompt))
            if type(prompt) is not str:
                held += len(prompt[0]) + len(prompt[1]) + len(prompt[2] or "") + len(prompt[3])
            if len(read) == ROWS_AT_ONCE or held >= TEXT_AT_ONCE:
                yield from self._chunk(read)
                read, held = [], 0
        yield from self._chunk(read)
        self._check_columns()
        # What is known of a million prompts is as much memory as the database takes next.
        self.seen, self.ids = SeenKeys(), SeenKeys()
        self.told.clear()
        self.num_completions.clear()

    def _chunk(self, read: list[tuple[int, Any]]) -> Iterator[list[StagedRow]]:
        """The prompts among these, each once, or no chunk where there are none; notes the others."""
        # Eight bytes of the hash: at a million prompts, two different ones meet with a chance of 3 in 100 million.
        keys = [0 if type(prompt) is str else int.from_bytes(prompt[5][:8], "big") for _, prompt in read]
        before, fresh = self.seen.find(keys), dict[int, int]()
        has_ids = self.mapping.external_id is not None
        ids = [0 if type(prompt) is str else hash(prompt[ID]) & WHOLE for _, prompt in read] if has_ids else []
        ids_before, ids_fresh = self.ids.find(ids) if has_ids else {}, dict[int, int]()
        chunk: list[StagedRow] = []
        for place, ((number, prompt), key) in enumerate(zip(read, keys, strict=True)):
            if type(prompt) is str:
                self.problems.add(number, "bad row", prompt)
                continue
            is_fresh = key not in before and key not in fresh
            if has_ids:
                # Rows that ask the same are one prompt, which has one id.
                if is_fresh and (ids[place] in ids_before or ids[place] in ids_fresh):
                    why = f"another prompt before it has the external id {prompt[ID]!r}"
                    self._refuse_ids(number, why)
                    self.problems.add(number, "bad row", why)
                    continue
                ids_fresh.setdefault(ids[place], number)
            if is_fresh and len(prompt) == ID + 1:
                chunk.append((number, *prompt, ()))
                fresh[key] = number
            else:
                first = before.get(key, fresh.get(key))
                staged = self._with_completions(number, key, ParsedPrompt(*prompt), first)
                if staged is not None:
                    chunk.append(staged)
                    fresh.setdefault(key, number)
        self.seen.add({key: number for key, number in fresh.items() if key not in before} if before else fresh)
        self.ids.add({id: number for id, number in ids_fresh.items() if id not in ids_before})
        if chunk:
            yield chunk

    def _with_completions(self, number: int, key: int, prompt: ParsedPrompt, first: int | None) -> StagedRow | None:
        """The prompt with its completions numbered; None for a row that brings nothing new.

        first: the row that asked the same before.
        """
        self.ignored.update(prompt.ignored)
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
                prompt.external_id,
                completions,
            )
        if not completions:
            self.problems.add(number, "duplicate", f"the same prompt as on {self.unit} {first}")
            return None
        self.num_merged += 1
        return (number, None, "", None, "{}", prompt.key, prompt.digest, None, completions)

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

    def _refuse_ids(self, number: int, why: str) -> None:
        """No row is left out for what only the name of its column says. Raises `UnfitIds`."""
        if not self.is_chosen:
            raise UnfitIds(
                f"Column {self.mapping.external_id!r} is metadata, not external ids: on {self.unit} {number:,}, {why}. "
                "Give it the role external_id to leave such rows out"
            )

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


def staged(path: Path) -> Iterator[list[StagedRow]]:
    """The chunks of a staging file this process has just written."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def drawn_held_out(share: float, seed: int) -> Callable[[bytes], bool]:
    """Return what tells of a prompt's hash whether it goes to the held-out set: by seed and content alone, so that the
    order of the file does not matter."""
    begin, below = f"{seed}:".encode(), share * 2**64
    return lambda digest: int.from_bytes(hashlib.sha256(begin + digest).digest()[:8], "big") < below
