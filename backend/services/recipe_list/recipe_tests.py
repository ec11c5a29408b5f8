"""Which tests name a recipe, where the tests are there: in a checkout of the sources, not in an installed package."""

import re
from collections.abc import Collection
from pathlib import Path

TESTS = Path(__file__).parents[3] / "tests"
FOLDERS = ("unit", "integration", "acceptance")


def named_in(names: Collection[str], folder: Path = TESTS) -> dict[str, tuple[str, ...]] | None:
    """Return the test files that name each recipe, as paths below the folder; None where there are no tests.

    A file counts that is called after the recipe, or that looks at recipes and holds the name as a string of its own.
    """
    if not folder.is_dir():
        return None
    longest = sorted(names, key=len, reverse=True)
    quoted = re.compile(rf"(?<!\[)[\"']({'|'.join(map(re.escape, longest))})[\"'](?!\s*[:\]])")
    files_by_name: dict[str, list[str]] = {name: [] for name in names}
    for file in sorted(file for kind in FOLDERS for file in (folder / kind).rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        names_there = set(quoted.findall(text)) if re.search(r"\brecipes\b", text) else set()
        for name in names_there | ({file.stem.removeprefix("test_")} & files_by_name.keys()):
            files_by_name[name].append(file.relative_to(folder).as_posix())
    return {name: tuple(files) for name, files in files_by_name.items()}
