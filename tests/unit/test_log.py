"""The log as lines of JSON."""

import json
import logging
import sys

from backend import log


def line(message: str, *values: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord("rondo.x", logging.WARNING, "x.py", 1, message, values, more.get("exc_info"))
    written = log.Lines().format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_line_names_what_it_is_about_and_the_block_s_end_forgets_it() -> None:
    with log.about(round=3, project=None):
        with log.about(job=7, project=1):
            found = line("a %s", "b\nc")
            assert list(found)[-3:] == ["project", "round", "job"]
            assert (found["project"], found["round"], found["job"]) == (1, 3, 7)
            assert (found["message"], found["level"], found["logger"]) == ("a b\nc", "warning", "rondo.x")
        assert "job" not in line("x")
    assert "round" not in line("x")


def test_an_error_stands_in_the_line_with_its_traceback() -> None:
    try:
        raise ValueError("bad")
    except ValueError:
        found = line("failed", exc_info=sys.exc_info())
    assert "ValueError: bad" in str(found["error"])
