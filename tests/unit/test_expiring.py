"""What is kept for a while is forgotten when its time is over, and never more than there is room for."""

import pytest

from backend import expiring
from backend.expiring import Expiring


def test_a_value_lasts_for_its_own_time_and_zero_is_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(expiring.time, "monotonic", lambda: now[0])
    kept = Expiring[int](10)
    kept.put("short", 0, 1.0)
    kept.put("long", 7, 60.0)
    assert (kept.get("short"), kept.get("long"), kept.get("other")) == (0, 7, None)
    now[0] += 1.0
    assert (kept.get("short"), kept.get("long")) == (None, 7)
    kept.put("short", 2, 1.0)
    assert kept.get("short") == 2


def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(expiring.time, "monotonic", lambda: now[0])
    kept = Expiring[str](2)
    kept.put(1, "over soon", 1.0)
    kept.put(2, "lasts", 60.0)
    now[0] += 2.0
    kept.put(3, "comes instead of what is over", 60.0)
    assert [kept.get(key) for key in (1, 2, 3)] == [None, "lasts", "comes instead of what is over"]
    kept.put(4, "newest", 60.0)
    assert kept.get(4) == "newest"
    assert len(kept._values) <= 2


def test_the_oldest_goes_and_a_value_put_again_takes_no_other_ones_place() -> None:
    kept = Expiring[int](2)
    kept.put("first", 1, 60.0)
    kept.put("second", 2, 60.0)
    kept.put("second", 3, 60.0)
    assert (kept.get("first"), kept.get("second")) == (1, 3)
    kept.put("first", 4, 60.0)
    kept.put("third", 5, 60.0)
    assert [kept.get(key) for key in ("first", "second", "third")] == [4, None, 5], "the one put longest ago went"
