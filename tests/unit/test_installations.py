"""Moving from one installation to the next while others still ask: nobody keeps the old one's connections."""

import threading
from pathlib import Path

import pytest

from backend.config import settings
from backend.db.session import dispose, read_engine, write_engine
from tests.installation import point_at


def test_who_asks_meanwhile_leaves_no_engine_of_the_installation_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            read_engine()
            write_engine()

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    wrong = []
    try:
        for n in range(50):
            folder = tmp_path / str(n)
            point_at("", folder, monkeypatch)
            for engine in (read_engine(), write_engine()):
                if engine.url.database != str(folder / "rondo.db") or settings().folder != folder:
                    wrong.append((n, engine.url.database))
    finally:
        is_over.set()
        for thread in asking:
            thread.join()
        dispose()
    assert wrong == []


def test_a_copy_of_the_settings_is_of_the_folder_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at("", tmp_path / "one", monkeypatch)
    first = settings()
    assert (first.folder, first.url) == (tmp_path / "one", f"sqlite:///{tmp_path / 'one' / 'rondo.db'}")
    copy = first.model_copy(update={"data_dir": tmp_path / "two"})
    assert (copy.folder, copy.url) == (tmp_path / "two", f"sqlite:///{tmp_path / 'two' / 'rondo.db'}")
    assert first.folder == tmp_path / "one"
