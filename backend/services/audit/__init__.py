"""Who did what, when, to what, from which page or program: decisions and events as one list, newest first."""

import csv
import heapq
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services import events
from backend.services.access import Actor, require
from backend.values import JSON, DecisionKind, Role

PAGE = 50
AT_ONCE = 2_000
COLUMNS = ("at", "who", "verb", "subject", "round", "sample", "via", "details")
IMPORTED = "import"
"""Decisions that came with a file, which one event tells of."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Format = Literal["jsonl", "csv"]


@dataclass(frozen=True)
class AuditQuery:
    """What to show; empty means all. `subject` is searched for in an event's subject and in a decision's note.

    A bulk action or an import is one event; its decisions are listed for a single sample, and with `is_whole`.
    `via` page is every page.
    """

    person: str = ""
    kind: Literal["", "decision", "event"] = ""
    verb: str = ""
    subject: str = ""
    sample_id: int | None = None
    round_id: int | None = None
    via: str = ""
    since: datetime | None = None
    until: datetime | None = None
    is_whole: bool = False


@dataclass(frozen=True)
class AuditEntry:
    """One act. `sample` is set for decisions; `details` are what else is known of it."""

    id: int
    is_decision: bool
    at: datetime
    who: str
    verb: str
    subject: str
    round: int | None
    sample: int | None
    via: str
    details: JSON


@dataclass(frozen=True)
class AuditPage:
    """Entries and the cursor of the next page; None at the end."""

    entries: tuple[AuditEntry, ...]
    next: str | None


def listing(
    actor: Actor, project_id: int, asked: AuditQuery | None = None, *, after: str | None = None, limit: int = PAGE
) -> AuditPage:
    """One page of what was done in a project. Owners also see what belongs to no project, as accounts and tokens."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        return _page(db, actor, project_id, asked or AuditQuery(), after, limit)


def verbs(actor: Actor, project_id: int) -> list[str]:
    """What there is to filter by: kinds of decisions, and what was done here so far."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        names = db.scalars(select(tables.Event.verb).where(_is_shown(db, actor, project_id)).distinct())
        return sorted({*names, *map(str, DecisionKind)})


def export(
    actor: Actor, project_id: int, asked: AuditQuery | None = None, *, format: Format = "jsonl"
) -> Iterator[str]:
    """The list as lines, a piece at a time; needs an admin, and is itself noted."""
    if format not in ("jsonl", "csv"):
        raise InvalidInput(f"There is no audit format {format!r}. Choose jsonl or csv.")
    with session() as db:
        require(db, actor, project_id, Role.admin)
        name = db.get_one(tables.Project, project_id).name
        events.note(db, actor, "export audit", name, project_id=project_id, format=format)
    lines = _lines(actor, project_id, replace(asked or AuditQuery(), is_whole=True), format)
    # What cannot be read is said now: once a download has begun, it can only break off.
    return chain([next(lines, "")], lines)


def _lines(actor: Actor, project_id: int, asked: AuditQuery, format: Format) -> Iterator[str]:
    after, head = None, _as_csv(COLUMNS) if format == "csv" else ""
    while True:
        # A new view for each piece: a reader that stays open for minutes would keep the database from tidying up.
        with reading() as db:
            page = _page(db, actor, project_id, asked, after, AT_ONCE)
        yield head + "".join(_as_csv(_cells(entry)) if format == "csv" else _as_json(entry) for entry in page.entries)
        after, head = page.next, ""
        if after is None:
            return


def _page(db: Session, actor: Actor, project_id: int, asked: AuditQuery, after: str | None, limit: int) -> AuditPage:
    decision_id, event_id = _place(after)
    done = list(_decisions(db, project_id, asked, decision_id, limit + 1)) if asked.kind != "event" else []
    noted = list(_events(db, actor, project_id, asked, event_id, limit + 1)) if asked.kind != "decision" else []
    merged = list(heapq.merge(done, noted, key=lambda entry: entry.at, reverse=True))
    shown = merged[:limit]
    if len(merged) <= limit:
        return AuditPage(tuple(shown), None)
    decision_id = min((entry.id for entry in shown if entry.is_decision), default=decision_id)
    event_id = min((entry.id for entry in shown if not entry.is_decision), default=event_id)
    return AuditPage(tuple(shown), f"{decision_id or ''}.{event_id or ''}")


def _place(after: str | None) -> tuple[int | None, int | None]:
    """The last decision and the last event shown before."""
    parts = (after or ".").split(".")
    if len(parts) != 2 or not all(part == "" or (part.isdecimal() and len(part) < 19) for part in parts):
        raise InvalidInput(f"There is no page after {after!r}. Start from the first page.")
    return int(parts[0]) if parts[0] else None, int(parts[1]) if parts[1] else None


def _decisions(db: Session, project_id: int, asked: AuditQuery, before: int | None, limit: int) -> Iterator[AuditEntry]:
    decision, user, round_ = tables.Decision, tables.User, tables.Round
    if asked.verb and asked.verb not in set(DecisionKind):
        return
    query: Any = (
        select(decision, user.name, round_.number)
        .join(user, user.id == decision.user_id)
        .join(round_, round_.id == decision.round_id)
        # A few rows of an archived round stay on SQLite; the others are in its files.
        .where(decision.project_id == project_id, round_.archived_at.is_(None))
        .order_by(decision.id.desc())
        .limit(limit)
    )
    query = _narrowed(query, tables.Decision, asked, before)
    if asked.verb:
        query = query.where(decision.kind == DecisionKind(asked.verb))
    if asked.subject:
        query = query.where(decision.note.icontains(asked.subject, autoescape=True))
    if asked.sample_id is not None:
        query = query.where(decision.sample_id == asked.sample_id)
    elif not asked.is_whole:
        query = query.where(decision.batch_id.is_(None))
        if asked.via != IMPORTED:
            query = query.where(decision.via != IMPORTED)
    for row, who, number in db.execute(query):
        subject = f"sample {row.sample_id}"
        details = _said(row)
        yield AuditEntry(
            row.id, True, row.created_at, who, row.kind.value, subject, number, row.sample_id, row.via, details
        )


def _events(
    db: Session, actor: Actor, project_id: int, asked: AuditQuery, before: int | None, limit: int
) -> Iterator[AuditEntry]:
    event, user, round_ = tables.Event, tables.User, tables.Round
    query: Any = (
        select(event, user.name, round_.number)
        .outerjoin(user, user.id == event.user_id)
        .outerjoin(round_, round_.id == event.round_id)
        .where(_is_shown(db, actor, project_id))
        .order_by(event.id.desc())
        .limit(limit)
    )
    query = _narrowed(query, tables.Event, asked, before)
    if asked.verb:
        query = query.where(event.verb == asked.verb)
    if asked.subject:
        query = query.where(event.subject.icontains(asked.subject, autoescape=True))
    if asked.sample_id is not None:
        query = query.where(_is_about(db, asked.sample_id))
    for row, who, number in db.execute(query):
        yield AuditEntry(
            row.id, False, row.created_at, who or "", row.verb, row.subject, number, None, row.via, dict(row.details)
        )


def _is_shown(db: Session, actor: Actor, project_id: int) -> ColumnElement[bool]:
    """The project's events, and for owners those of no project."""
    asking, here = db.get(tables.User, actor.user_id), tables.Event.project_id == project_id
    return or_(here, tables.Event.project_id.is_(None)) if asking is not None and asking.is_owner else here


def _is_about(db: Session, sample_id: int) -> ColumnElement[bool]:
    """Whether an event names the sample, alone or among others."""
    details = tables.Event.details
    alone = details["sample_id"].as_integer() == sample_id
    if db.get_bind().dialect.name == "postgresql":
        return or_(alone, cast(details, JSONB).contains({"sample_ids": [sample_id]}))
    each = func.json_each(details, "$.sample_ids").table_valued("value")
    return or_(alone, select(each.c.value).where(each.c.value == sample_id).exists())


def _narrowed(query: Select[Any], table: Any, asked: AuditQuery, before: int | None) -> Any:
    """What both kinds of rows are filtered by."""
    if asked.person:
        query = query.where(func.lower(tables.User.name) == asked.person.strip().lower())
    if asked.round_id is not None:
        query = query.where(table.round_id == asked.round_id)
    if asked.via:
        query = query.where(or_(table.via == asked.via, table.via.startswith(f"{asked.via} ", autoescape=True)))
    if asked.since is not None:
        query = query.where(table.created_at >= asked.since)
    if asked.until is not None:
        query = query.where(table.created_at < asked.until)
    return query if before is None else query.where(table.id < before)


def _said(row: tables.Decision) -> JSON:
    """What a decision's row knows, without what is empty."""
    flags = ("is_override", "is_blind", "is_random", "is_gold", "is_adjudication", "is_late")
    details: JSON = {
        "mode": row.mode,
        "seconds": None if row.seconds is None else round(row.seconds, 1),
        "score": row.score,
        "note": row.note,
    }
    details |= {"value": row.value, "retracts": row.retracts_id, "batch": row.batch_id}
    details |= {name.removeprefix("is_"): True for name in flags if getattr(row, name)}
    return {name: value for name, value in details.items() if value not in (None, "", {})}


def _as_json(entry: AuditEntry) -> str:
    fields = asdict(entry) | {"at": entry.at.isoformat()}
    return json.dumps({name: fields[name] for name in COLUMNS}, ensure_ascii=False) + "\n"


def _cells(entry: AuditEntry) -> tuple[str, ...]:
    sample, number = (str(number) if number is not None else "" for number in (entry.sample, entry.round))
    details = json.dumps(entry.details, ensure_ascii=False)
    return (entry.at.isoformat(), entry.who, entry.verb, entry.subject, number, sample, entry.via, details)


def _as_csv(cells: tuple[str, ...]) -> str:
    """A line in which no cell is a formula to a spreadsheet: what begins like one gets an apostrophe in front."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells)
    return out.getvalue()
