"""Without the package verifiers the judge is refused; `tests/verifiers` tests it with the package."""

import importlib.util

import pytest

from backend.errors import MissingPrerequisite
from backend.judges.verifiers_reward import VerifiersReward
from tests.groups import texts


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[verifiers\]"):
        VerifiersReward().check_ready()
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[verifiers\]"):
        VerifiersReward().judge(None, [texts("4")], seed=0)
