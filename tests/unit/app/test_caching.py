"""How long a browser keeps what."""

import shutil
from pathlib import Path

import pytest

from app import caching, own_files


@pytest.mark.parametrize(
    ("path", "query", "status", "rule"),
    [
        ("/assets/index-abc.js", "", 200, f"public, {caching.FOR_GOOD}"),
        ("/assets/index-abc.js", "", 404, "no-store"),
        (own_files.address("review/desk.js"), "", 200, f"public, {caching.FOR_GOOD}"),
        ("/static/0123456789ab/review/desk.js", "", 200, "no-cache"),
        ("/static/review/desk.js", "", 200, "no-cache"),
        (f"{own_files.address('')}of-gradio.css", "", 200, "no-cache"),
        ("/theme.css", f"v={caching.theme_hash()}", 200, f"private, {caching.FOR_GOOD}"),
        ("/theme.css", "v=abc", 200, "no-store"),
        ("/theme.css", "", 200, "no-store"),
        ("/theme.css", f"v={caching.theme_hash()}", 401, "no-store"),
        ("/", "", 200, "no-store"),
        ("/api/v1/me", "v=abc", 200, "no-store"),
    ],
)
def test_only_what_its_address_names_by_its_content_is_kept(path: str, query: str, status: int, rule: str) -> None:
    assert caching.rule(path, query, status) == rule


def test_the_version_stands_for_the_files() -> None:
    assert own_files.address("rondo.css") == f"/static/{own_files.version()}/rondo.css"
    assert len(own_files.version()) == 12


def test_a_file_that_changed_since_the_start_is_asked_for_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_files.version()
    name = "review/desk.js"
    (tmp_path / "review").mkdir()
    shutil.copy2(own_files.FOLDER / name, tmp_path / name)
    monkeypatch.setattr(own_files, "FOLDER", tmp_path)
    assert own_files.is_named(own_files.address(name))
    (tmp_path / name).write_text("another")
    assert caching.rule(own_files.address(name), "", 200) == "no-cache"
    (tmp_path / name).unlink()
    assert not own_files.is_named(own_files.address(name))


def test_the_desks_page_names_every_script_that_the_desk_begins_with() -> None:
    texts = own_files.with_imports("review/desk.js")
    there = {f"review/{path.name}" for path in (own_files.FOLDER / "review").glob("*.js")}
    of_the_list = {name for name in there if name.startswith("review/list_")}
    others = {"review/diff_worker.js"} | of_the_list
    assert set(texts) == (there - others) | {"gettext.js"}, "a worker is no part of the page"
    assert texts[0] == "review/desk.js"
