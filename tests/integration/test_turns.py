"""Threads of one process that write to one SQLite file take turns, and a turn always ends with its transaction."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, exc, select, text

from backend.db import now, session, tables, trouble, turns
from tests import held, rows
from tests.installation import leave, point_at
from tests.waiting import PATIENCE

WRITERS, TIMES = 12, 20


@pytest.fixture
def empty(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "rondo.db").write_bytes(migrated_sqlite.read_bytes())
    point_at("", tmp_path, monkeypatch)
    yield
    leave()


def write(name: str = "somebody") -> None:
    with session() as db:
        db.add(tables.User(name=name))


def names() -> list[str]:
    with session() as db:
        return list(db.scalars(select(tables.User.name).order_by(tables.User.name)))


def test_many_writers_write_everything_and_none_is_sent_away(empty: None) -> None:
    user, meet = rows.make_actor(rows.make_project()), Barrier(WRITERS)

    def count(_: int) -> None:
        meet.wait(PATIENCE)
        for _time in range(TIMES):
            with session() as db:
                row = db.get_one(tables.User, user.user_id)
                row.name = str(int(row.name) + 1) if row.name.isdigit() else "1"

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(count, range(WRITERS)))
    assert str(WRITERS * TIMES) in names()


def test_a_turn_ends_when_the_transaction_fails_is_refused_or_rolled_back(
    empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.wait_for_little(monkeypatch)
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    write("first")
    with pytest.raises(exc.IntegrityError):
        write("first")
    with pytest.raises(ValueError, match="ours"), session():
        raise ValueError("ours")
    with held.Held(), pytest.raises(exc.OperationalError, match="locked"):
        write("another process has the file")
    with pytest.raises(exc.OperationalError, match="no such table"), session() as db:
        db.execute(text("SELECT * FROM nowhere"))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(write, "second").result()
    assert {"first", "second"} <= set(names())


def test_who_waits_too_long_for_the_turn_is_told_that_it_passes(empty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.1)
    has_it, enough = Event(), Event()

    def hold() -> None:
        with session() as db:
            db.add(tables.User(name="slow"))
            db.flush()
            has_it.set()
            enough.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert has_it.wait(PATIENCE)
        with pytest.raises(exc.OperationalError, match="locked") as caught:
            write("in a hurry")
        enough.set()
        holding.result()
    assert trouble.as_busy(caught.value) is not None
    write("later")
    assert {"slow", "later"} <= set(names())
    assert "in a hurry" not in names()


def test_what_is_done_after_a_commit_may_write_again(empty: None) -> None:
    """DBOS' client does, on a connection of its own, before the session has given its connection back."""
    with session() as db:
        db.add(tables.User(name="before"))
        event.listen(db, "after_commit", lambda _: write(f"after {now():%Y}"), once=True)
    assert {"before", f"after {now():%Y}"} <= set(names())


class Watched:
    """The lock of the turns, which says when somebody has found it taken and waits."""

    def __init__(self) -> None:
        self.lock, self.waits = Lock(), Event()

    def acquire(self, **how: Any) -> bool:
        if "timeout" in how:
            self.waits.set()
        return self.lock.acquire(**how)

    def release(self) -> None:
        self.lock.release()


def test_after_many_turns_that_were_waited_for_the_file_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes look for the file from time to time, and would miss it as long as the turn is handed on at once.

    It rests while the turn is still held, so that no thread of this process comes in between.
    """
    rests: list[tuple[float, bool]] = []
    turn, watched = turns.WriteTurn(), Watched()
    monkeypatch.setattr(turn, "_lock", watched)
    clock = SimpleNamespace(sleep=lambda seconds: rests.append((seconds, watched.lock.locked())))
    monkeypatch.setattr(turns, "time", clock)

    def next_one_waits() -> None:
        """The turn goes from who has it to somebody who waits for it."""
        watched.waits.clear()
        waiting = Thread(target=turn.take)
        waiting.start()
        assert watched.waits.wait(PATIENCE)
        turn.hand_on()
        waiting.join(PATIENCE)

    assert turn.take()
    for _ in range(turns.IN_A_ROW):
        next_one_waits()
    assert rests == []
    turn.hand_on()
    assert rests == [(turns.PAUSE_SECONDS, True)]
    # It counts anew, and a turn that nobody waited for begins the count again.
    assert turn.take()
    for _ in range(turns.IN_A_ROW - 1):
        next_one_waits()
    turn.hand_on()
    assert turn.take()
    next_one_waits()
    turn.hand_on()
    assert len(rests) == 1
