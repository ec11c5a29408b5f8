"""The documentation names what there is."""

import inspect
import re
from pathlib import Path

import pytest

from backend import errors, recipes
from backend.config import Settings
from backend.services.recipes import recipe_yaml

ROOT = Path(__file__).parents[2]
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


@pytest.mark.parametrize("page", sorted(page.name for page in (ROOT / "docs").glob("*.md")))
def test_recipes_that_the_docs_show_can_be_used(page: str) -> None:
    shown = re.findall(r"```yaml\n(name: .*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    assert [recipe_yaml.read(one)["name"] for one in shown] or page != "rounds.md"


def test_readme_pictures_exist() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / picture).is_file(), picture
