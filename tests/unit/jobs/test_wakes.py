"""Waiting for news: a ring is heard at once and once, quiet lasts longer, and whoever has to stop stops."""

import threading
import time
from collections.abc import Iterator

import pytest

from backend.jobs import wakes


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Iterator[wakes.Bell]:
    made = wakes.Bell()
    monkeypatch.setattr(wakes, "bell", made)
    yield made
    made.close()


def seconds_of(wait: "threading.Event | wakes.Patience", timeout: float) -> float:
    started = time.monotonic()
    wait.wait(timeout)
    return time.monotonic() - started


def test_without_news_a_look_comes_seldom_and_a_ring_ends_the_wait(bell: wakes.Bell) -> None:
    bell.can_ring = True
    patience = wakes.Patience(threading.Event())
    threading.Timer(0.3, bell.ring).start()
    assert 0.2 < seconds_of(patience, 0.01) < wakes.QUIET_SECONDS / 2
    assert seconds_of(patience, 0.01) < 0.2, "lively for a moment after news"


def test_a_ring_before_the_wait_is_heard_once(bell: wakes.Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakes, "QUIET_SECONDS", 0.4)
    bell.can_ring = True
    patience = wakes.Patience(threading.Event())
    bell.ring(lively=False)
    assert seconds_of(patience, 0.01) < 0.2
    assert seconds_of(patience, 0.01) >= 0.4


def test_where_nothing_can_ring_the_engine_s_own_interval_holds(bell: wakes.Bell) -> None:
    assert seconds_of(wakes.Patience(threading.Event()), 0.05) < 1


def test_who_is_to_stop_stops(bell: wakes.Bell) -> None:
    bell.can_ring = True
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert wakes.Patience(stop).wait(0.01)
    threading.Timer(0.1, bell.close).start()
    assert wakes.Patience(threading.Event(), seconds=60).wait(1)
