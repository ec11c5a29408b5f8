"""What arguments Gradio's components take, read once for each class.

Gradio 6.31 reads it anew whenever a component is made: two fifths of the processor time of a form that is drawn, and of
every answer that changes components.
"""

import inspect
from functools import cache
from types import SimpleNamespace

from gradio import component_meta

COPIED = component_meta.updateable
"""Which asks `inspect` of its module: a test knows that it does."""

getfullargspec = cache(inspect.getfullargspec)


def install() -> None:
    """From now on a component's arguments are looked up. May be repeated."""
    names = {name: value for name, value in vars(inspect).items() if not name.startswith("__")}
    component_meta.inspect = SimpleNamespace(**names | {"getfullargspec": getfullargspec})  # type: ignore[assignment, attr-defined]
