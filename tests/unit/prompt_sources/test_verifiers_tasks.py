"""Without the package verifiers the source is refused; `tests/verifiers` tests it with the package."""

import importlib.util
from decimal import Decimal

import pytest

from backend.errors import MissingPrerequisite
from backend.prompt_sources.verifiers_tasks import VerifiersTasks, known_answer
from backend.verifiers_tasks import TaskPlace


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    source = VerifiersTasks(taskset="sums")
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[verifiers\]"):
        source.check_ready()
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[verifiers\]"):
        source.ask([], [], limit=1, seed=0)


def test_a_task_is_read_from_metadata_as_it_was_written() -> None:
    place = TaskPlace("sums", {"most": 3}, 1, "ab")
    assert TaskPlace.of({"other": 1} | place.to_metadata()) == place
    for metadata in ({}, {"verifiers": None}, {"verifiers": {"taskset": "sums"}}, place.to_metadata()["verifiers"]):
        assert TaskPlace.of(metadata) is None


def test_a_number_is_a_known_answer_too() -> None:
    for value, answer in (("4", "4"), (4, "4"), (0, "0"), (-0.5, "-0.5"), (Decimal("1.50"), "1.50")):
        assert known_answer(value) == answer
    for value in (None, True, float("nan"), float("inf"), [4], {"answer": 4}):
        assert known_answer(value) is None
