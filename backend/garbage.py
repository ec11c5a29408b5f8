"""Python's search for cycles of objects: seldom while rows pass by the ten thousands, and never in large libraries."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import ModuleType

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


def lasting_module(name: str) -> ModuleType:
    """Import a large module when it is needed first, and let no search for cycles look through it from then on.

    A server sets apart what it is made of once it stands; what is imported later would be looked through every few
    requests: scipy.stats takes 45 ms each time. Where nothing was set apart, the module is only imported.
    """
    is_known = name in sys.modules
    module = importlib.import_module(name)
    if not is_known and gc.get_freeze_count():
        gc.collect()
        gc.freeze()
    return module
