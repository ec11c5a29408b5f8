"""The house rules that a linter does not know."""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [p for folder in ("app", "backend", "migrations") for p in sorted((ROOT / folder).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BROAD_EXCEPTS = {
    "backend/sandbox/_inside.py",  # whatever a program raises is its answer
    "backend/db/turns.py",  # whatever kept a transaction from beginning: the turn is handed on, the error raised again
    "app/listeners.py",  # what a listener was sent is looked at after it failed, in whatever way
    "app/toasts.py",
    "app/api/desk_threads.py",  # whatever a call raises is raised where it is waited for
    "app/api/later.py",  # whatever keeps REST from being loaded must not end the server and its worker
    "app/opening.py",  # whatever keeps the pages from being made is raised again where the server has ended
    "app/agents/calls.py",  # an agent is answered whatever a tool raises, and it is in the log
    "backend/engines/_model_lines.py",  # a tokenizer or template may fail in any way, which is what is looked for
    "backend/services/rounds/kept_figures.py",  # who asks next is told why figures could not be computed
    "backend/pipeline/answer.py",  # a part that raises for a batch is asked prompt by prompt to find the culprit
    "backend/pipeline/grow.py",  # likewise
    "backend/pipeline/judge.py",  # likewise
    "backend/pipeline/judge_bench.py",  # whatever one judge raises stops none of the others
    "backend/pipeline/preflight.py",  # a training does not end for what is said of it before
    "backend/trainers/_preflight.py",  # likewise
    "backend/pipeline/warn.py",  # a rule that fails, of a package too, ends no round's evaluation
    "backend/pipeline/rewrite/optimizer.py",  # gepa goes on after whatever a model raises: it is kept and raised again
    "backend/pipeline/run.py",
    "backend/pipeline/stage.py",  # what was asked counts, whatever made the stage fail
    "backend/services/plans/contexts.py",  # the library of tokenizers raises nothing narrower
    "backend/services/reviews/review_closing.py",  # a review is closed whatever keeps the judge's health from being computed
    "backend/services/reviews/close_rules.py",  # the thread that looks at every round: one that cannot be read stops no other
    "backend/shared_files/driver.py",  # each driver of an address raises errors of its own
    "backend/jobs/durable.py",  # whatever a thread raises is raised again by who started it
    "backend/jobs/process.py",
    "backend/jobs/wakes.py",  # housekeeping goes on after whatever the database raises
    "backend/jobs/worker.py",
    "backend/trainers/__main__.py",
}
PART_FOLDERS = (
    "generators",
    "judges",
    "prompt_sources",
    "schedules",
    "selectors",
    "mixers",
    "metrics",
    "engines",
    "trainers",
    "environments",
    "exporters",
    "warning_rules",
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_only_the_session_commits() -> None:
    """The connection's class ends a writer's turn where the driver commits; it begins no commit of its own."""
    texts = [name(p) for p in SOURCES if re.search(r"\.commit\(", p.read_text())]
    assert texts == ["backend/db/turns.py"]


def test_broad_excepts_only_at_the_boundaries() -> None:
    result = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in ("Exception", "BaseException", "everything"):
                result.add(name(path))
    assert result <= BROAD_EXCEPTS


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for type checking count, too. The contracts of import-linter look at packages only."""
    graph = grimp.build_graph("app", "backend", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    circles: list[str] = []
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        circles = error.args[1]
    assert circles == []


def test_files_can_be_read_in_one_sitting() -> None:
    long = {name(p): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 400 and "versions" not in p.parts}
    assert long.keys() == {"app/client/routes.py", "app/client/shapes.py"}  # which are written by a program


@pytest.mark.parametrize("forbidden", ["utils", "helpers", "common", "misc", "manager", "handlers", "core"])
def test_no_module_has_a_name_that_says_nothing(forbidden: str) -> None:
    assert [name(p) for p in SOURCES if p.stem == forbidden] == []


EMPTY_NAMES = {"found", "one", "said", "made"}


def test_no_attribute_or_function_has_a_name_that_stands_for_anything() -> None:
    """A field or a function is named by what it holds or returns; SQLAlchemy's own `one` is called, not defined."""
    empty = set()
    for path in [*SOURCES, *TESTS]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = {node.name} if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else set()
            if isinstance(node, ast.ClassDef):
                fields = (line.target for line in node.body if isinstance(line, ast.AnnAssign))
                names = {field.id for field in fields if isinstance(field, ast.Name)}
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names = {node.attr}
            empty |= {f"{name(path)}: {word}" for word in names & EMPTY_NAMES}
    assert empty == set()


OF_THE_DESK = ("test_review", "test_leases", "test_decisions")
"""Tests whose local names are not gone through yet."""

NOT_GONE_THROUGH = ("migrations/",)
"""Migrations stay as they were run."""


def local_names(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the name of each value that a file names: what is assigned to, and the parameters."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.arg):
            yield node.lineno, node.arg
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def test_no_value_has_a_name_that_stands_for_anything() -> None:
    paths = [path for path in SOURCES if not name(path).startswith(NOT_GONE_THROUGH)]
    paths += [path for path in TESTS if not path.name.startswith(OF_THE_DESK)]
    assert [f"{name(p)}:{n}: {word}" for p in paths for n, word in local_names(p) if word in EMPTY_NAMES] == []


def test_two_classes_share_a_name_only_as_a_table_and_its_value() -> None:
    """Parts have the names of papers; the client's shapes are the server's."""
    homes: dict[str, list[str]] = {}
    for path in SOURCES:
        folder = name(path).split("/")[1]
        if folder not in (*PART_FOLDERS, "client"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes.setdefault(node.name, []).append(name(path))
    shared = {word: paths for word, paths in homes.items() if len(paths) > 1}
    assert {word: paths for word, paths in shared.items() if not any("db/tables" in path for path in paths)} == {}


def test_every_part_has_a_test_of_its_name() -> None:
    tests = {p.stem for p in (ROOT / "tests").rglob("test_*.py")}
    missing = [
        name(p)
        for folder in PART_FOLDERS
        for p in sorted((ROOT / "backend" / folder).glob("[a-z]*.py"))
        if f"test_{p.stem}" not in tests
    ]
    assert missing == []


def test_no_file_names_a_package_address() -> None:
    for path in (ROOT / "constraints.txt", ROOT / "pyproject.toml", ROOT / "Makefile"):
        assert not re.search(r"index-url|find-links|https?://", path.read_text()), path.name
