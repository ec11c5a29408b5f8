"""The one way in which a test waits for what it cannot be told: by asking again, with patience."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds until a wait is given up; how quick a machine is, is no matter of tests."""


def until(check: Callable[[], object], what: str | Callable[[], str] = "it", *, patience: float = PATIENCE) -> float:
    """Wait until `check` is true and return the seconds it took; in the end, say `what` did not happen."""
    begun = time.monotonic()
    while not check():
        text = what if isinstance(what, str) else what()
        assert time.monotonic() - begun < patience, f"{text} did not happen within {patience:.0f} s"
        time.sleep(0.05)
    return time.monotonic() - begun
