"""Reads a file of samples into checked chunks: the whole file, or every second slice of its rows."""

import hashlib
import pickle
from array import array
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.garbage import collected_seldom
from backend.services.imports.reading import ImportedSample, SampleReader
from backend.services.prompts.files import PromptFile
from backend.services.prompts.files.limits import Wanted, every
from backend.services.prompts.messages import BadRow

ROWS_AT_ONCE = 15_000
TEXT_AT_ONCE = 4 * 1024**2
"""Characters after which a chunk is full before it has `ROWS_AT_ONCE`: memory stays flat with long rows too."""
TOLD = 100
"""As many characters a judgment or a decision counts beside its own: for names, and for what every one takes."""
SHOWN = 5
"""Bad rows that the refusal names."""
PROMPT = ImportedSample._fields.index("prompt")
COLUMNS = ("keys", "ids", "digests", "rows", "asides")
"""What is kept of each sample, eight bytes each: of its prompt, its external id, all it says, its row's number, and
what it says beside its prompt."""


@dataclass(frozen=True)
class Chunk:
    """Where a chunk stands: in which slice of the rows, and in which file from which byte on.

    `size`: its samples; `held`: their characters, as `TEXT_AT_ONCE` counts them.
    """

    slice: int
    file: str
    samples_at: int
    columns_at: int
    size: int
    held: int

    def samples(self, folder: Path) -> list[ImportedSample]:
        """Its samples."""
        samples, last = [], None
        for values in _loaded(folder / self.file, self.samples_at):
            last = values[PROMPT] or last
            samples.append(ImportedSample._make((*values[:PROMPT], last, *values[PROMPT + 1 :])))
        return samples

    def columns(self, folder: Path) -> "tuple[array[int], ...]":
        """What is kept of its samples, by `COLUMNS`."""
        columns: tuple[array[int], ...] = _loaded(folder / self.file, self.columns_at)
        return columns


def filled(chunks: Iterable[Chunk], at_once: int) -> Iterator[list[Chunk]]:
    """Neighbours that are no larger together than one may be: a slice of lines has few rows where these have many."""
    together: list[Chunk] = []
    size = held = 0
    for chunk in chunks:
        if together and (size + chunk.size > at_once or held + chunk.held > TEXT_AT_ONCE):
            yield together
            together, size, held = [], 0, 0
        together.append(chunk)
        size, held = size + chunk.size, held + chunk.held
    if together:
        yield together


def _loaded(path: Path, place: int) -> Any:
    with path.open("rb") as file:
        file.seek(place)
        return pickle.load(file)  # of this import


@dataclass
class FileReading:
    """What was read of a file. `bad`: number and fault of the first rows that cannot be imported.

    `has_records`: a record of another tool stopped one that reads a half: what its questions mean, all of them tell.
    The others are as in `StagedSamples`.
    """

    chunks: list[Chunk] = field(default_factory=list)
    num_rows: int = 0
    num_bad: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    people: dict[str, int] = field(default_factory=dict)
    together: set[frozenset[str | None]] = field(default_factory=set)
    lowest: tuple[float, int] | None = None
    highest: tuple[float, int] | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    has_records: bool = False

    def with_half(self, other: "FileReading") -> "FileReading":
        """Both halves of a file together, as if it had been read at once."""
        lows = [score for score in (self.lowest, other.lowest) if score is not None]
        highs = [score for score in (self.highest, other.highest) if score is not None]
        shared = {name: min(row, other.people.get(name, row)) for name, row in self.people.items()}
        return FileReading(
            sorted([*self.chunks, *other.chunks], key=lambda chunk: chunk.slice),
            self.num_rows + other.num_rows,
            self.num_bad + other.num_bad,
            sorted([*self.bad, *other.bad])[:SHOWN],
            other.people | shared,
            self.together | other.together,
            min(lows, default=None),
            max(highs, key=lambda score: (score[0], -score[1]), default=None),
            self.left_out + other.left_out,
            self.has_records or other.has_records,
        )

    def note(self, sample: ImportedSample) -> None:
        """Note whom and which scores a sample names."""
        if sample.decisions:
            self._note_people(sample)
        for told in (sample.judgments, sample.decisions):
            for entry in told:
                score = entry.score
                if score is None:
                    continue
                if self.lowest is None or score < self.lowest[0]:
                    self.lowest = score, sample.row
                if self.highest is None or score > self.highest[0]:
                    self.highest = score, sample.row

    def _note_people(self, sample: ImportedSample) -> None:
        who = {decision.who for decision in sample.decisions}
        reviewers = frozenset(decision.who for decision in sample.decisions if decision.takes_slot)
        if len(reviewers) > 1:
            self.together.add(reviewers)
        for name in who:
            if name is not None:
                self.people.setdefault(name, sample.row)


class _Open:
    """A chunk that is being filled."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.samples: list[tuple[Any, ...]] = []
        self.columns: tuple[array[int], ...] = tuple(array("q") for _ in COLUMNS)
        self.held = 0
        self.last: tuple[Any, ...] | None = None
        self.aside = 0

    def add(self, sample: ImportedSample) -> None:
        prompt = None
        if sample.prompt != self.last:
            # A prompt stands at its first sample alone.
            prompt = self.last = sample.prompt
            self.aside = _key(f"{prompt[2]!r} {prompt[3]}")
            self.held += len(prompt[0]) + len(prompt[1]) + len(prompt[3])
        kept = (sample.prompt_key, _key(sample.external_id), sample.digest, sample.row, self.aside)
        for column, value in zip(self.columns, kept, strict=True):
            column.append(value)
        # What is only tuples is written in half the time.
        plain = (tuple(map(tuple, sample.judgments)), tuple(map(tuple, sample.decisions)))
        self.samples.append((*sample[:PROMPT], prompt, sample.text, *plain, sample.has_judgments))
        self.held += len(sample.text) + _length(sample)

    @property
    def is_full(self) -> bool:
        return len(self.samples) >= self.at_once or self.held >= TEXT_AT_ONCE


def read_chunks(
    source: PromptFile, chosen: Mapping[str, str], folder: Path, at_once: int, turn: int = 0, of: int = 1
) -> Generator[int, None, FileReading]:
    """Write the chunks of the file, or, of slices of `at_once` rows, those whose turn it is; return what was read.

    A chunk has `at_once` samples at most. Yields the number of samples of each.
    """
    read, reader, chunk, name = FileReading(), SampleReader(chosen), _Open(at_once), f"samples-{turn}-{of}"
    part = 0
    wanted: Wanted = every if of == 1 else lambda number: number // at_once % of == turn
    with (folder / name).open("wb") as out, collected_seldom():
        pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
        # Without a memo: no text is in a chunk twice, and to note each of them takes most of the time.
        pickler.fast = True

        def written() -> int:
            samples_at = out.tell()
            pickler.dump(chunk.samples)
            read.chunks.append(Chunk(part, name, samples_at, out.tell(), len(chunk.samples), chunk.held))
            pickler.dump(chunk.columns)
            return len(chunk.samples)

        for number, row in source.rows(wanted):
            if of > 1 and number // at_once != part:
                if chunk.samples:
                    yield written()
                    chunk = _Open(at_once)
                part = number // at_once
            read.num_rows += 1
            try:
                if isinstance(row, str):
                    raise BadRow(row)
                for sample in reader.samples(number, row):
                    chunk.add(sample)
                    read.note(sample)
            except BadRow as error:
                read.num_bad += 1
                if len(read.bad) < SHOWN:
                    read.bad.append((number, str(error)))
            if of > 1 and reader.has_records:
                read.has_records = True
                return read
            if chunk.is_full:
                yield written()
                chunk = _Open(at_once)
        if chunk.samples:
            yield written()
    read.left_out = reader.questions.left_out
    return read


def _key(text: str) -> int:
    """Eight bytes of a hash: at a million samples, two different ids meet with a chance of 3 in 100 million."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _length(sample: ImportedSample) -> int:
    """The characters of what judges and people said, and `TOLD` for each time."""
    judged = sum([TOLD + len(judgment.rationale) for judgment in sample.judgments])
    return judged + sum([TOLD + len(decision.note) + len(decision.value) for decision in sample.decisions])
