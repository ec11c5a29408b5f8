"""Logging: one line an event, to standard error."""

import logging


def setup(level: int = logging.INFO) -> None:
    """Set the format once, for every entry point."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")
    for noisy in ("httpx", "httpcore", "dbos", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
