"""Checks a file of samples and writes a staging file, without the database. One bad row refuses the file."""

import hashlib
import json
import pickle
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy

from backend.errors import InvalidInput
from backend.services.imports.reading import ImportedSample, SampleReader
from backend.services.prompts.files import PromptFile
from backend.services.prompts.messages import BadRow

ROWS_AT_ONCE = 10_000
TEXT_AT_ONCE = 4 * 1024**2
"""Characters after which a chunk is full before it has `ROWS_AT_ONCE`: memory stays flat with long rows too."""
TOLD = 100
"""As many characters a judgment or a decision counts beside its own: for names, and for what every one takes."""
SHOWN = 5
"""Bad rows that the refusal names."""
ANSWER: Final = 2
METADATA: Final = 3
"""Their places in a sample's prompt."""
PROMPT = ImportedSample._fields.index("prompt")


@dataclass
class StagedSamples:
    """The samples of a file, in its order, and what holds for all of them.

    `groups`: for each sample which prompt it answers, prompts counted from 0. `repeats`: places of samples that a row
    before brings already. `people`: who decided, with the first row that says so; `together`: who decided on one sample
    with others. `lowest`, `highest`: scores that were given, each with its first row. `left_out`: what is not imported
    of the rows, by reason. `shared`: for groups whose rows differ in them, the metadata that all have, and the answer.
    """

    path: Path
    unit: str
    num_rows: int = 0
    num_samples: int = 0
    num_chunks: int = 0
    people: dict[str, int] = field(default_factory=dict)
    together: set[frozenset[str | None]] = field(default_factory=set)
    lowest: tuple[float, int] | None = None
    highest: tuple[float, int] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    shared: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    repeats: set[int] = field(default_factory=set)
    groups: Any = None
    num_groups: int = 0

    def chunks(self) -> Iterator[list[ImportedSample]]:
        """The samples again, as many at once as were staged at once."""
        with self.path.open("rb") as file:
            while file.peek(1):
                chunk, last = [], None
                for values in pickle.load(file):  # only this process has written it
                    last = values[PROMPT] or last
                    chunk.append(ImportedSample._make((*values[:PROMPT], last, *values[PROMPT + 1 :])))
                yield chunk


def stage(
    source: PromptFile,
    reader: SampleReader,
    target: Path,
    advance: Callable[[int], None] = lambda _: None,
    *,
    called: str = "",
) -> StagedSamples:
    """Check every row of the file; raises `InvalidInput` that names rows, unless all can be imported.

    `called`: the file's name for whoever sent it, where it lies under another.
    """
    staged, called = StagedSamples(target, source.unit), called or source.path.name
    keys, ids, digests, rows, asides = array("q"), array("q"), array("q"), array("q"), array("q")
    bad: list[str] = []
    num_bad = 0
    with target.open("wb") as out:
        pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
        # Without a memo: no text is in a chunk twice, and to note each of them takes most of the time.
        pickler.fast = True
        chunk: list[tuple[Any, ...]] = []
        held, last = 0, None
        for number, row in source.rows():
            staged.num_rows += 1
            try:
                if isinstance(row, str):
                    raise BadRow(row)
                for sample in reader.samples(number, row):
                    keys.append(sample.prompt_key)
                    ids.append(_key(sample.external_id))
                    digests.append(sample.digest)
                    rows.append(number)
                    asides.append(hash((sample.prompt[ANSWER], sample.prompt[METADATA])))
                    if sample.decisions:
                        _note_people(staged, sample)
                    _note_scores(staged, sample)
                    # What is only tuples is written in half the time; and a prompt stands at its first sample alone.
                    prompt = sample.prompt if not chunk or sample.prompt != last else None
                    last = sample.prompt
                    plain = (tuple(map(tuple, sample.judgments)), tuple(map(tuple, sample.decisions)))
                    chunk.append((*sample[:PROMPT], prompt, sample.text, *plain, sample.has_judgments))
                    held += len(sample.text) + _length(sample)
                    if prompt is not None:
                        held += len(prompt[0]) + len(prompt[1]) + len(prompt[3])
            except BadRow as error:
                num_bad += 1
                if len(bad) < SHOWN:
                    bad.append(f"{source.unit.capitalize()} {number:,}: {error}.")
            if len(chunk) >= ROWS_AT_ONCE or held >= TEXT_AT_ONCE:
                pickler.dump(chunk)
                staged.num_chunks += 1
                advance(len(chunk))
                chunk, held = [], 0
        if chunk:
            pickler.dump(chunk)
            staged.num_chunks += 1
            advance(len(chunk))
    if num_bad:
        count = "One row" if num_bad == 1 else f"{num_bad:,} rows"
        raise InvalidInput(
            f"{count} of {staged.num_rows:,} in {called} cannot be imported, so nothing was. {' '.join(bad)}"
        )
    staged.num_samples = len(ids)
    if not staged.num_samples:
        raise InvalidInput(f"{called} has no row. Choose a file with at least one sample.")
    _find_repeats(staged, numpy.frombuffer(ids, numpy.int64), digests, rows)
    unique, groups = numpy.unique(numpy.frombuffer(keys, numpy.int64), return_inverse=True)
    staged.groups, staged.num_groups = array("q", groups.astype(numpy.int64).tobytes()), len(unique)
    _find_shared(staged, groups, numpy.frombuffer(asides, numpy.int64))
    staged.left_out = dict(reader.questions.left_out)
    return staged


def _key(text: str) -> int:
    """Eight bytes of a hash: at a million samples, two different ids meet with a chance of 3 in 100 million."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _note_people(staged: StagedSamples, sample: ImportedSample) -> None:
    who = {decision.who for decision in sample.decisions}
    reviewers = frozenset(decision.who for decision in sample.decisions if decision.takes_slot)
    if len(reviewers) > 1:
        staged.together.add(reviewers)
    for name in who:
        if name is not None:
            staged.people.setdefault(name, sample.row)


def _note_scores(staged: StagedSamples, sample: ImportedSample) -> None:
    for told in (sample.judgments, sample.decisions):
        for entry in told:
            score = entry.score
            if score is None:
                continue
            if staged.lowest is None or score < staged.lowest[0]:
                staged.lowest = score, sample.row
            if staged.highest is None or score > staged.highest[0]:
                staged.highest = score, sample.row


def _length(sample: ImportedSample) -> int:
    """The characters of what judges and people said, and `TOLD` for each time."""
    judged = sum([TOLD + len(judgment.rationale) for judgment in sample.judgments])
    return judged + sum([TOLD + len(decision.note) + len(decision.value) for decision in sample.decisions])


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
