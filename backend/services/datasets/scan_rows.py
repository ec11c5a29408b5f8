"""Looking through the rows of a dataset: what each holds, masked, in batches that are written as they come."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.errors import InvalidInput
from backend.sameness import normal
from backend.scanning import FindingKind, Span
from backend.scanning.patterns import masked, snippet
from backend.scanning.references import Reference, References
from backend.services.datasets import export_rows
from backend.services.datasets.export_rows import ExportRow
from backend.services.datasets.scan_settings import ContentChecks
from backend.values import Split

AT_ONCE = 500
MOST_OF_A_ROW = 50
"""Values that are kept of one row; what is masked or left out does not depend on it."""
MOST_REFERENCES = 200_000
MOST_LINE = 100_000


def scan(scan_id: int, file: Path | None, *, begin: Callable[[int], None], advance: Callable[[int], None]) -> None:
    """Look through all rows of a scan's dataset, and write what is found; begun again, it begins anew.

    file: whose texts the rows must not hold either. Raises `InvalidInput` for one that cannot be read.
    """
    with session() as db:
        db.execute(delete(tables.ScanFinding).where(tables.ScanFinding.scan_id == scan_id))
    with reading() as db:
        row = db.get_one(tables.Scan, scan_id)
        checks = ContentChecks.model_validate(row.settings)
        begin(db.get_one(tables.Dataset, row.dataset_id).num_examples)
        references = References(_references(db, row.project_id, file), checks.run_words)
        counts, num_rows, waiting = Counter[str](), 0, list[dict[str, Any]]()
        for here in export_rows.rows(db, row.dataset_id):
            num_rows += 1
            hits = findings(here, checks, references)
            counts.update({hit["kind"] for hit in hits})
            waiting += [hit | {"scan_id": scan_id} for hit in hits[:MOST_OF_A_ROW]]
            if len(waiting) >= AT_ONCE:
                _write(waiting)
            if not num_rows % AT_ONCE:
                advance(AT_ONCE)
        _write(waiting)
        advance(num_rows % AT_ONCE)
    with session() as db:
        row = db.get_one(tables.Scan, scan_id)
        row.num_rows, row.counts, row.finished_at = num_rows, dict(counts), now()


def texts(row: ExportRow) -> Iterator[tuple[str, str]]:
    """The texts of a row, each with its place."""
    for message in row.messages:
        yield "prompt", message["content"]
    if row.turns:
        for turn in row.turns:
            yield "completion", turn["content"]
    else:
        yield "completion", row.chosen.text
    if row.rejected is not None:
        yield "rejected", row.rejected.text


def findings(row: ExportRow, checks: ContentChecks, references: References) -> list[dict[str, Any]]:
    """What a row holds, each value once, as columns of `scan_findings`."""
    hits: dict[tuple[str, str], dict[str, Any]] = {}
    for place, text in texts(row):
        spans = checks.spans(text)
        shown = [(span.kind, fingerprint(text, span), snippet(text, spans, n)) for n, span in enumerate(spans)]
        shown += [
            # Only the words: whose they are is the same for every row that shares them.
            (overlap.kind, _hash(overlap.kind, overlap.words), masked(overlap.words, checks.spans(overlap.words)))
            for overlap in references.overlaps(text)
        ]
        for kind, print_, said in shown:
            value = {"position": row.position, "kind": str(kind), "place": place}
            hits.setdefault((kind, print_), value | {"fingerprint": print_, "snippet": said})
    return list(hits.values())


def fingerprint(text: str, span: Span) -> str:
    """By which a value is known again, however it is spelled with blanks and case."""
    return _hash(span.kind, text[span.start : span.end])


def _hash(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\0{normal(value).replace(' ', '')}".encode()).hexdigest()[:32]


def _write(waiting: list[dict[str, Any]]) -> None:
    if waiting:
        with session() as db:
            db.execute(insert(tables.ScanFinding), waiting)
        waiting.clear()


def _references(db: Session, project_id: int, file: Path | None) -> Iterator[Reference]:
    prompt, sets = tables.Prompt, tables.PromptSet
    query = (
        select(prompt.text, prompt.answer)
        .join(sets, sets.id == prompt.prompt_set_id)
        .where(sets.project_id == project_id, sets.split == Split.held_out)
        .order_by(prompt.id)
        .limit(MOST_REFERENCES)
    )
    for asked, answer in db.execute(query.execution_options(yield_per=AT_ONCE)).tuples():
        yield Reference(FindingKind.held_out, asked)
        if answer:
            yield Reference(FindingKind.held_out, answer, is_answer=True)
    if file is not None:
        yield from (Reference(FindingKind.reference, text) for text in lines(file))


def lines(file: Path) -> Iterator[str]:
    """The texts of a file: each line, or of JSON Lines each text in a line's object. Raises `InvalidInput`."""
    is_json = ".jsonl" in file.suffixes
    with file.open(encoding="utf-8", errors="replace") as opened:
        for number, line in enumerate(opened, 1):
            if number > MOST_REFERENCES:
                raise InvalidInput(f"The reference file has more than {MOST_REFERENCES:,} lines. Split it.")
            if not is_json:
                yield line[:MOST_LINE]
                continue
            try:
                value = json.loads(line) if line.strip() else None
            except (ValueError, RecursionError):
                raise InvalidInput(f"Line {number} of the reference is no JSON. Mend it, or name it .txt.") from None
            yield from _texts_in(value)


def _texts_in(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item[:MOST_LINE]
        elif isinstance(item, dict):
            left += item.values()
        elif isinstance(item, list):
            left += item
