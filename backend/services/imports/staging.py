"""Checks a file of samples and writes a staging file, without the database. One bad row refuses the file."""

import json
from array import array
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy

from backend.errors import InvalidInput
from backend.helper_process import HelperProcess, is_of_use
from backend.services.imports import chunks
from backend.services.imports.chunks import COLUMNS, SHOWN, Chunk, FileReading, read_chunks
from backend.services.imports.reading import ImportedSample
from backend.services.prompts.files import PromptFile

HALVED = ("jsonl", "json", "csv")
"""Kinds of files of which two processes can read a half each, passing over the other one."""
LARGE = 16 << 20
"""Bytes from which on that pays, since another process takes one to two seconds to start."""
ANY = 10_000
"""Chunks that the helper may be ahead: they are files."""
ANSWER: Final = 2
METADATA: Final = 3
"""Their places in a sample's prompt."""


@dataclass
class StagedSamples:
    """The samples of a file, in its order, and what holds for all of them.

    `groups`: for each sample which prompt it answers, prompts counted from 0. `repeats`: places of samples that a row
    before brings already. `people`: who decided, with the first row that says so; `together`: who decided on one sample
    with others. `lowest`, `highest`: scores that were given, each with its first row. `left_out`: what is not imported
    of the rows, by reason. `shared`: for groups whose rows differ in them, the metadata that all have, and the answer.
    `at_once`: the most samples of a chunk.
    """

    folder: Path
    unit: str
    chunk_places: list[Chunk] = field(default_factory=list)
    num_rows: int = 0
    num_samples: int = 0
    people: dict[str, int] = field(default_factory=dict)
    together: set[frozenset[str | None]] = field(default_factory=set)
    lowest: tuple[float, int] | None = None
    highest: tuple[float, int] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    shared: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    repeats: set[int] = field(default_factory=set)
    groups: Any = None
    num_groups: int = 0
    at_once: int = chunks.ROWS_AT_ONCE

    @property
    def num_chunks(self) -> int:
        """How many chunks there are."""
        return sum(1 for _ in chunks.filled(self.chunk_places, self.at_once))

    def chunks(self) -> Iterator[list[ImportedSample]]:
        """The samples again, as many at once as are written at once."""
        for together in chunks.filled(self.chunk_places, self.at_once):
            yield [sample for chunk in together for sample in chunk.samples(self.folder)]


def stage(
    source: PromptFile,
    chosen: Mapping[str, str],
    folder: Path,
    advance: Callable[[int], None] = lambda _: None,
    *,
    called: str = "",
    helper: HelperProcess | None = None,
) -> StagedSamples:
    """Check every row of the file; raises `InvalidInput` that names rows, unless all can be imported.

    chosen: the columns of roles; called: the file's name for whoever sent it, where it lies under another; helper:
    reads the half of a large file.
    """
    called = called or source.path.name
    read = _read(source, chosen, folder, advance, helper)
    if read.num_bad:
        count = "One row" if read.num_bad == 1 else f"{read.num_bad:,} rows"
        bad = " ".join(f"{source.unit.capitalize()} {number:,}: {why}." for number, why in read.bad)
        raise InvalidInput(f"{count} of {read.num_rows:,} in {called} cannot be imported, so nothing was. {bad}")
    people = dict(sorted(read.people.items(), key=lambda entry: entry[1]))
    staged = StagedSamples(folder, source.unit, read.chunks, read.num_rows, people=people, together=read.together)
    staged.at_once = chunks.ROWS_AT_ONCE
    staged.lowest, staged.highest, staged.left_out = read.lowest, read.highest, dict(read.left_out)
    keys, ids, digests, rows, asides = columns = tuple(array("q") for _ in COLUMNS)
    for chunk in read.chunks:
        for column, more in zip(columns, chunk.columns(folder), strict=True):
            column.extend(more)
    staged.num_samples = len(ids)
    if not staged.num_samples:
        raise InvalidInput(f"{called} has no row. Choose a file with at least one sample.")
    _find_repeats(staged, numpy.frombuffer(ids, numpy.int64), digests, rows)
    unique, groups = numpy.unique(numpy.frombuffer(keys, numpy.int64), return_inverse=True)
    staged.groups, staged.num_groups = array("q", groups.astype(numpy.int64).tobytes()), len(unique)
    _find_shared(staged, groups, numpy.frombuffer(asides, numpy.int64))
    return staged


def _read(
    source: PromptFile,
    chosen: Mapping[str, str],
    folder: Path,
    advance: Callable[[int], None],
    helper: HelperProcess | None,
) -> FileReading:
    """Read the file into chunks, with the helper's hands where it is large."""
    at_once = chunks.ROWS_AT_ONCE
    if helper is not None and is_of_use() and source.kind in HALVED and source.path.stat().st_size >= LARGE:
        theirs = helper.ahead(read_chunks, source, chosen, folder, at_once, 1, 2, most=ANY)
        ours = _at_its_end(read_chunks(source, chosen, folder, at_once, 0, 2), advance)
        both = ours.with_half(_at_its_end(theirs, advance))
        if not both.has_records:
            return both
    return _at_its_end(read_chunks(source, chosen, folder, at_once), advance)


def _at_its_end(reading: Generator[int, None, FileReading], advance: Callable[[int], None]) -> FileReading:
    while True:
        try:
            advance(next(reading))
        except StopIteration as end:
            read: FileReading = end.value
            return read


def _find_shared(staged: StagedSamples, groups: Any, asides: Any) -> None:
    """Note what all rows of a prompt say beside it, where they differ; raises `InvalidInput` for two answers."""
    first = numpy.empty(staged.num_groups, numpy.int64)
    first[groups[::-1]] = asides[::-1]
    differing = set(groups[first[groups] != asides].tolist())
    if not differing:
        return
    place, rows = 0, dict[int, int]()
    for chunk in staged.chunks():
        for sample in chunk:
            group = staged.groups[place]
            place += 1
            if group not in differing:
                continue
            answer, metadata = sample.prompt[ANSWER], sample.prompt[METADATA]
            if answer is not None:
                rows.setdefault(group, sample.row)
            if group not in staged.shared:
                staged.shared[group] = metadata, answer
                continue
            common, known = staged.shared[group]
            if known is not None and answer is not None and known != answer:
                raise InvalidInput(
                    f"{staged.unit.capitalize()} {sample.row:,} asks what {staged.unit} {rows[group]:,} asks, and has "
                    "another answer to it, so nothing was imported. Give both rows the right answer, or leave the "
                    "column of one of them empty."
                )
            staged.shared[group] = in_both(common, metadata), answer if known is None else known


def in_both(first: str, second: str) -> str:
    """Of two JSON objects what both hold."""
    if first == second or first == "{}":
        return first
    left, right = json.loads(first), json.loads(second)
    # Equal values may be of two types, 1 and true.
    common = {name: value for name, value in left.items() if name in right and _written(right[name]) == _written(value)}
    return json.dumps(common, ensure_ascii=False)


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def rest_of(metadata: str, shared: str) -> str:
    """The JSON object without what is shared."""
    known = json.loads(shared)
    rest = {name: value for name, value in json.loads(metadata).items() if name not in known}
    return json.dumps(rest, ensure_ascii=False)


def _find_repeats(staged: StagedSamples, ids: Any, digests: Any, rows: Any) -> None:
    """Note rows that come twice; raises `InvalidInput` where an external id comes twice with other content."""
    order = numpy.argsort(ids, kind="stable")
    same = set(numpy.nonzero(ids[order[1:]] == ids[order[:-1]])[0].tolist())
    differing = []
    for place, (first, second) in enumerate(pairwise(order.tolist())) if same else ():
        if place in same:
            staged.repeats.add(second)
            if digests[first] != digests[second]:
                differing.append((second, first))
    if not differing:
        return
    differing.sort()
    wanted = {second: rows[first] for second, first in differing[:SHOWN]}
    lines, place = [], 0
    for chunk in staged.chunks():
        for n in sorted(n for n in wanted if place <= n < place + len(chunk)):
            sample = chunk[n - place]
            lines.append(
                f"{staged.unit.capitalize()} {sample.row:,} has the external id {sample.external_id!r} of "
                f"{staged.unit} {wanted[n]:,}, and says something else."
            )
        place += len(chunk)
    count = "An external id is" if len(differing) == 1 else f"{len(differing):,} external ids are"
    raise InvalidInput(
        f"{count} used twice with other content, so nothing was imported. {' '.join(lines)} Give each sample an id of "
        "its own."
    )
