"""Calls of several threads to the engine that serves a model folder by vLLM: a stage's batches that are under way."""

import os
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backend.engines import _chat, _ends
from backend.engines.vllm import VLLM
from backend.errors import EngineError, MissingPrerequisite
from backend.values import Sampling
from backend.values.replies import ReplyForm
from tests.vllm_server import FakeVLLM, chats, until

pytestmark = pytest.mark.large_library
ONCE = Sampling(seed=1, max_tokens=10)


def test_calls_of_several_threads_are_under_way_together(vllm: FakeVLLM, folder: Path) -> None:
    """None waits for the slowest request of another: a stage's next batch keeps the server busy."""
    vllm.tell(meeting=6)  # no request is answered before six are under way
    with VLLM(model=str(folder), concurrency=6) as engine, ThreadPoolExecutor(3) as pool:
        assert engine.window == 6
        calls = [chats(f"{n} 1", f"{n} 2") for n in range(3)]
        together = list(pool.map(lambda prompts: engine.complete(prompts, ONCE), calls))
    vllm.tell()
    assert all(several[0].failure is None for replies in together for several in replies)
    os.kill(vllm.servers[0], signal.SIGKILL)
    with VLLM(model=str(folder)) as engine:
        assert [engine.complete(prompts, ONCE) for prompts in calls] == together


def test_one_thread_at_a_time_uses_the_tokenizer(vllm: FakeVLLM, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps whether it splits special tokens: another thread that wants it differently would change what is read."""
    busy = threading.Lock()
    used: set[str] = set()

    def used_alone(module: Any, name: str) -> None:
        use = getattr(module, name)

        def alone(*arguments: Any) -> Any:
            assert busy.acquire(blocking=False)
            try:
                used.add(name)
                time.sleep(0.01)
                return use(*arguments)
            finally:
                busy.release()

        monkeypatch.setattr(module, name, alone)

    uses = ((_chat, "encode"), (_chat, "encode_answers"), (_ends, "end_tokens"), (_ends, "plain_stops"))
    with VLLM(model=str(folder)) as engine, ThreadPoolExecutor(6) as pool:
        for module, name in uses:
            used_alone(module, name)
        calls: list[Future[Any]] = []
        calls += [pool.submit(engine.count_tokens, chat) for chat in chats("1<eos>", "12") * 4]
        calls += [pool.submit(engine.read, chats("1"), ["12"]) for _ in range(4)]
        calls += [pool.submit(engine.complete, chats("1"), ONCE) for _ in range(4)]
        calls += [pool.submit(engine.complete_as, ReplyForm(choices=("Y", "N")), chats("2"), ONCE) for _ in range(4)]
        assert all(call.result(60) for call in calls)
    assert used == {name for _, name in uses}


def test_a_server_that_dies_of_one_call_answers_the_others_and_the_deadly_prompt_alone_fails(
    vllm: FakeVLLM, folder: Path
) -> None:
    calls = [chats(*(f"{call} {n}" for n in range(4))) for call in range(4)]
    with VLLM(model=str(folder)) as engine:
        whole = [engine.complete(prompts, ONCE) for prompts in calls]
        deadly = engine._encoded(calls[2])[0][1]
        vllm.tell(deadly_prompt=deadly)
        os.kill(vllm.servers[0], signal.SIGKILL)  # so that the next one knows
        with ThreadPoolExecutor(4) as pool:
            after = list(pool.map(lambda prompts: engine.complete(prompts, ONCE), calls))
        assert "each time" in str(after[2][1][0].failure)
        after[2][1] = whole[2][1]
        assert after == whole
        assert engine.complete(calls[0], ONCE) == whole[0]
    assert until(lambda: len(vllm.running()) == 2)


def test_a_server_that_cannot_be_started_again_ends_the_calls_of_all_threads(vllm: FakeVLLM, folder: Path) -> None:
    calls = [chats(f"{call} 1", f"{call} 2") for call in range(4)]

    def error_of(prompts: list[Any]) -> str:
        with pytest.raises(EngineError) as raised:
            engine.complete(prompts, ONCE)
        return raised.value.message

    with VLLM(model=str(folder)) as engine:
        engine.complete(calls[0], ONCE)
        vllm.tell(start_error="torch.OutOfMemoryError: no memory")
        os.kill(vllm.servers[0], signal.SIGKILL)
        with ThreadPoolExecutor(4) as pool:
            errors = list(pool.map(error_of, calls))
    assert all("no memory" in error for error in errors)
    assert len(vllm.servers) == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_given_up_ends_and_starts_no_server(vllm: FakeVLLM, folder: Path, at_once: bool) -> None:
    vllm.tell(meeting=3)
    with VLLM(model=str(folder), concurrency=2) as engine, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(engine.complete, chats(f"{call} 1", f"{call} 2"), ONCE) for call in range(2)]
        assert until(lambda: len(vllm.noted("requests")) == 2)
        engine.give_up(at_once=at_once)
        if not at_once:  # what was sent is waited for
            os.kill(vllm.servers[0], signal.SIGKILL)
        for call in calls:
            with pytest.raises(EngineError, match="given up"):
                call.result(60)
    assert len(vllm.servers) == 1


def test_what_is_given_up_while_its_server_starts_again_ends_and_asks_nothing(vllm: FakeVLLM, folder: Path) -> None:
    with VLLM(model=str(folder)) as engine, ThreadPoolExecutor(2) as pool:
        vllm.tell(start_seconds=60)
        os.kill(vllm.servers[0], signal.SIGKILL)
        calls = [pool.submit(engine.complete, chats(f"{call} 1", f"{call} 2"), ONCE) for call in range(2)]
        assert until(lambda: len(vllm.servers) == 2)
        asked = len(vllm.noted("requests"))
        engine.give_up(at_once=True)
        for call in calls:
            with pytest.raises(EngineError, match="given up"):
                call.result(30)
    assert len(vllm.noted("requests")) == asked
    assert until(lambda: not vllm.running())


@pytest.mark.parametrize("error", [MissingPrerequisite("There is no vLLM any more."), OSError("no vLLM any more")])
def test_whatever_keeps_a_server_from_a_start_is_raised_for_all_threads(
    vllm: FakeVLLM, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise error

    with VLLM(model=str(folder)) as engine, ThreadPoolExecutor(4) as pool:
        monkeypatch.setattr("backend.engines._server_client.hold", broken)
        os.kill(vllm.servers[0], signal.SIGKILL)
        calls = [pool.submit(engine.complete, chats(f"{call} 1", f"{call} 2"), ONCE) for call in range(4)]
        assert [call.exception(60) for call in calls] == [error] * 4


def test_a_server_that_dies_of_everything_is_not_started_again_for_each_call(vllm: FakeVLLM, folder: Path) -> None:
    calls = [chats(*(f"{call} {n}" for n in range(6))) for call in range(6)]
    with VLLM(model=str(folder)) as engine, ThreadPoolExecutor(6) as pool:
        vllm.tell(crash_at=[*range(1, 1000)])
        os.kill(vllm.servers[0], signal.SIGKILL)
        errors = [pool.submit(engine.complete, prompts, ONCE).exception for prompts in calls]
        assert all("times while it was asked" in str(error(60)) for error in errors)
    assert len(vllm.servers) == 5  # twice all that is left, and three prompts one by one


def test_giving_up_beside_a_start_again_raises_nothing(vllm: FakeVLLM, folder: Path) -> None:
    with VLLM(model=str(folder)) as engine:
        assert engine._client is not None
        engine._client._let_go()
        engine.give_up(at_once=True)
        with pytest.raises(EngineError, match="given up"):
            engine.complete(chats("1"), ONCE)


def test_reading_alone_comes_while_several_threads_write(vllm: FakeVLLM, folder: Path) -> None:
    """Who asks alone waits for what is under way, and not for a moment at which nothing is."""
    over = threading.Event()

    def write(engine: VLLM, thread: int) -> None:
        while not over.is_set():
            engine.complete(chats(*(f"{thread} {n}" for n in range(6))), ONCE)

    with (
        VLLM(model=str(folder), lora_rank=8, concurrency=4) as first,
        VLLM(model=str(folder), lora_rank=8) as second,
        ThreadPoolExecutor(4) as pool,
    ):
        writers = [pool.submit(write, first, thread) for thread in range(3)]
        try:
            reading = pool.submit(second.read, chats("1"), ["12"])
            assert reading.result(30)[0].logprobs
        finally:
            over.set()
        for writer in writers:
            writer.result(30)
    assert len(vllm.servers) == 1


def test_a_prompt_is_not_left_out_since_the_server_dies_of_another_engine_s(vllm: FakeVLLM, folder: Path) -> None:
    over = threading.Event()

    def write(engine: VLLM) -> list[str]:
        failures: list[str] = []
        number = 0
        while not over.is_set():
            number += 1
            replies = engine.complete(chats(*(f"{number} {n}" for n in range(20))), ONCE)
            failures += [str(reply[0].failure) for reply in replies if reply[0].failure is not None]
        return failures

    with VLLM(model=str(folder)) as first, VLLM(model=str(folder)) as second, ThreadPoolExecutor(1) as pool:
        vllm.tell(deadly_prompt=first._encoded(chats("deadly"))[0][0])
        os.kill(vllm.servers[0], signal.SIGKILL)
        writer = pool.submit(write, second)
        try:
            for _ in range(2):
                deadly, other = first.complete(chats("deadly", "5"), ONCE)
                assert "each time" in str(deadly[0].failure)
                assert other[0].failure is None
        finally:
            over.set()
        assert writer.result(60) == []
