"""Without the package verifiers the judge is refused; `tests/verifiers` tests it with the package."""

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from backend.errors import MissingPrerequisite
from backend.judges.verifiers_reward import VerifiersReward
from backend.verifiers_tasks import Scored, _scoring
from tests.groups import texts


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[verifiers\]"):
        VerifiersReward().check_ready()
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[verifiers\]"):
        VerifiersReward().judge(None, [texts("4")], seed=0)


def scored(act: Callable[[Any], Awaitable[None]], *, seconds: float | None, samples: int = 1) -> list[Scored]:
    """What a task whose rewards do this gives; task and trace have what is read of those of verifiers."""
    task = SimpleNamespace(data=SimpleNamespace(timeout=SimpleNamespace(scoring=seconds)), score=act)
    traces = [SimpleNamespace(info={}, extra_usage=[], rewards={}, reward=0.0) for _ in range(samples)]
    # In a thread of its own: where browser tests ran before, Playwright's event loop still runs in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _scoring.score_traces(task, [*traces, None], RuntimeError)).result()


async def compute(trace: Any) -> None:
    time.sleep(0.2)
    await asyncio.sleep(0)
    trace.rewards["is_right"] = SimpleNamespace(score=1.0, weight=1.0)
    trace.reward = 1.0


async def hang(trace: Any) -> None:
    await asyncio.sleep(60)


def test_rewards_that_compute_spend_the_time_of_their_own_sample_alone() -> None:
    scoreds = scored(compute, seconds=1.5, samples=8)
    assert [entry.score for entry in scoreds] == [1.0] * 8 + [None]
    assert (scoreds[0].rationale, scoreds[8].rationale) == (
        "The task's rewards: is_right 1.",
        "The sample was cut off.",
    )


def test_a_task_that_names_no_time_has_a_minute_for_each_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _scoring.SCORING_SECONDS == 60
    monkeypatch.setattr(_scoring, "SCORING_SECONDS", 0.05)
    assert scored(hang, seconds=None)[0] == Scored(None, "The rewards of the task took more than 0.05 seconds.")


def test_a_reward_that_is_missing_is_no_zero() -> None:
    async def leave_out(trace: Any) -> None:
        await compute(trace)
        trace.rewards["is_short"] = None

    async def nothing(trace: Any) -> None: ...

    assert scored(leave_out, seconds=None)[0] == Scored(None, "The task gave no reward of the name is_short.")
    assert scored(nothing, seconds=None)[0] == Scored(None, "The task gave no reward.")
