"""The documentation names what there is."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backend
from backend import errors
from backend.db import tables
from backend.services.recipes import recipe_yaml

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / "backend/recipes/README.md"]
TOPS = ("app", "backend", "migrations", "tests")
README = (ROOT / "README.md").read_text()
GLOSSARY = re.findall(
    r"^\| (\*\*.+?) \| .+? \| (`.+`) \|$", (ROOT / "docs/reference/glossary.md").read_text(), re.MULTILINE
)


@pytest.mark.parametrize(("terms", "names"), GLOSSARY)
def test_a_word_of_the_glossary_is_the_codes(terms: str, names: str) -> None:
    """What the third column names is there, and one of the names holds each word."""
    matches = re.findall(r"`([\w.]+)`", names)
    for name in matches:
        resolve(name)
    held = [name.rpartition(".")[2].replace("_", "").lower() for name in matches]
    for term in re.findall(r"\*\*(.+?)\*\*", terms):
        assert any(re.sub("[ -]", "", term) in entry for entry in held), f"{term} is called {held} in the code"


def test_every_table_has_one_word() -> None:
    named = [name for _, names in GLOSSARY for name in re.findall(r"`tables\.(\w+)`", names)]
    assert sorted(named) == sorted({mapper.class_.__name__ for mapper in tables.Base.registry.mappers})


def resolve(name: str) -> object:
    """What a dotted name below backend stands for; `tables` is backend.db.tables."""
    words = name.replace("tables", "db.tables", 1).split(".") if name.startswith("tables.") else name.split(".")
    path, result = "backend", importlib.import_module("backend")
    for word in words:
        path = f"{path}.{word}"
        result = getattr(result, word, None) or importlib.import_module(path)
    return result


def test_every_error_explains_itself() -> None:
    for _, error in inspect.getmembers(errors, inspect.isclass):
        assert (error.__doc__ or "").strip().endswith("."), error


@pytest.mark.parametrize("command", ["make demo", "make test", "make lint", "make docs", "make bench"])
def test_readme_commands_exist(command: str) -> None:
    assert command in README
    assert re.search(rf"^{command.removeprefix('make ')}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_recipes_that_the_docs_show_can_be_used() -> None:
    shown = [match for page in PAGES for match in re.findall(r"```yaml\n(name: .*?)```", page.read_text(), re.DOTALL)]
    assert len([recipe_yaml.read(match)["name"] for match in shown]) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"^(```|    ).*?^(```|$)", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}, which is not there"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}, which has no such heading"


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings: lower case, hyphens for blanks, no other signs."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_files_of_docs_that_code_names_exist() -> None:
    """Comments, messages and commands that name a page of docs."""
    for file in (*ROOT.glob("Makefile"), *(path for top in TOPS for path in (ROOT / top).rglob("*.py"))):
        for named in re.findall(r"docs/[\w/-]+\.md", file.read_text(encoding="utf-8")):
            assert (ROOT / named).is_file(), f"{file.relative_to(ROOT)} names {named}"


def test_the_recipe_that_the_docs_write_in_python_is_one() -> None:
    """In a process of its own: a registered recipe stays."""
    (code,) = re.findall(
        r"```python\n(from backend.*?)```", (ROOT / "docs/how-to/write-a-recipe.md").read_text(), re.DOTALL
    )
    text = f"{code}\nfrom backend import recipes\nprint(recipes.get('right_samples').lines()[-1])"
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "5. trainer: sft, works on: the rows of step 4, starts from: policy, makes: policy", (
        done.stderr
    )


def test_the_newest_entry_of_the_changelog_is_the_version() -> None:
    newest = re.search(r"^## (\d.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    written = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert newest is not None
    assert written is not None
    assert newest[1] == written[1] == backend.__version__
