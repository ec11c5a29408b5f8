"""An executor id belongs to one process at a time, and comes back after a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.config import reread
from backend.errors import Conflict, InvalidInput
from backend.jobs import executors


@pytest.fixture(autouse=True)
def _data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    reread()
    yield
    reread()


def test_default_ids_are_slots_and_a_freed_slot_is_taken_again() -> None:
    first, second = executors.claim(), executors.claim()
    assert first.executor_id.endswith("-0")
    assert second.executor_id.endswith("-1")
    first.release()
    again = executors.claim()
    assert again.executor_id == first.executor_id
    again.release()
    second.release()


def test_given_id_is_refused_while_held() -> None:
    held = executors.claim("host-gpu0")
    with pytest.raises(Conflict, match="'host-gpu0' belongs to a running worker"):
        executors.claim("host-gpu0")
    held.release()
    executors.claim("host-gpu0").release()


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 101])
def test_id_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        executors.claim(name)
