"""Python's search for cycles of objects, while rows pass by the ten thousands."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SELDOM = 250_000
"""Objects that are new and alive before cycles are looked for. Python's own number is 700, or 2,000."""

_lock = Lock()
_working = 0
_usual = gc.get_threshold()


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let Python look for cycles seldom meanwhile, in the whole process.

    Rows make no cycles, and to walk those that are alive again and again takes up to two fifths of the time. What
    others leave behind is collected all the same, later.
    """
    global _working, _usual
    with _lock:
        _working += 1
        if _working == 1:
            _usual = gc.get_threshold()
            gc.set_threshold(max(SELDOM, _usual[0]) if _usual[0] else 0, *_usual[1:])
    try:
        yield
    finally:
        with _lock:
            _working -= 1
            if not _working:
                gc.set_threshold(*_usual)
