"""What Gradio does while it is imported and no server needs, left out: it is much of a start's time and memory.

`gradio.component_meta` parses the source of every component, each time, to keep a .pyi file for editors beside it:
a third of the time of a start. `gradio.caching` imports pandas, and that Arrow, to know frames given to `gr.cache`.
Here the first keeps no files and the second gets pandas once it asks for something of it. If a later Gradio names
things differently, it is imported as it is.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

Execute = Callable[[ModuleType], None]


class Later(ModuleType):
    """Stands for a module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def without_stub_files(execute: Execute, module: ModuleType) -> None:
    """Execute `gradio.component_meta`, then let it write no .pyi files."""
    execute(module)
    if hasattr(module, "create_or_modify_pyi"):
        module.create_or_modify_pyi = _nothing  # type: ignore[attr-defined]


def with_pandas_later(execute: Execute, module: ModuleType) -> None:
    """Execute `gradio.caching` with a pandas that is imported when asked; whoever imports it next gets the real one."""
    if "pandas" in sys.modules:
        return execute(module)
    sys.modules["pandas"] = Later("pandas")
    try:
        return execute(module)
    finally:
        del sys.modules["pandas"]


WAYS = {"gradio.component_meta": without_stub_files, "gradio.caching": with_pandas_later}


class Finder:
    """Finds the modules in `WAYS` where they are and has them executed in that way."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name in WAYS else None
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = partial(WAYS[name], spec.loader.exec_module)  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Before Gradio is imported for the first time. May be repeated."""
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]


def _nothing(*_: object) -> None:
    return None
