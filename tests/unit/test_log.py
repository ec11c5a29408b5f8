"""The log as lines of JSON, the engine's too."""

import contextvars
import json
import logging
import sys

import pytest

from backend import log
from backend.config import settings
from backend.jobs import durable


def line(message: str, *values: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord("rondo.x", logging.WARNING, "x.py", 1, message, values, more.get("exc_info"))
    written = log.Lines().format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_line_names_what_it_is_about_and_the_block_s_end_forgets_it() -> None:
    def check() -> None:
        with log.about(round=3, project=None):
            with log.about(job=7, project=1):
                result = line("a %s", "b\nc")
                assert list(result)[-3:] == ["project", "round", "job"]
                assert (result["project"], result["round"], result["job"]) == (1, 3, 7)
                assert (result["message"], result["level"], result["logger"]) == ("a b\nc", "warning", "rondo.x")
            assert "job" not in line("x")
        assert "round" not in line("x")

    contextvars.Context().run(check)  # a job that ran in this process before has said what it is about


def test_an_error_stands_in_the_line_with_its_traceback() -> None:
    try:
        raise ValueError("bad")
    except ValueError:
        result = line("failed", exc_info=sys.exc_info())
    assert "ValueError: bad" in str(result["error"])


def test_no_child_process_gets_what_only_the_web_process_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_METRICS_TOKEN", "s3cret")
    monkeypatch.setenv("RONDO_OIDC_CLIENT_SECRET", "s3cret")
    assert "s3cret" not in settings().environment().values()


def test_the_engine_s_log_takes_the_way_of_all_others() -> None:
    dbos, own = logging.getLogger("dbos"), logging.StreamHandler()
    own.name = durable.CONSOLE
    before = dbos.propagate, dbos.filters[:]
    dbos.addHandler(own)
    dbos.propagate = False
    try:
        durable.log_as_others()
        assert own not in dbos.handlers
        assert dbos.propagate
    finally:
        dbos.propagate, dbos.filters[:] = before
