"""What a line is called."""

from dataclasses import replace

from backend.services.results.starts import name
from tests.unit.services.test_loop_tree import line


def test_a_base_named_base_is_not_called_so_twice() -> None:
    base = replace(line(0, None), checkpoint="c0")
    assert name(replace(base, checkpoint="base")) == "the base"
    assert name(base) == "the base c0"
