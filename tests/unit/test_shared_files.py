"""Shared files: whole or not there, on the addresses that fsspec knows, and no more than so much on one machine."""

import importlib.util
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend import shared_files
from backend.config import Settings, reread, settings
from backend.errors import InvalidInput, MissingPrerequisite
from backend.shared_files import driver, fetched
from backend.shared_files.driver import Driver
from backend.shared_files.store import REUSED_SECONDS, FileStore

NAME = "checkpoints/round-1-ab/final"


@pytest.fixture(autouse=True)
def settings_of_before() -> Iterator[None]:
    """After what a test set is taken back."""
    yield
    reread()


@pytest.fixture(params=["memory", "file"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """An empty store of its own."""
    place = f"memory://{uuid.uuid4().hex}" if request.param == "memory" else f"file://{tmp_path}/shared"
    return FileStore(place)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder of three files, two of the same content."""
    folder = tmp_path / "model"
    (folder / "more").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "more" / "same.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights" * 1000)
    return folder


def texts(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_comes_back_as_it_was_and_same_content_is_kept_once(
    files: FileStore, model: Path, tmp_path: Path
) -> None:
    file_list = files.put(NAME, model)
    assert file_list.num_bytes == 7004
    assert files.put(NAME, model) == file_list  # nothing is written again
    target = tmp_path / "other" / "final"
    assert files.get(NAME, target) == file_list
    assert texts(target) == texts(model)
    assert sorted(os.listdir(target.parent)) == ["final"]
    files.put("exports/rows.jsonl", model / "config.json")
    assert files.get("exports/rows.jsonl", tmp_path / "rows.jsonl") is not None
    assert (tmp_path / "rows.jsonl").read_text() == "{}"
    assert [entry.name for entry in files.lists()] == [NAME, "exports/rows.jsonl"]
    assert files.names("exports/ro") == ["exports/rows.jsonl"]
    assert files.check() >= 0
    later = time.time() + 60
    assert files.unreferenced(later) == []
    files.delete(NAME)
    assert (files.find(NAME), files.get(NAME, tmp_path / "nowhere")) == (None, None)
    (weights,) = files.unreferenced(later)  # the rest is that of exports/rows.jsonl, too
    assert weights.num_bytes == 7000
    assert files.unreferenced(time.time() - 60) == []
    assert not files.remove(weights, time.time() - 60)
    assert files.remove(weights, later)
    assert files.unreferenced(later) == []


def test_what_is_broken_off_leaves_nothing_under_the_name_and_goes_on(
    files: FileStore, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, sent = type(files._driver._fs), []
    put_file = driver.put_file

    def failing(self: object, source: str, *rest: object, **options: object) -> object:
        sent.append(Path(source).name)
        if len(sent) == 2:
            raise OSError("the line is down")
        return put_file(self, source, *rest, **options)

    monkeypatch.setattr(driver, "put_file", failing)
    with pytest.raises(MissingPrerequisite, match=r"Nothing can be written at .*: the line is down"):
        files.put(NAME, model)
    assert (files.find(NAME), files.lists()) == (None, [])
    files.put(NAME, model)
    assert sent == ["config.json", "model.safetensors", "model.safetensors"]  # what was there is not sent again
    assert all(entry.path.startswith("content/") for entry in files.unreferenced(time.time() + 60))
    target, cat = tmp_path / "final", type(files._driver._fs).open

    def cut(self: object, path: str, *rest: object, **options: object) -> object:
        if str(path).endswith(files.find(NAME).files["model.safetensors"].sha256):
            raise OSError("the line is down")
        return cat(self, path, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr(driver, "open", cut)
        with pytest.raises(MissingPrerequisite, match="Nothing can be read"):
            files.get(NAME, target)
    assert not target.exists()
    assert list(tmp_path.glob(".part-*")) == []
    files.get(NAME, target)
    assert texts(target) == texts(model)


def test_changed_content_is_refused_and_content_about_to_be_cleaned_up_is_sent_again(
    model: Path, tmp_path: Path
) -> None:
    files = FileStore(f"file://{tmp_path}/shared")
    entry = files.put(NAME, model).files["model.safetensors"]
    place = tmp_path / "shared" / "content" / entry.sha256[:2] / entry.sha256
    place.write_bytes(b"x" * entry.num_bytes)
    with pytest.raises(InvalidInput, match=r"checkpoints/round-1-ab/final at file.* is damaged"):
        files.get(NAME, tmp_path / "final")
    assert not (tmp_path / "final").exists()
    files.put(NAME, model)  # by its size nothing is wrong with it
    with pytest.raises(InvalidInput, match="files share --anew"):
        files.get(NAME, tmp_path / "final")
    files.put(NAME, model, anew=True)
    assert files.get(NAME, tmp_path / "final") is not None
    then = time.time() - REUSED_SECONDS - 60
    os.utime(place, (then, then))
    files.put("checkpoints/other", model)
    assert place.stat().st_mtime > then + 60
    for name in ("../up", "/root", "a//b", ""):
        with pytest.raises(InvalidInput, match="no path below the data folder"):
            files.find(name)
    (tmp_path / "shared" / "lists" / f"{NAME}.json").write_text('{"name": "../../etc", "files": {}}')
    with pytest.raises(InvalidInput, match="no list of files"):
        files.find(NAME)


def test_a_wrong_address_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"RONDO_FILES_URL is 'nonsense://x': .*such as s3://bucket/rondo"):
        FileStore("nonsense://x")
    if importlib.util.find_spec("s3fs") is None:
        with pytest.raises(MissingPrerequisite, match=r"RONDO_FILES_URL is s3://bucket/x: .*s3fs"):
            FileStore("s3://bucket/x")
    with pytest.raises(InvalidInput, match="no file can be written there whole or not at all"):
        FileStore("http://127.0.0.1:1/files")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(MissingPrerequisite, match=r"Nothing can be written at file://.*rondo doctor"):
        FileStore(f"file://{tmp_path}/file/below").check()
    monkeypatch.setenv("RONDO_FILES_URL", "shared/files")
    reread()
    with pytest.raises(InvalidInput, match=r"RONDO_FILES_URL is 'shared/files': .*no whole path"):
        settings()
    assert Settings(files_url="/srv/rondo/").files_url == "file:///srv/rondo"
    monkeypatch.setenv("RONDO_FILES_URL", "/")
    reread()
    with pytest.raises(InvalidInput, match="the root of the disk"):
        settings()
    files = FileStore(Settings(files_url=f"{tmp_path}/my shäre%20").files_url)
    files.put("models/a", tmp_path / "file")
    assert (tmp_path / "my shäre%20" / "lists" / "models" / "a.json").is_file(), "the folder that was named"


def test_who_signs_in_is_never_shown() -> None:
    address = "memory://KEY:SE/CRET@bucket/rondo"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(driver, "NO_SECRETS", {"file"})
        files = Driver(address)
        with pytest.raises(MissingPrerequisite) as raised, files.reached("read"):
            raise OSError(f"{address} is closed")
    assert files.url == "memory://...@bucket/rondo"
    assert "SE/CRET" not in raised.value.message
    assert driver._secret_of("abfs://container@account/x") == "", "a container's name"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Goes to a machine, with a data folder of its own."""
    monkeypatch.setenv("RONDO_FILES_URL", f"{tmp_path}/shared")

    def go(machine: str) -> Path:
        monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / machine))
        reread()
        return settings().folder

    return go


def lay(folder: Path, text: str) -> Path:
    place = folder / NAME
    place.mkdir(parents=True)
    (place / "weights").write_text(text)
    return place


def test_of_two_trainings_under_one_name_all_machines_use_the_one_that_was_shared_first(
    at: Callable[[str], Path],
) -> None:
    first = lay(at("one"), "first")  # and died before it was shared
    second = lay(at("two"), "other")
    shared_files.share_first(second)
    at("one")
    assert shared_files.differs(first)
    assert shared_files.bring(first)
    assert (first / "weights").read_text() == "other"
    (aside,) = first.parent.glob(f"{shared_files.REPLACED}*")
    assert (aside / "weights").read_text() == "first"
    third = lay(at("three"), "third")
    shared_files.share_first(third)  # its job went on elsewhere meanwhile
    assert (third / "weights").read_text() == "other"
    (third / "weights").write_text("mended")  # by a person, who is left alone
    assert shared_files.bring(third)
    assert (third / "weights").read_text() == "mended"


def test_processes_that_need_the_same_at_once_fetch_it_once(
    at: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_files.share(lay(at("one"), "first"))
    place, get, got = at("two") / NAME, FileStore.get, []

    def counted(self: FileStore, name: str, *rest: Path, **how: Path | None) -> object:
        got.append(name)
        return get(self, name, *rest, **how)

    monkeypatch.setattr(FileStore, "get", counted)
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(shared_files.bring, [place] * 4))
    assert got == [NAME]


def test_a_copy_that_a_job_holds_stays_and_a_damaged_list_stops_no_other(
    at: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONDO_FILES_CACHE_GB", "0")
    shared_files.share(lay(at("one"), "first"))
    place = at("two") / NAME
    monkeypatch.setattr(fetched.Held, "handles", {})
    monkeypatch.setattr(fetched.Held, "is_on", True)
    assert shared_files.bring(place)
    then = time.time() - fetched.IN_USE_SECONDS - 60
    os.utime(fetched._note_of(place), (then, then))
    fetched.forget_oldest(lambda _: True)
    assert place.exists(), "a job uses it, however long ago it was loaded"
    os.close(fetched.Held.handles.popitem()[1])

    def damaged(_: str) -> bool:
        raise InvalidInput("no list of files")

    fetched.forget_oldest(damaged)
    assert place.exists()
    (left := place.with_name(".part-final-gone-1")).mkdir()  # of a process that was killed
    fetched.forget_oldest(lambda _: True)
    assert (place.exists(), left.exists(), fetched._note_of(place).exists()) == (False, False, False)
    assert shared_files.name_of(settings().folder / "org\\model") is None


def test_a_machine_keeps_so_much_of_what_it_fetched_and_all_that_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(machine: str) -> Path:
        monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / machine))
        reread()
        return settings().folder

    monkeypatch.setenv("RONDO_FILES_URL", f"{tmp_path}/shared")
    monkeypatch.setenv("RONDO_FILES_CACHE_GB", "0.000001")  # 1,000 bytes
    places = [f"checkpoints/round-{number}-ab/final" for number in (1, 2)]
    for place in places:
        folder = at("one") / place
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(place.encode() * 20)
        assert shared_files.share(folder) == 560
        assert shared_files.bring(folder)
    first, second = (at("two") / place for place in places)
    assert shared_files.bring(first)
    assert not shared_files.bring(settings().folder / "checkpoints/round-3-ab/final")
    assert not shared_files.bring(tmp_path / "elsewhere")
    assert shared_files.bring(second)
    assert first.exists(), "it was asked for just now"
    fetched_file = fetched._note_of(first)
    then = time.time() - fetched.IN_USE_SECONDS - 60
    os.utime(fetched_file, (then, then))
    fetched.forget_oldest(lambda _: True)
    assert (first.exists(), fetched_file.exists(), second.exists()) == (False, False, True)
    assert shared_files.bring(first)
    assert (at("one") / places[0]).exists()
    shared_files.forget_like(["checkpoints/round-1-*"])
    files = shared_files.store()
    assert files is not None
    assert [entry.name for entry in files.lists()] == [places[1]]
    note = fetched._note_of(at("two") / places[0])
    os.utime(note, (then, then))
    fetched.forget_oldest(lambda name: files.find(name) is not None)
    assert ((settings().folder / places[0]).exists(), note.exists()) == (True, False), "nobody else has it any more"
