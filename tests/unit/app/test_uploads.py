"""What is uploaded may not fill the disk: what is forgotten is deleted."""

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import uploads


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(uploads, "_files", OrderedDict())
    monkeypatch.setattr(uploads, "settings", lambda: SimpleNamespace(folder=tmp_path, max_upload_mb=1))
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


def upload(folder: Path, session_id: int, name: str, size: int = 10) -> Path:
    """A file as Gradio keeps it."""
    path = folder / name / "a.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    uploads.note(session_id, [str(path)])
    return path


def test_the_oldest_of_too_many_files_is_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FILES", 3)
    paths = [upload(folder, 1, f"f{n}") for n in range(5)]
    assert [path.parent.exists() for path in paths] == [False, False, True, True, True]
    assert [uploads.is_own(1, str(path)) for path in paths] == [False, False, True, True, True]


def test_a_login_and_all_logins_together_keep_so_many_bytes(folder: Path) -> None:
    size = 1024**2
    paths = [upload(folder, 1, f"f{n}", size) for n in range(8)]
    assert sum(path.exists() for path in paths) == uploads.OF_A_LOGIN
    assert paths[-1].exists()
    for session_id in range(2, 40):
        for n in range(3):
            upload(folder, session_id, f"of{session_id}-{n}", size)
    kept = sum(path.stat().st_size for path in folder.rglob("*.jsonl"))
    assert kept <= uploads.OF_ALL * size
    assert not uploads.is_own(1, str(paths[-1]))
    assert uploads.is_own(39, str(folder / "of39-2" / "a.jsonl"))


def test_a_file_larger_than_all_is_kept_until_the_next(folder: Path) -> None:
    large = upload(folder, 1, "large", 4 * 1024**2)
    assert large.exists()
    upload(folder, 1, "next")
    assert not large.exists()


def test_what_two_logins_uploaded_stays_while_one_of_them_has_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FILES", 1)
    same = upload(folder, 1, "same")
    upload(folder, 2, "same")
    upload(folder, 1, "other")
    assert same.exists()
    upload(folder, 2, "another")
    assert not same.exists()


def test_nothing_outside_the_folder_is_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FILES", 1)
    outside = folder.parent / "kept.jsonl"
    outside.write_text("x")
    uploads.note(1, [str(outside), str(folder / ".." / "kept.jsonl")])
    upload(folder, 1, "next")
    assert outside.exists()
