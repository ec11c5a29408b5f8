"""A model to open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import make_tiny_model
from tests.vllm_server import FakeVLLM, fake_vllm


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", context=64)


@pytest.fixture
def vllm(tmp_path: Path) -> Iterator[FakeVLLM]:
    with fake_vllm(tmp_path / "fake", data=tmp_path / "data") as fake_vllms:
        yield fake_vllms
