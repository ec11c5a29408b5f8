"""Times as the person reads them."""

import re
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import Request

from app.widgets import times
from backend.db import now
from backend.errors import InvalidInput

APP = Path(__file__).parents[3] / "app"
AT = datetime(2026, 11, 28, 20, 35, 9, tzinfo=UTC)


def seen_from(cookie: str, function, *given):
    """What the function says to a browser with that cookie."""
    request = Request({"type": "http", "headers": [(b"cookie", f"{times.COOKIE}={cookie}".encode())]})

    def asked():
        times.see_from(request)
        return function(*given)

    return copy_context().run(asked)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Kolkata", "29 Nov 2026, 02:05"),
        ("Asia%2FKolkata", "29 Nov 2026, 02:05"),
        ("America/New_York", "28 Nov 2026, 15:35"),
        ("UTC", "28 Nov 2026, 20:35"),
        ("", "28 Nov 2026, 20:35"),
        ("../../etc/passwd", "28 Nov 2026, 20:35"),
        ("/etc/passwd", "28 Nov 2026, 20:35"),
        ("No/Where", "28 Nov 2026, 20:35"),
        ("Asia", "28 Nov 2026, 20:35"),
        ("x" * 5000, "28 Nov 2026, 20:35"),
    ],
)
def test_a_moment_is_told_in_the_browsers_zone(zone: str, text: str) -> None:
    assert seen_from(zone, times.moment, AT) == text
    assert times.moment(AT) == "28 Nov 2026, 20:35"


def test_what_is_written_without_the_browsers_zone_is_known_to_be_a_guess() -> None:
    def is_guess(at: datetime | None) -> bool:
        times.forget_guesses()
        times.ends(at)
        return times.are_guessed()

    for zone, expected in (("", True), ("UTC", False), ("Asia/Kolkata", False), ("No/Where", False)):
        assert seen_from(zone, is_guess, AT) is expected, zone
    assert not seen_from("", is_guess, None), "no time was written"


def test_days_logs_and_what_was_typed_are_in_that_zone_too() -> None:
    assert seen_from("Asia/Kolkata", times.day, AT) == "29 Nov 2026"
    assert seen_from("America/New_York", times.logged, AT) == "28 Nov 2026, 15:35:09"
    assert seen_from("Asia/Kolkata", times.read, "2026-11-29 02:05") == AT.replace(second=0)
    assert seen_from("Asia/Kolkata", times.read, "2026-11-28T20:35:09+00:00") == AT
    assert times.read("2026-11-28") == datetime(2026, 11, 28, tzinfo=UTC)
    assert times.read(" ") is None
    with pytest.raises(InvalidInput, match="is no time"):
        times.read("yesterday")


def test_what_ends_today_has_no_day_and_what_ends_later_has_one() -> None:
    at = now().replace(microsecond=0)
    assert times.ends(at + timedelta(days=3)).endswith(f", {times.moment(at + timedelta(days=3))}")
    assert times.ends(None) == "–"
    assert times.ago(at - timedelta(minutes=5)) == "5 min ago"
    assert times.ago(None) == "never"


def modules() -> Iterator[Path]:
    yield from (APP / "pages").glob("*.py")
    yield from (path for path in (APP / "widgets").glob("*.py") if path.name != "times.py")


def test_no_page_writes_a_time_another_way() -> None:
    written = re.compile(r":%[YmdHBbjc]|strftime|\(UTC\)|\} UTC")
    assert [path.name for path in modules() if written.search(path.read_text())] == []


@pytest.mark.parametrize("typed", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_that_utc_has_not_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="outside the years 1 to 9999"):
        times.read(typed)
