"""The example package: installed by pip into a folder of its own, and a round with its judge and its recipe."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.config import settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/rondo_example"
pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
CODE = """
import json, sys
from pathlib import Path

from backend import recipes
from backend.config import settings
from backend.services.recipe_list import recipe_matrix
from backend.services.recipes import parts
from tests.integration.loop import Loop, rows_of_round
from tests.rows import make_prompt_set
from tests.tiny import make_tiny_model

assert "rondo_example" not in sys.modules, "nobody but the registry imports it"
short = {"generator": {"n": 2}, "trainer": {"max_steps": 1, "start": "base"}, "metrics": []}
recipe = recipes.get("quoting_answers").with_changes(short)
assert parts.left_out() == ()
assert "quotes_prompt" in parts.describe()["judge"]
tiny = make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)
said = ('It is "blue  and Wide".', 'It is "green".', 'It is "blue" and "green".', "It is blue.")
loop = Loop(recipe, {"name": "scripted", "replies": said}, tiny)
loop.prompts = make_prompt_set(loop.project, prompts=[f"Sea {n} is blue and wide. How is it?" for n in range(6)])
ended = loop.run(loop.launch(), trains=True)
found = rows_of_round(ended.id)
last = {one.name: one for one in recipe_matrix.lines(loop.actor)}["quoting_answers"].last
print(json.dumps({
    "status": ended.status, "error": ended.error, "rows": found["rows"], "last": str(last),
    "said": [[row[5], row[7]] for row in found["said"]],
}))
"""


def installed(folder: Path) -> Path:
    """The package as pip puts it there, from a copy: building leaves files beside the sources."""
    source = shutil.copytree(EXAMPLE, folder / "source")
    target = folder / "site"
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", target, source], check=True)
    return target


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_round_runs_with_the_parts_of_an_installed_package(database: str, tmp_path: Path) -> None:
    target = installed(tmp_path)
    assert (target / "rondo_example-0.1.0.dist-info/entry_points.txt").is_file()
    environment = settings().environment() | {"PYTHONPATH": os.pathsep.join([str(target), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-4000:]
    content = json.loads(done.stdout.splitlines()[-1])
    assert (content["status"], content["error"]) == ("done", None)
    assert {tuple(entry) for entry in content["said"]} >= {(1.0, "1 of 1 quotations stand in the prompt.")}
    (rows,) = content["rows"].values()
    assert rows
    assert {row["completion"][0]["content"] for row in rows} == {'It is "blue  and Wide".'}
    assert all("quotation marks" not in row["prompt"][0]["content"] for row in rows), "what asks for quotes is stripped"
    assert content["last"].endswith("round 1: done")


def test_its_recipe_is_short_and_its_page_names_its_files() -> None:
    page = (EXAMPLE / "README.md").read_text()
    for file in (EXAMPLE / "rondo_example").glob("*.py"):
        assert file.name in page, file
    assert len((EXAMPLE / "rondo_example/quoting_answers.py").read_text().splitlines()) <= 30
    assert "examples/rondo_example" in (ROOT / "docs/how-to/write-a-part.md").read_text()
