"""The documentation names what there is."""

import inspect
import re
from pathlib import Path

import pytest

from backend import errors, recipes
from backend.config import Settings
from backend.services.recipes import recipe_yaml

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / "backend/recipes/README.md"]
TOPS = ("app", "backend", "migrations", "tests")
README = (ROOT / "README.md").read_text()
GLOSSARY = [
    "project", "round", "recipe", "part", "prompt set", "sample", "group", "judgment", "label", "decision", "override",
    "lease", "example", "dataset", "checkpoint", "policy", "reference", "judge", "engine", "stage", "job",
]  # fmt: skip


@pytest.mark.parametrize("recipe", recipes.names())
def test_paper_index_has_every_recipe(recipe: str) -> None:
    index = (ROOT / "backend/recipes/README.md").read_text()
    assert re.search(rf"^#+ .*`{recipe}`", index, re.MULTILINE), f"{recipe} has no heading in the paper index"


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_readme_lists_every_setting(setting: str) -> None:
    assert f"RONDO_{setting.upper()}" in README


@pytest.mark.parametrize("word", GLOSSARY)
def test_readme_explains_every_word(word: str) -> None:
    assert re.search(rf"\*\*{word}\*\*", README, re.IGNORECASE)


def test_every_error_explains_itself() -> None:
    for _, error in inspect.getmembers(errors, inspect.isclass):
        assert (error.__doc__ or "").strip().endswith("."), error


@pytest.mark.parametrize("command", ["make demo", "make test", "make lint", "make bench"])
def test_readme_commands_exist(command: str) -> None:
    assert command in README
    assert re.search(rf"^{command.removeprefix('make ')}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_recipes_that_the_docs_show_can_be_used() -> None:
    shown = [one for page in PAGES for one in re.findall(r"```yaml\n(name: .*?)```", page.read_text(), re.DOTALL)]
    assert len([recipe_yaml.read(one)["name"] for one in shown]) >= 2


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
    for file in (*ROOT.glob("Makefile"), *(one for top in TOPS for one in (ROOT / top).rglob("*.py"))):
        for named in re.findall(r"docs/[\w/-]+\.md", file.read_text(encoding="utf-8")):
            assert (ROOT / named).is_file(), f"{file.relative_to(ROOT)} names {named}"
