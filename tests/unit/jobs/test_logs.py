"""The tail shows what a person would see at the end of a terminal."""

from pathlib import Path

from backend.jobs.logs import TAIL_BYTES, TAIL_LINES, last_lines, tail


def written(folder: Path, content: bytes) -> Path:
    path = folder / "log.txt"
    path.write_bytes(content)
    return path


def test_tail_is_empty_without_a_file(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == ""


def test_tail_shows_the_last_state_of_a_progress_bar(tmp_path: Path) -> None:
    assert tail(written(tmp_path, b"start\n 10%\r 50%\r100%\r\nend\n")) == "start\n100%\nend\n"


def test_tail_drops_the_cut_line_and_survives_bad_bytes(tmp_path: Path) -> None:
    shown = tail(written(tmp_path, b"x" * TAIL_BYTES + b"\nok \xff\n"))
    assert shown == "ok �\n"


def test_tail_is_bounded(tmp_path: Path) -> None:
    assert len(tail(written(tmp_path, b"a\n" * 5000)).splitlines()) < TAIL_LINES


def test_last_lines_skips_what_says_nothing() -> None:
    assert last_lines("one\n\ntwo\n--- attempt 2, now\n  three  \n\n", n=2) == "two\nthree"
    assert last_lines("--- attempt 1, now\n") == "(it printed nothing)"
