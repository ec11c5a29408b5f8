"""A small taskset of verifiers, and a fixture that installs it, or one like it, as a package."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend import verifiers_tasks

SUMS = """
import asyncio
import verifiers.v1 as vf

__all__ = ["Sums"]


class Data(vf.TaskData):
    answer: str


class Config(vf.TasksetConfig):
    most: int = 9


class Sum(vf.Task[Data]):
    @vf.reward
    async def is_right(self, trace) -> float:
        await asyncio.sleep(0.01)
        return float(trace.last_reply.split()[-1] == self.data.answer)

    @vf.reward(weight=0.5)
    async def is_short(self, trace) -> float:
        return float(len(trace.last_reply) <= 10)


class Sums(vf.Taskset[Sum, Config]):
    def load(self):
        for left in range(self.config.most):
            yield Sum(Data(prompt=f"{left} + 2 =", answer=str(left + 2), system_prompt="Be brief."), self.config.task)
"""

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package with this code; returns its name. Each text that `changes` names becomes another."""
    monkeypatch.syspath_prepend(tmp_path)
    count = 0

    def installed(code: str = SUMS, *, needs: str = "verifiers>=0.4", changes: dict[str, str] | None = None) -> str:
        nonlocal count
        count += 1
        name = f"rondo_sums_{tmp_path.name.replace('-', '_')}_{count}".lower()
        for old, new in (changes or {}).items():
            assert old in code
            code = code.replace(old, new)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {needs}\n")
        return name

    verifiers_tasks._tasks.cache_clear()
    return installed
