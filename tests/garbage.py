"""What garbage collections look through while tests run."""

import gc
import sys

MANY = 100
_known: set[str] = set()
"""The imported modules when the rest was last set apart."""


def set_apart() -> None:
    """Collect garbage, and let no later collection look at what is left: libraries, tests, the application.

    To look through all that takes a second or two, and each engine that closes and each training that begins asks for
    it. What is left open there is never told of, so this is done after large imports alone.
    """
    gc.collect()
    gc.freeze()
    _known.update(sys.modules)


def collect() -> None:
    """Collect garbage, also what tests before kept for a while; set libraries apart that tests imported since."""
    gc.collect()
    if len(sys.modules.keys() - _known) > MANY:
        set_apart()
