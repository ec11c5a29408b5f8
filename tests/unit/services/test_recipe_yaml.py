"""Recipes as YAML: the same after writing and reading, and what is wrong is named by its line."""

import re

import pytest

from backend import recipes
from backend.errors import InvalidInput
from backend.services.recipes import recipe_yaml

SHORT = """\
name: mine
title: Mine
steps:
  - part: {name: prompt_set}
    kind: prompt_source
  - part:
      name: sample
      n: 2
    kind: generator
  - part: {name: exact_match}
    kind: judge
  - part: {name: above_threshold}
    kind: selector
  - part: {name: sft, learning_rate: 1e-5}
    kind: trainer
"""


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_is_the_same_after_writing_and_reading(name: str) -> None:
    recipe = recipes.get(name).model_dump(mode="json")
    text = recipe_yaml.write(recipe)
    assert recipe_yaml.read(text) == recipe
    assert len(text) < recipe_yaml.MOST / 4


def test_what_a_person_writes_is_filled_up_with_defaults() -> None:
    read = recipe_yaml.read(SHORT)
    assert read["generator"]["n"] == 2
    assert read["trainer"]["learning_rate"] == 1e-5
    assert read["selector"]["drop_duplicates"] is True


def test_the_kind_follows_from_the_part_and_a_part_without_knobs_is_its_name() -> None:
    short = re.sub(r"\n    kind: \w+", "", SHORT).replace("{name: exact_match}", "exact_match")
    assert recipe_yaml.read(short) == recipe_yaml.read(SHORT)
    measured = SHORT + "metrics:\n  - {name: held_out_accuracy, verifier: countdown}\n  - length\n"
    assert [metric["name"] for metric in recipe_yaml.read(measured)["metrics"]] == ["held_out_accuracy", "length"]
    assert recipe_yaml.read(measured)["metrics"][0]["verifier"]["name"] == "countdown"


def test_a_template_of_several_lines_stands_as_a_block() -> None:
    text = recipe_yaml.write(recipes.get("self_rewarding").model_dump(mode="json"))
    assert "template: |" in text
    assert "\\n" not in text.replace("\\n\\n", "")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("n: 2", "n: 0", r"Line 8: .*n"),
        ("name: sample", "name: sampel", r"Line [67]: .*sampel"),
        ("kind: judge", "kind: jugde", r"Line \d+: .*jugde"),
        ("    kind: selector", "   kind: selector", r"Line \d+ of the YAML cannot be read"),
        (
            "title: Mine",
            "title: Mine\ntitle: Yours",
            r"Line 3 of the YAML cannot be read: the key 'title' stands twice",
        ),
        ("title: Mine", "title: &a Mine\npaper: *a", r"Line 3 of the YAML cannot be read: aliases are not read"),
        ("title: Mine", "title: !!python/object/apply:os.system ['true']", r"Line 2 of the YAML cannot be read"),
        ("{name: exact_match}\n    kind: judge", "exact_match\n    kind: selector", r"no selector named 'exact_match'"),
        (
            "{name: exact_match}\n    kind: judge",
            "{name: reward_model}",
            r"step 3: .* Write `kind: judge` or `kind: tr",
        ),
        (
            "{name: exact_match}\n    kind: judge",
            "exact_mach",
            r"step 3: there is no part named .* Near it: exact_match",
        ),
        (
            "part: {name: exact_match}\n    kind: judge",
            "name: exact_match",
            "step 3: a step is written as `part: {name",
        ),
        ("{name: exact_match}", "{votes: 2}", "step 3: a step is written as `part: {name"),
        (SHORT, "name: rso", "This recipe has no steps, and its name alone"),
        (SHORT, "name: rso\ntitle: x\nsteps: []", "steps: must hold at least 1"),
        (SHORT, "", "holds no recipe"),
        (SHORT, "- a\n- b", "holds no recipe"),
        (SHORT, "[" * 5000, "cannot be read"),
        (SHORT, "a: \x00", "cannot be read"),
        (SHORT, "name: " + "x" * 200_000, "more than the 100,000"),
        (SHORT, "name: a\n---\nname: b", "cannot be read"),
    ],
)
def test_what_is_wrong_is_refused_by_its_line(old: str, new: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        recipe_yaml.read(SHORT.replace(old, new, 1))
