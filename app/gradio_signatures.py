"""What arguments Gradio's components take, read once for each class.

Gradio 6.31 reads it anew whenever a component is made, also to change one. Of the 29 ms of processor time that the 106
fields of the recipe star took, 13 went into that (medians of 15).
"""

import inspect
from functools import cache
from types import SimpleNamespace

from gradio import component_meta

getfullargspec = cache(inspect.getfullargspec)


def install() -> None:
    """From now on a component's arguments are looked up. May be repeated.

    `component_meta.updateable` asks `inspect` of its module: a test knows that it does.
    """
    names = {name: value for name, value in vars(inspect).items() if not name.startswith("__")}
    component_meta.inspect = SimpleNamespace(**names | {"getfullargspec": getfullargspec})  # type: ignore[assignment, attr-defined]
