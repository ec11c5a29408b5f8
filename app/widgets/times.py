"""Times as the person reads them: in the zone of their browser, in one format. Files, exports and REST keep ISO, UTC.

The browser tells its zone in a cookie (static/rondo.js), and `context` calls `see_from` for every call of a page: the
functions here write for whoever asked. What runs outside a page writes UTC.
"""

from contextvars import ContextVar
from datetime import UTC, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Request

from app.widgets.formats import duration
from backend.boundary import fault_of_time
from backend.db import now
from backend.errors import InvalidInput
from backend.translations import gettext

COOKIE = "rondo_zone"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_zone: ContextVar[tzinfo | None] = ContextVar("zone", default=None)
_is_guessed: ContextVar[bool] = ContextVar("is_guessed", default=False)


def see_from(request: Request) -> None:
    """Write times in the zone that this browser told, until its call is answered; UTC where it told none we know."""
    name = request.cookies.get(COOKIE, "").replace("%2F", "/")
    try:
        # A name is also a path below the zones' folder: ZoneInfo refuses what leads out of it.
        _zone.set(ZoneInfo(name) if name else None)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        _zone.set(UTC)


def forget_guesses() -> None:
    """Let `are_guessed` tell of what is written from here on."""
    _is_guessed.set(False)


def are_guessed() -> bool:
    """Whether a time was written in UTC for want of the browser's zone, since guesses were forgotten."""
    return _is_guessed.get()


def _local(at: datetime) -> datetime:
    zone = _zone.get()
    if zone is None:
        _is_guessed.set(True)
    return at.astimezone(zone or UTC)


def day(at: datetime) -> str:
    """`28 Nov 2026`."""
    local = _local(at)
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def moment(at: datetime) -> str:
    """`28 Nov 2026, 14:05`."""
    return f"{day(at)}, {_local(at):%H:%M}"


def logged(at: datetime) -> str:
    """`28 Nov 2026, 14:05:09`, for logs."""
    return f"{day(at)}, {_local(at):%H:%M:%S}"


def clock(at: datetime) -> str:
    """`14:05`; with the day where that is not today."""
    return f"{_local(at):%H:%M}" if day(at) == day(now()) else moment(at)


def ends(at: datetime | None) -> str:
    """`in 40 min, 14:20`; with the day where that is not today."""
    if at is None:
        return "–"
    seconds = (at - now()).total_seconds()
    return gettext("in {time}, {clock}").format(time=duration(seconds), clock=clock(at))


def ago(at: datetime | None) -> str:
    """`5 min ago`."""
    if at is None:
        return gettext("never")
    return gettext("{time} ago").format(time=duration((now() - at).total_seconds()))


def read(text: str | None) -> datetime | None:
    """A day or a minute of it as somebody typed it, in their zone unless they wrote another; None for nothing."""
    if not (text or "").strip():
        return None
    try:
        typed = datetime.fromisoformat(str(text).strip())
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time. Write it as 2026-01-31 or 2026-01-31 14:00.") from error
    read = datetime.combine(typed.date(), typed.time() or time(), typed.tzinfo or _zone.get() or UTC)
    if fault := fault_of_time(read):
        raise InvalidInput(f"{text!r} {fault}")
    return read
