"""What agents ask for, in the audit trail: every call of a tool, those that only read included."""

from typing import Any

from sqlalchemy.orm import Session

from backend.boundary import MOST_ID, clean
from backend.db import session, tables
from backend.services import events
from backend.services.access import Actor, role_of

CALL, REFUSAL = "call tool", "refuse tool call"
MOST_ARGUMENTS = 40
LONGEST_NAME = 40
LONGEST = 200
CHOICES = frozenset(
    ("client_id", "decided", "format", "kind", "label_by", "name", "order", "recipe", "retracts", "sort", "verdict")
)
"""Arguments whose texts are kept. Of others it is told how long they are: an event outlives its project, and what a
person searched for or wrote of a sample is to go with it."""


def note(actor: Actor, name: str, arguments: dict[str, Any], *, refusal: str = "") -> None:
    """Write down that the actor calls a tool, or that the call was refused and why; raises `NotSignedIn`."""
    with session() as db:
        place = _place(db, actor, arguments)
        kept: dict[str, Any] = {
            clean(str(key)[:LONGEST_NAME]): _shortened(key, value)
            for key, value in list(arguments.items())[:MOST_ARGUMENTS]
        }
        more: dict[str, Any] = {"arguments": kept} | (
            {"reason": clean(_unquoted(refusal, arguments)[:LONGEST])} if refusal else {}
        )
        if (sample_id := _id(arguments, "sample_id")) is not None and place:
            more["sample_id"] = sample_id  # the audit finds what is about a sample by this
        events.note(db, actor, REFUSAL if refusal else CALL, clean(name), **place, **more)


def _place(db: Session, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """The project and the round that a call is about; empty where it is about none that the actor may see."""
    project_id, round_id = _id(arguments, "project_id"), _id(arguments, "round_id")
    owners = (
        (tables.Round, round_id),
        (tables.Sample, _id(arguments, "sample_id")),
        (tables.Job, _id(arguments, "job_id")),
    )
    for table, row_id in owners:
        row: Any = db.get(table, row_id) if row_id is not None and project_id is None else None
        if row is not None:
            project_id = row.project_id
            round_id = row.id if table is tables.Round else row.round_id
    if project_id is None or role_of(db, actor, project_id) is None:
        return {}
    round_ = db.get(tables.Round, round_id) if round_id is not None else None
    is_its_own = round_ is not None and round_.project_id == project_id
    return {"project_id": project_id, "round_id": round_id if is_its_own else None}


def _id(arguments: dict[str, Any], name: str) -> int | None:
    value = arguments.get(name)
    is_id = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_ID
    return value if is_id else None


def _unquoted(refusal: str, arguments: dict[str, Any]) -> str:
    """Why a call was refused, without the texts of its arguments, which some refusals quote."""
    for name, value in arguments.items():
        text = value.strip("/") if isinstance(value, str) and name not in CHOICES else ""
        if len(text) > 2:
            refusal = refusal.replace(text, "...")
    return refusal


def _shortened(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < MOST_ID):
        return value
    is_numbers = isinstance(value, list) and all(type(number) is int and abs(number) < MOST_ID for number in value)
    text = clean(value if isinstance(value, str) else str(value))
    return text[:LONGEST] if name in CHOICES or is_numbers else f"({len(text):,} characters)"
