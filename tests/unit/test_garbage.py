"""Python's search for cycles: seldom while rows pass, and as before afterwards, whoever ends last and however."""

import gc

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
