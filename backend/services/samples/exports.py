"""What a filter of samples finds, written to a file: at once up to `AT_ONCE` samples, in a job beyond that.

A file shows what the list shows to the same person at the same moment, and all its rows are of that moment.
"""

import time
import uuid
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import row_files, whole_files
from backend.db import reading, session, snapshot, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.db.listing import scope
from backend.db.search import Patience
from backend.errors import Conflict, InvalidInput, NotFound
from backend.pipeline.export_places import folder, forget_old, refuse_place
from backend.row_files import Format, Values
from backend.services import archived, events
from backend.services.access import Actor, require
from backend.services.questions import filtering
from backend.services.samples import export_ids, export_lines, export_rows, visibility
from backend.services.samples.export_slots import Slot, writing
from backend.services.samples.visibility import Hidden
from backend.values import JSON, Role

Item = TypeVar("Item")

AT_ONCE = 100_000
"""So many samples are written while somebody waits: some seconds."""
FORMATS: tuple[Format, ...] = ("jsonl", "parquet", "csv")
PATTERN_SECONDS = 20.0
"""A regular expression may look so long at all texts of an export."""
SEARCH_SECONDS = 10.0
"""A search may look so long for what is written while somebody waits."""
TOLD = 1_000
"""After so many rows progress is told."""


@dataclass(frozen=True)
class ExportRequest:
    """What is exported: the samples of these rounds that pass the filters, round by round. No rounds: all there are."""

    round_ids: tuple[int, ...] = ()
    filters: Filters = field(default_factory=Filters)
    sort: Sort = field(default_factory=Sort)
    format: Format = "jsonl"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise InvalidInput(f"There is no export format {self.format!r}. Choose from {', '.join(FORMATS)}.")
        if self.sort.key is SortKey.prompt:
            raise InvalidInput("The order by prompt is for pages of a search only. Choose another one.")

    def to_json(self) -> JSON:
        return asdict(self) | {"filters": self.filters.changed()}

    @classmethod
    def of(cls, given: JSON) -> "ExportRequest":
        """What `to_json` wrote."""
        filters: dict[str, Any] = {
            name: tuple(condition) if isinstance(condition, list) else condition
            for name, condition in given["filters"].items()
        }
        order = given["sort"]
        sort = Sort(
            SortKey(order["key"]),
            descending=order["descending"],
            then=SortKey(order["then"]) if order.get("then") else None,
            then_descending=order.get("then_descending", False),
        )
        return cls(tuple(given["round_ids"]), Filters(**filters), sort, given["format"])


@dataclass(frozen=True)
class WriteResult:
    """`hidden`: what was left out as each round hid it, by the round's id."""

    num_rows: int
    num_bytes: int
    hidden: dict[int, Hidden]


@dataclass(frozen=True)
class ExportFile:
    """A written file, and what it is called where it is downloaded."""

    path: Path
    name: str
    num_rows: int
    num_bytes: int
    slot: Slot | None = None
    """The person's, until the file is sent."""

    def release(self) -> None:
        """To be called when the file is sent, or will not be."""
        if self.slot is not None:
            self.slot.release()


@dataclass(frozen=True)
class _OfRound:
    round: tables.Round
    kept: Hidden
    ids: "array[int]"


def count(actor: Actor, project_id: int, wanted: ExportRequest) -> int:
    """How many samples an export would hold, counted up to one more than `AT_ONCE`; raises what `export` would."""
    with writing(), snapshot() as db:
        until = time.monotonic() + SEARCH_SECONDS
        return sum(len(part.ids) for part in _found(db, actor, project_id, wanted, AT_ONCE + 1, until))


def export(actor: Actor, project_id: int, wanted: ExportRequest, *, out: Path | None = None) -> ExportFile:
    """Write an export now. `out` is for the command line, which waits for any number; raises `InvalidInput` elsewhere
    for more than `AT_ONCE` samples, and `TooManyAttempts` while several others write, or the same person.

    Without `out` the file is the caller's to delete, and so is the call of `release`.
    """
    name = name_of(actor, project_id, wanted)
    if out is not None and actor.via == "cli":
        refuse_place(out)
        done = write(actor, project_id, wanted, out)
        with session() as db:
            note(db, actor, project_id, wanted, done.num_rows)
        return ExportFile(out, name, done.num_rows, done.num_bytes)
    slot, path = Slot(actor), folder() / f"samples-{uuid.uuid4().hex}.{wanted.format}"
    with ExitStack() as undone:
        undone.callback(slot.release)
        undone.callback(path.unlink, missing_ok=True)
        forget_old()
        with writing():
            done = write(actor, project_id, wanted, path, most=AT_ONCE)
        with session() as db:
            note(db, actor, project_id, wanted, done.num_rows)
        undone.pop_all()
    return ExportFile(path, name, done.num_rows, done.num_bytes, slot)


def write(
    actor: Actor,
    project_id: int,
    wanted: ExportRequest,
    path: Path,
    *,
    most: int | None = None,
    begin: Callable[[int], None] = lambda total: None,
    advance: Callable[[int], None] = lambda rows: None,
) -> WriteResult:
    """Write the file, whole or not at all. `begin` hears how many rows there will be, `advance` of each few more."""
    with snapshot() as db:
        until = None if most is None else time.monotonic() + SEARCH_SECONDS
        parts = _found(db, actor, project_id, wanted, None if most is None else most + 1, until)
        total = sum(len(part.ids) for part in parts)
        if most is not None and total > most:
            raise InvalidInput(
                f"The filter finds more than {most:,} samples. Start the export in the background (POST to "
                "samples/exports), write it with `rondo samples export`, or narrow the filter."
            )
        begin(total)
        names = export_rows.Names.of(db, project_id)
        columns = export_rows.columns(wanted.format)

        def rows(part: _OfRound) -> Iterator[Values]:
            return export_rows.rows(db, actor, part.round, part.kept, part.ids, names)

        def lines(part: _OfRound) -> Iterator[bytes]:
            if export_lines.are_possible(db, actor, part.round, part.kept):
                return export_lines.lines(db, actor, part.round, part.ids)
            as_json = row_files.as_json(columns)
            return (as_json(row).encode() for row in rows(part))

        def counted(read: Callable[[_OfRound], Iterator[Item]]) -> Iterator[Item]:
            for part in parts:
                for number, item in enumerate(read(part), 1):
                    yield item
                    if number % TOLD == 0:
                        advance(TOLD)
                advance(len(part.ids) % TOLD)

        if wanted.format == "jsonl":
            num_rows = whole_files.write(path, lambda part: row_files.write_lines(part, counted(lines)))
        else:
            num_rows = row_files.write(path, wanted.format, export_rows.shaped(counted(rows), wanted.format), columns)
        return WriteResult(num_rows, path.stat().st_size, {part.round.id: part.kept for part in parts})


def _found(
    db: Session, actor: Actor, project_id: int, wanted: ExportRequest, limit: int | None, until: float | None = None
) -> list[_OfRound]:
    """The samples of each round, as far as the actor may see and filter them; at most `limit` in all.

    Raises `export_ids.TooSlow` where a search is not done by `until`.
    """
    require(db, actor, project_id, Role.viewer)
    refuse_held(db, project_id)
    patience, parts, left = Patience(PATTERN_SECONDS), list[_OfRound](), limit
    for round_ in rounds_of(db, project_id, wanted.round_ids):
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse(actor, kept, wanted.filters, wanted.sort)
        filters = visibility.narrowed(kept, round_, wanted.filters)
        asked = scope(db, round_.id, filters, filtering.among(db, actor, round_, filters))
        ids = export_ids.matching(asked, filters, wanted.sort, patience, left, until)
        left = None if left is None else left - len(ids)
        parts.append(_OfRound(round_, kept, ids))
    return parts


def refuse_held(db: Session, project_id: int) -> None:
    """Raise `Conflict` where a project lets nothing leave that was not scanned: samples are not."""
    if db.get_one(tables.Project, project_id).content_checks.get("mode") == "hold":
        raise Conflict(
            "This project holds what was not scanned, and samples are not. Export a training set, or let an admin set "
            "what is looked for to warn."
        )


def rounds_of(db: Session, project_id: int, round_ids: tuple[int, ...]) -> list[tables.Round]:
    """These rounds of the project, or all but archived ones, by number.

    Raises `NotFound` for one that it does not have, `Conflict` for one that is archived.
    """
    round_ = tables.Round
    query = select(round_).where(round_.project_id == project_id).order_by(round_.number)
    rounds = list(db.scalars(query.where(round_.id.in_(round_ids)) if round_ids else query))
    if missing := set(round_ids) - {item.id for item in rounds}:
        raise NotFound(f"There is no round {min(missing)} in this project. Choose one from the list.")
    for item in rounds if round_ids else ():
        archived.refuse(item)
    return [item for item in rounds if item.archived_at is None]


def note(db: Session, actor: Actor, project_id: int, wanted: ExportRequest, num_rows: int) -> None:
    """Write down who took what along."""
    asked: dict[str, Any] = {"rounds": list(wanted.round_ids), "filters": wanted.filters.changed()}
    what = f"{num_rows:,} samples"
    place = {"project_id": project_id, "round_id": wanted.round_ids[0] if len(wanted.round_ids) == 1 else None}
    events.note(db, actor, "export samples", what, **place, format=wanted.format, num_rows=num_rows, **asked)


def name_of(actor: Actor, project_id: int, wanted: ExportRequest) -> str:
    """What the file is called where it is downloaded."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        refuse_held(db, project_id)
        numbers = [round_.number for round_ in rounds_of(db, project_id, wanted.round_ids)]
    which = f"-round-{numbers[0]}" if len(numbers) == 1 else ""
    return f"samples{which}.{wanted.format}"
