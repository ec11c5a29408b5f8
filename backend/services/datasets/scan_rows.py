"""Looking through the rows of a dataset: what each holds, masked, in batches that are written as they come."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from backend import server_key
from backend.db import now, reading, session, tables
from backend.db.inserting import insert_into
from backend.errors import InvalidInput
from backend.pipeline.stage import Finish
from backend.sameness import normal
from backend.scanning import FindingKind, TextSpan
from backend.scanning.patterns import Patterns, excerpt, snippet
from backend.scanning.references import Reference, References
from backend.services.datasets import export_rows
from backend.services.datasets.export_rows import ExportRow
from backend.services.datasets.scan_settings import ContentChecks
from backend.values import Split

AT_ONCE = 500
MOST_OF_A_KIND = 50
"""Values of one kind that are kept of one row; how many more there are is one finding, which nobody can call fine."""
MORE = "more"
"""The fingerprint of that finding: no value has it."""
MOST_REFERENCES = 200_000
MOST_LINE = 100_000


def scan(
    scan_id: int,
    file: Path | None,
    *,
    begin: Callable[[int], None],
    advance: Callable[[int], None],
    fence: Callable[[Session], object] = lambda _: None,
) -> Finish:
    """Look through all rows of a scan's dataset, and write what is found; return what ends the scan. A restarted
    scan starts again from the first row, and does not count as finished until then.

    file: whose texts the rows must not hold either. fence: called first in each transaction that writes; it raises
    where another process does this scan now. Raises `InvalidInput` for a file that cannot be read.
    """
    with session() as db:
        fence(db)
        row = db.get_one(tables.Scan, scan_id)
        row.finished_at, row.counts, row.num_rows, row.num_uncompared = None, {}, 0, 0
        db.execute(delete(tables.ScanFinding).where(tables.ScanFinding.scan_id == scan_id))
    source = "" if file is None else _digest_of(file)
    with reading() as db:
        row = db.get_one(tables.Scan, scan_id)
        dataset_id, checks = row.dataset_id, ContentChecks.model_validate(row.settings)
        begin(db.get_one(tables.Dataset, dataset_id).num_examples)
        references = References(_references(db, row.project_id, file), checks.run_words)
        num_uncompared = references.num_uncompared + max(0, num_held_out(db, row.project_id)[0] - MOST_REFERENCES)
        find = RowFindings(row.project_id, checks, references)
        num_rows, waiting = 0, list[dict[str, Any]]()
        for here in export_rows.rows(db, dataset_id):
            num_rows += 1
            for hit in find.of(here):
                of_file = source if hit["kind"] == FindingKind.reference else ""
                waiting.append(hit | {"scan_id": scan_id, "source": of_file})
            if len(waiting) >= AT_ONCE:
                _write(waiting, fence)
            if not num_rows % AT_ONCE:
                advance(AT_ONCE)
        _write(waiting, fence)
        advance(num_rows % AT_ONCE)

    def finish(db: Session) -> None:
        row = db.get_one(tables.Scan, scan_id)
        _supersede(db, row, source)
        finding = tables.ScanFinding
        counted = select(finding.kind, func.count(finding.position.distinct())).where(finding.scan_id == scan_id)
        row.counts = dict(db.execute(counted.group_by(finding.kind)).tuples().all())
        row.num_rows, row.num_uncompared, row.finished_at = num_rows, num_uncompared, now()

    return finish


def _supersede(db: Session, row: tables.Scan, source: str) -> None:
    """Delete the scans that ended before this one. What they found of other reference files stays found: nothing has
    been compared with those since."""
    db.get_one(tables.Dataset, row.dataset_id, with_for_update=True)  # of two that end at once one comes second
    scan, finding = tables.Scan, tables.ScanFinding
    before = (scan.dataset_id == row.dataset_id, scan.id != row.id, scan.finished_at.is_not(None))
    last = db.scalar(select(scan.id).where(*before).order_by(scan.finished_at.desc()).limit(1))
    if last is None:
        return
    same = (finding.position, finding.kind, finding.place, finding.fingerprint, finding.snippet, finding.source)
    left = select(literal(row.id), *same).where(
        finding.scan_id == last, finding.kind == FindingKind.reference, finding.source != source
    )
    names = ["scan_id", *(column.key for column in same)]
    db.execute(insert_into(db, finding).from_select(names, left).on_conflict_do_nothing())
    db.execute(delete(scan).where(*before).execution_options(synchronize_session=False))


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


class RowFindings:
    """Finds what rows hold, each value once, as columns of `scan_findings`."""

    def __init__(self, project_id: int, checks: ContentChecks, references: References) -> None:
        self._checks, self._references = checks, references
        self._print = Fingerprints(project_id)
        # A snippet shows no kind of value, whatever the project looks for.
        self._hidden = Patterns(names=checks.names, region=checks.region)

    def of(self, row: ExportRow) -> list[dict[str, Any]]:
        """What a row holds. Of each kind the first values are kept, and how many more there are."""
        hits: dict[tuple[str, str], dict[str, Any]] = {}
        for place, text in texts(row):
            for kind, print_, content in self._of_text(text):
                value = {"position": row.position, "kind": str(kind), "place": place}
                hits.setdefault((kind, print_), value | {"fingerprint": print_, "snippet": content})
        kept, beyond, counts = list[dict[str, Any]](), dict[str, dict[str, Any]](), Counter[str]()
        for hit in hits.values():
            counts[hit["kind"]] += 1
            if counts[hit["kind"]] <= MOST_OF_A_KIND:
                kept.append(hit)
            else:
                beyond.setdefault(hit["kind"], hit)
        for name, first in beyond.items():
            content = f"and {counts[name] - MOST_OF_A_KIND:,} more: mask them, or leave the row out"
            kept.append(first | {"fingerprint": MORE, "snippet": content})
        return kept

    def _of_text(self, text: str) -> Iterator[tuple[FindingKind, str, str]]:
        spans = self._checks.spans(text)
        overlaps = self._references.overlaps(text)
        hidden = self._hidden.spans(text) if spans or overlaps else []
        for span in spans:
            others = (other for other in hidden if other.end <= span.start or other.start >= span.end)
            around = sorted([span, *others], key=lambda neighbor: neighbor.start)
            yield span.kind, self._print.of_span(text, span), snippet(text, around, around.index(span))
        for overlap in overlaps:
            shown = " ".join(excerpt(text, hidden, overlap.start, overlap.end).split())
            yield overlap.kind, self._print.of(overlap.kind, overlap.digest), shown


class Fingerprints:
    """Know values again, however they are spelled with blanks and case. Without the installation's key nobody can try
    which value one is of; no two projects have the same ones."""

    def __init__(self, project_id: int) -> None:
        self._key = hmac.digest(server_key.derive("scans"), str(project_id).encode(), hashlib.sha256)

    def of(self, kind: str, value: str) -> str:
        text = f"{kind}\0{normal(value).replace(' ', '')}"
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:32]

    def of_span(self, text: str, span: TextSpan) -> str:
        return self.of(span.kind, text[span.start : span.end])


def _write(waiting: list[dict[str, Any]], fence: Callable[[Session], object]) -> None:
    if waiting:
        with session() as db:
            fence(db)
            db.execute(insert(tables.ScanFinding), waiting)
        waiting.clear()


def _digest_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:32]


def num_held_out(db: Session, project_id: int) -> tuple[int, int]:
    """How many prompts of a project are held out, and how many answers of theirs."""
    prompt, sets = tables.Prompt, tables.PromptSet
    query = select(func.count(), func.count(func.nullif(prompt.answer, ""))).select_from(prompt)
    query = query.join(sets, sets.id == prompt.prompt_set_id)
    num_prompts, num_answers = db.execute(
        query.where(sets.project_id == project_id, sets.split == Split.held_out)
    ).one()
    return num_prompts, num_answers


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
