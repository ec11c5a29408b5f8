"""Locks of threads and processes that ask one model server."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from backend.engines import _keeper, _locks
from backend.engines._in_flight import RequestGivenUp
from tests.vllm_server import until


def test_who_wants_it_alone_keeps_further_ones_that_share_it_from_it(tmp_path: Path) -> None:
    first, second = (_locks.SharedOrAlone(tmp_path, "others") for _ in range(2))
    order: list[str] = []

    def alone() -> None:
        with first.alone():
            order.append("alone")

    def shared() -> None:
        with second.shared():
            order.append("shared")

    with ThreadPoolExecutor(2) as pool:
        with second.shared():
            waits = pool.submit(alone)
            assert until(lambda: (tmp_path / "turn").exists() and not _is_free(tmp_path / "next"))
            late = pool.submit(shared)
            with pytest.raises(TimeoutError):
                late.result(0.2)
        waits.result(10)
        late.result(10)
    assert order == ["alone", "shared"]


def _is_free(path: Path) -> bool:
    if (file := _keeper.lock(path)) is not None:
        file.close()
    return file is not None


def test_threads_get_it_alone_in_the_order_in_which_they_asked(tmp_path: Path) -> None:
    lock, order = _locks.SharedOrAlone(tmp_path, "others"), list[int]()

    def waits(number: int) -> bool:
        return len(lock._queue._waiting) == number + 1

    def alone(number: int) -> None:
        with lock.alone():
            order.append(number)

    with ThreadPoolExecutor(8) as pool:
        with lock.shared():
            for number in range(8):
                pool.submit(alone, number)
                assert until(partial(waits, number))
    assert order == [*range(8)]


@pytest.mark.parametrize("how", ["shared", "alone"])
def test_a_wait_ends_by_its_check_is_told_and_leaves_nothing_held(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_locks, "SAY_SECONDS", 0.0)
    caplog.set_level(logging.INFO, "rondo.engines")
    holder, lock = (_locks.SharedOrAlone(tmp_path, "others") for _ in range(2))
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise RequestGivenUp

    def wait() -> None:
        with getattr(lock, how)(check):
            raise AssertionError

    with ThreadPoolExecutor(3) as pool:
        with holder.alone():
            waits = [pool.submit(wait) for _ in range(3)]
            assert until(lambda: "Waiting for others" in caplog.text)
            over.set()
            for waiting in waits:
                with pytest.raises(RequestGivenUp):
                    waiting.result(10)
    with lock.alone():
        pass
