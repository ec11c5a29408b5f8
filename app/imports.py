"""What Gradio does while it is imported and no server needs, left out: it is much of a start's time and memory.

`gradio.component_meta` parses the source of every component, each time, to keep a .pyi file for editors beside it:
0.9 s of the 5.0 s of processor time that a start takes. `gradio.caching` imports pandas, and that Arrow, to know frames
given to `gr.cache`: 69 of 247 MiB, and 0.1 s. `gradio.mcp` imports mcp where it is installed, for a server that Rondo
does not let Gradio make: 0.5 s of 4.6, and 24 of 223 MiB. Here the first keeps no files, the second gets pandas once it
asks for something of it, and the third is imported as where mcp is not installed. Gradio 6.31 has a setting for none of
them. One that names things differently is imported as it is.

And `gradio.utils` imports matplotlib where it is installed, at every event, to have what a listener draws drawn without
a screen: 24 of 275 MB. No listener of Rondo's draws with it.

`gradio.cli` and `httpx._main` are programs for a terminal, with what colors their text: some 8 MB and 0.1 s.

So pandas is imported while requests are answered, and plotly takes it from `sys.modules` as it is, half of it too where
another thread is at it: a chart that is drawn in that moment fails. Here plotly waits for the whole.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

Execute = Callable[[ModuleType], None]


class LaterModule(ModuleType):
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
    sys.modules["pandas"] = LaterModule("pandas")
    try:
        return execute(module)
    finally:
        del sys.modules["pandas"]


def without_agents(execute: Execute, module: ModuleType) -> None:
    """Execute `gradio.mcp` as where the library mcp is not installed, unless it is loaded already."""
    if "mcp" in sys.modules:
        return execute(module)
    sys.modules["mcp"] = None  # type: ignore[assignment]
    try:
        return execute(module)
    finally:
        del sys.modules["mcp"]


def without_matplotlib(execute: Execute, module: ModuleType) -> None:
    """Execute `gradio.utils`, then let it leave matplotlib alone around events."""
    execute(module)
    if hasattr(module, "MatplotlibBackendMananger"):
        module.MatplotlibBackendMananger = nullcontext  # type: ignore[attr-defined]


def without_program(execute: Execute, module: ModuleType) -> None:
    """Leave out `httpx._main`; httpx then says what its program lacks."""
    raise ImportError(f"Rondo leaves {module.__name__} out.")


def without_commands(execute: Execute, module: ModuleType) -> None:
    """Leave out `gradio.cli`, of which Gradio takes the function that sends an application elsewhere."""
    module.deploy = _nothing  # type: ignore[attr-defined]


def with_whole_modules(execute: Execute, module: ModuleType) -> None:
    """Execute plotly's `optional_imports`, whose `get_module` then waits for what another thread is importing."""
    execute(module)
    if hasattr(module, "get_module"):
        module.get_module = partial(_whole, module.get_module)  # type: ignore[attr-defined]


def _whole(get_module: Callable[..., Any], name: str, should_load: bool = True) -> Any:
    """What plotly asks for; where it wants only what is loaded already, that with all of it."""
    return get_module(name) if should_load or name in sys.modules else None


MADE_FOR = {"gradio": "6.31.0", "plotly": "7.1.0", "httpx": "0.28.1"}
"""The versions whose code was read and measured; `tests/bench/start_parts.py` measures them."""

WAYS = {
    "gradio.component_meta": without_stub_files,
    "gradio.caching": with_pandas_later,
    "gradio.mcp": without_agents,
    "gradio.utils": without_matplotlib,
    "gradio.cli": without_commands,
    "httpx._main": without_program,
    "_plotly_utils.optional_imports": with_whole_modules,
}


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
