"""Logging: one line an event, to standard error; as text, or as JSON with the project, round and job it is about."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

NAMES = ("project", "round", "job")
"""In this order; each is an id of a row."""

NOISY = ("httpx", "httpcore", "httpx2", "httpcore2", "dbos", "uvicorn.access", "alembic.runtime.plugins", "mcp")
TEXT = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")
_about: ContextVar[dict[str, int]] = ContextVar("about")


def setup(level: int = logging.INFO) -> None:
    """Set the format once, for every entry point."""
    from backend.config import settings  # noqa: PLC0415 - the settings themselves log nothing, but stand on more

    handler = logging.StreamHandler()
    handler.setFormatter(Lines() if settings().log_json else TEXT)
    logging.basicConfig(level=level, handlers=[handler])
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def tell_about(**ids: int | None) -> None:
    """What is logged from here on, in this thread or task, is about these rows. For a process that has one job."""
    _about.set(_with(ids))


@contextmanager
def about(**ids: int | None) -> Iterator[None]:
    """What is logged in this block is about these rows, beside those of the blocks around it."""
    token = _about.set(_with(ids))
    try:
        yield
    finally:
        _about.reset(token)


def _with(ids: dict[str, int | None]) -> dict[str, int]:
    known = _about.get({}) | {name: value for name, value in ids.items() if value is not None}
    return {name: known[name] for name in NAMES if name in known}


class Lines(logging.Formatter):
    """For programs: one JSON object a line; `error` is a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_about.get({}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
