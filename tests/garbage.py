"""What garbage collections look through while tests run."""

import gc


def set_apart() -> None:
    """Collect garbage, and let no later collection look at what is left: libraries, tests, the application.

    To look through all that takes a second or two, and each engine that closes and each training that begins asks for
    it.
    """
    gc.collect()
    gc.freeze()
