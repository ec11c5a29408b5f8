"""Waiting for news: a ring is heard at once and once, quiet lasts longer, and whoever has to stop stops."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from backend.jobs import wakes
from tests.waiting import until


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Iterator[wakes.Bell]:
    result = wakes.Bell()
    monkeypatch.setattr(wakes, "bell", result)
    monkeypatch.setattr(wakes, "QUIET_SECONDS", 600.0)
    yield result
    result.close()


def waiting(patience: wakes.WakingEvent, timeout: float) -> threading.Thread:
    """A thread in `wait`; only what the test does ends it."""
    thread = threading.Thread(target=patience.wait, args=(timeout,), daemon=True)
    thread.start()
    thread.join(0.1)
    return thread


def ends(thread: threading.Thread) -> bool:
    thread.join(60)
    return not thread.is_alive()


def test_without_news_nobody_looks_and_a_ring_ends_the_wait(bell: wakes.Bell) -> None:
    bell.can_ring = True
    patience = wakes.WakingEvent(threading.Event())
    thread = waiting(patience, 0.01)
    assert thread.is_alive()
    bell.ring()
    assert ends(thread)
    assert ends(waiting(patience, 0.01)), "lively for a moment after news"


def test_a_ring_before_the_wait_is_heard_once(bell: wakes.Bell) -> None:
    bell.can_ring = True
    patience = wakes.WakingEvent(threading.Event())
    bell.ring(lively=False)
    assert ends(waiting(patience, 600))
    assert waiting(patience, 0.01).is_alive()


def test_where_nothing_can_ring_the_engine_s_own_interval_holds(bell: wakes.Bell) -> None:
    assert ends(waiting(wakes.WakingEvent(threading.Event()), 0.05))


def test_who_is_to_stop_stops(bell: wakes.Bell) -> None:
    bell.can_ring = True
    stop = threading.Event()
    thread = waiting(wakes.WakingEvent(stop), 0.01)
    stop.set()
    assert ends(thread)
    thread = waiting(wakes.WakingEvent(threading.Event(), seconds=600), 1)
    bell.close()
    assert ends(thread)


def test_the_manager_looks_again_while_a_queue_has_no_thread(bell: wakes.Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first look finds no queue, as while the database is away; later a queue's thread ends."""
    monkeypatch.setattr(wakes, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(wakes, "_looking", {})
    stop, end, looks = threading.Event(), threading.Event(), []

    def watch_queue(*_: object) -> None:
        end.wait()

    def manage(patience: wakes.WakingEvent, _dbos: object) -> None:
        while not patience.wait(1.0):
            looks.append(wakes.unwatched(["train"]))
            if len(looks) > 1 and looks[-1]:
                args = (patience, None, SimpleNamespace(name="train"))
                threading.Thread(target=wakes._Patient(watch_queue), args=args, daemon=True).start()
                until(lambda: end.is_set() or not wakes.unwatched(["train"]), "looking")

    manager = threading.Thread(
        target=wakes._Manager(manage), args=(stop, SimpleNamespace(_listening_queues=["train"])), daemon=True
    )
    manager.start()
    until(lambda: not wakes.unwatched(["train"]), "a thread")
    time.sleep(0.1)
    assert len(looks) == 2, "nobody looks while there is one"
    end.set()
    until(lambda: len(looks) > 2, "another look")
    stop.set()
    assert ends(manager)


def test_the_engine_s_lock_is_not_held_while_housekeeping_waits(bell: wakes.Bell) -> None:
    done: list[str] = []

    class Lock:
        def __init__(self, name: str) -> None:
            done.append(name)

        def __enter__(self) -> bool:
            return True

        def __exit__(self, *_: object) -> None:
            done.append("given back")

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            done.append(f"wait {timeout}")
            return True

    dbos = SimpleNamespace(_sys_db=SimpleNamespace(background_job_lock=Lock))
    wakes._keep_house(Stop(), dbos, "lock", 1.0, {"sweep": lambda: done.append("swept")})
    assert done == ["lock", "swept", "given back", f"wait {wakes.HOUSEKEEPING_SECONDS}"]
