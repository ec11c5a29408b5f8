"""What a process starts with decides how small and quick it is."""

import importlib
import inspect
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from app import imports

HEAVY = ("torch", "transformers", "trl", "datasets", "accelerate", "peft", "vllm")
FRAMES = ("pandas", "pyarrow", "matplotlib", "polars")


def modules_after(code: str, tmp_path: Path) -> set[str]:
    environment = os.environ | {"RONDO_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_web_process_starts_without_the_model_libraries(tmp_path: Path) -> None:
    assert modules_after("from app.web import create_app; create_app()", tmp_path).isdisjoint((*HEAVY, *FRAMES, "mcp"))


def test_a_server_answers_before_gradio_is_imported(tmp_path: Path) -> None:
    loaded = modules_after("from app.web import open_app; open_app()", tmp_path)
    assert loaded.isdisjoint(("gradio", "plotly", "app.pages.overview", "app.agents.door", "app.api.routes"))


def test_help_imports_neither_pages_nor_rows(tmp_path: Path) -> None:
    loaded = modules_after("import app.cli.commands", tmp_path)
    assert loaded.isdisjoint((*HEAVY, "gradio", "fastapi", "sqlalchemy", "dbos", "pandas"))


def test_tables_are_shown_without_frames(tmp_path: Path) -> None:
    code = "from app.widgets.table import Table; assert Table(headers=['a'], value=[['1']]).value['data'] == [['1']]"
    assert modules_after(code, tmp_path).isdisjoint(FRAMES)


def test_who_asks_gradio_about_a_frame_still_gets_an_answer(tmp_path: Path) -> None:
    code = """
from app.widgets.table import Table
from gradio.caching import cache_hash
assert cache_hash([1]) != cache_hash([2])
import pandas
a, b = (pandas.DataFrame({"x": [value]}) for value in (1, 2))
assert cache_hash(a) == cache_hash(a.copy()) != cache_hash(b)
"""
    assert "pandas" in modules_after(code, tmp_path)


def test_charts_are_drawn_while_another_thread_imports_pandas(tmp_path: Path) -> None:
    code = """
import sys, threading
from app.widgets import charts
begun = threading.Event()

class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("pandas."):
            begun.set()

sys.meta_path.insert(0, Slow)
importing = threading.Thread(target=__import__, args=("pandas",))
importing.start()
begun.wait()
assert not hasattr(sys.modules["pandas"], "Series"), "half of it"
charts.blank()
importing.join()
"""
    assert "pandas" in modules_after(code, tmp_path)


def test_a_pandas_that_is_there_is_left_there(tmp_path: Path) -> None:
    code = "import pandas, app.gradio_pages, gradio.caching, sys; assert sys.modules['pandas'] is pandas is gradio.caching.pd"
    modules_after(code, tmp_path)


def test_gradio_parses_no_sources_while_it_is_imported(tmp_path: Path) -> None:
    modules_after("import ast; ast.parse = None; import app.gradio_pages", tmp_path)
    from gradio import component_meta

    # What is left out, and that it gives nothing back, is Gradio's own affair: read it again when this fails.
    assert component_meta.create_or_modify_pyi is imports._nothing


def test_what_is_for_a_terminal_stays_out(tmp_path: Path) -> None:
    loaded = modules_after("import app, gradio, httpx; httpx.Client().close()", tmp_path)
    assert loaded.isdisjoint(("rich", "pygments", "tomlkit", "gradio.cli.cli"))


def test_an_event_leaves_matplotlib_alone(tmp_path: Path) -> None:
    code = """
import gradio as gr
from gradio import utils
with utils.MatplotlibBackendMananger():
    pass
"""
    assert "matplotlib" not in modules_after(f"import app{code}", tmp_path)


WHAT_TO_READ = (
    "app/imports.py was made for other versions of Gradio, plotly or httpx. Read gradio/component_meta.py (does "
    "create_or_modify_pyi still do nothing but write .pyi files?), gradio/caching.py (is pandas still imported at its "
    "top, and used only to know frames?), gradio/mcp.py (does it still import mcp while it is imported?), gradio/utils.py "
    "(does MatplotlibBackendMananger still import matplotlib, and do nothing else?), gradio/__init__.py and "
    "httpx/__init__.py (do they still import their programs?) and _plotly_utils/optional_imports.py (does get_module still give what is "
    "half imported?); measure what each change still brings with `python -m tests.bench.start_parts`; remove what "
    "brings nothing; then write the new versions into MADE_FOR."
)


def test_gradio_and_plotly_are_the_versions_that_were_read() -> None:
    assert {name: version(name) for name in imports.MADE_FOR} == imports.MADE_FOR, WHAT_TO_READ


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (
            "gradio.component_meta",
            "create_or_modify_pyi(component_class, name, events)\n        return component_class",
        ),
        ("gradio.caching", "import pandas as pd\n"),
        ("gradio.mcp", "from mcp.server import Server\n"),
        ("gradio", "from gradio.cli import deploy\n"),
        ("httpx", "from ._main import main\nexcept ImportError:"),
        ("gradio.route_utils", "with utils.MatplotlibBackendMananger():"),
        ("_plotly_utils.optional_imports", "if not should_load:\n        return sys.modules.get(name, None)"),
    ],
)
def test_what_is_changed_still_does_what_it_is_changed_for(module: str, reason: str) -> None:
    """The result of the first is thrown away by its caller; the others do what is left out or made whole."""
    assert reason in inspect.getsource(importlib.import_module(module)), WHAT_TO_READ


def test_a_gradio_that_names_things_differently_is_imported_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("gradio.component_meta")
    imports.without_stub_files(lambda m: setattr(m, "done", True), module)
    assert module.done
    assert not hasattr(module, "create_or_modify_pyi")
    monkeypatch.setitem(imports.WAYS, "json.tool", lambda execute, m: execute(m))
    assert imports.Finder.find_spec("json.nothing") is None
    assert imports.Finder.find_spec("json.tool", ["/nowhere"]) is None
