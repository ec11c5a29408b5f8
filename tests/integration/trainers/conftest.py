"""Two tiny models, made once, and the libraries of trainings."""

import importlib
from pathlib import Path

import pytest

from tests.garbage import set_apart
from tests.tiny import make_tiny_model


@pytest.fixture(scope="session", autouse=True)
def libraries_are_set_apart() -> None:
    """A training collects garbage as it begins, and needs not look through them."""
    importlib.import_module("tests.preloaded")
    set_apart()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", hidden=16, layers=1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "other", hidden=16, layers=1, seed=1)
