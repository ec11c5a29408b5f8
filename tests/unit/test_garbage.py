"""Python's search for cycles: seldom while rows pass, and as before afterwards, whoever ends last and however."""

import gc
import subprocess
import sys

import pytest

from backend.garbage import SELDOM, collected_seldom


def test_the_usual_number_is_back_once_the_last_is_done() -> None:
    usual = gc.get_threshold()
    first, second = collected_seldom(), collected_seldom()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (SELDOM, *usual[1:])
    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual
    with pytest.raises(ValueError), collected_seldom():
        raise ValueError
    assert gc.get_threshold() == usual


def test_a_large_module_is_set_apart_once_where_all_else_is() -> None:
    code = """
import gc, sys
from backend.garbage import lasting_module
assert lasting_module("fractions").Fraction(1, 2) and gc.get_freeze_count() == 0, "nothing was set apart"
gc.freeze()
before = gc.get_freeze_count()
module = lasting_module("unittest.mock")
after = gc.get_freeze_count()
assert after > before + 1_000 and module is sys.modules["unittest.mock"], (before, after)
assert lasting_module("unittest.mock") is module and gc.get_freeze_count() <= after
"""
    subprocess.run([sys.executable, "-c", code], check=True)
