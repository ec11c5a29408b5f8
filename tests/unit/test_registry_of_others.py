"""Parts of other packages: real ones on the path, with their metadata; and many who ask at once on a fresh start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = '''
from backend.judges import Judge
from backend import recipes

class ByTheMoon(Judge):
    """Judges by the moon."""
    def judge(self, engine, groups):
        return []

recipes.register(recipes.Recipe.model_validate(recipes._recipes["self_rewarding"].model_dump() | {"name": "lunar"}))
'''
HALF = (
    GOOD.replace("ByTheMoon", "ByHalfTheMoon").replace("lunar", "half_lunar") + "\nimport a_module_that_is_not_there\n"
)
SLOW = "import time; time.sleep(0.5)\n" + GOOD.replace("ByTheMoon", "ByTheTide").replace("lunar", "tidal")
LEAVES = "import sys; sys.exit('not on this machine')"
REPLACES = GOOD.split("\nrecipes.register")[0].replace("ByTheMoon", "ExactMatch")
PACKAGES = {"aa-broken": HALF, "bb-leaves": LEAVES, "cc-replaces": REPLACES, "dd-good": GOOD, "ee-slow": SLOW}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with five installed packages, of which two can be used; they are met in the order of their names."""
    for name, code in PACKAGES.items():
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[rondo.parts]\nmore = {module}\n")
    return tmp_path


def run(code: str, path: Path) -> str:
    """Run the code in a fresh process that sees the packages; return what it printed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def test_of_eight_who_ask_at_once_all_find_all_parts_and_broken_packages_are_left_out_by_name(site: Path) -> None:
    text = run(
        """
import threading
from backend import recipes, registry
from backend.errors import UnknownPart
from backend.judges import Judge
from backend.judges.exact_match import ExactMatch

found, barrier = [], threading.Barrier(8)

def ask():
    barrier.wait()
    try:
        found.append((type(Judge.load({"name": "by_the_tide"})).__name__, "tidal" in recipes.names()))
    except UnknownPart as error:
        found.append(error.message)

threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert found == [("ByTheTide", True)] * 8, found
assert "by_the_moon" in Judge.registry and "lunar" in recipes.names()
assert Judge.registry["exact_match"] is ExactMatch
assert not {"by_half_the_moon", "half_lunar"} & {*Judge.registry, *recipes.names()}
try:
    recipes.get("half_lunar")
except UnknownPart as error:
    print("TOLD", error.message)
from backend.services.recipes import parts
assert "by_the_moon" in parts.describe()["judge"]
print("LEFT OUT", *parts.left_out(), sep=" | ")
""",
        site,
    )
    for name, why in (
        ("aa-broken", "No module named 'a_module_that_is_not_there'"),
        ("bb-leaves", "not on this machine"),
        ("cc-replaces", "it registers exact_match, which is there already"),
    ):
        reply, left_out = (next(line for line in text.splitlines() if line.startswith(w)) for w in ("TOLD", "LEFT OUT"))
        for line in (reply, left_out):
            assert f"The package {name} (entry point more) could not be loaded" in line
            assert why in line
        assert f"The package {name}" in text.split("TOLD")[0] + text.split("LEFT OUT")[1], "not in the log"
    assert "dd-good" not in text


def test_a_module_of_our_own_that_fails_is_tried_again_and_hides_nothing() -> None:
    run(
        """
import importlib
from backend import registry
from backend.judges import Judge

real, failures = importlib.import_module, [OSError("the disk was busy")]

def once(name, *more):
    if name == "backend.metrics" and failures:
        raise failures.pop()
    return real(name, *more)

importlib.import_module = once
try:
    registry.import_all()
except OSError:
    pass
else:
    raise AssertionError("the failure was hidden")
registry.import_all()
from backend import recipes
assert "self_rewarding" in recipes.names()
assert registry.left_out() == ()
""",
        Path(__file__).parent,
    )
