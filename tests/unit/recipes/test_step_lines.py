"""What a step is and works on is said in the reader's language; the names of parts, steps and own roles stay."""

import re

import pytest

from backend import recipes, translations
from backend.recipes import KINDS, kind_word

ENGLISH = re.compile(
    r"\b(works on|starts from|makes|rewarded by|guided by|judged by|looks at|chosen by|the rows of|prompt sets|and)\b"
    r"|\((step) |\b(by): "
)


def test_lines_of_a_recipe_are_in_the_language_of_who_reads_them() -> None:
    recipe = recipes.get("star")
    assert recipe.lines()[-1] == (
        "9. trainer: sft, works on: the rows of step 4 and step 8, starts from: base, makes: policy"
    )
    with translations.using("de"):
        assert recipe.lines()[1] == "2. Generator: sample, arbeitet mit: prompt_set (Schritt 1), durch: Policy"
        assert recipe.lines()[-1] == (
            "9. Trainer: sft, arbeitet mit: Zeilen von Schritt 4 und Schritt 8, beginnt mit: Basis, ergibt: Policy"
        )
    assert recipe.lines()[1] == "2. generator: sample, works on: prompt_set (step 1), by: policy"


@pytest.mark.parametrize("name", recipes.names())
def test_no_line_is_partly_english(name: str) -> None:
    recipe = recipes.get(name)
    for phase in range(len(recipe.phases)):
        english = recipe.lines(phase)
        with translations.using("de"):
            german = recipe.lines(phase)
        assert len(german) == len(english)
        assert [line for line in german if ENGLISH.search(line)] == []
        assert all(german_line != line for german_line, line in zip(german, english, strict=True))


def test_every_kind_of_step_has_a_word() -> None:
    with translations.using("de"):
        words = [kind_word(kind) for kind in KINDS]
    assert len(set(words)) == len(KINDS)
    assert all(word[0].isupper() for word in words)
    assert [kind_word(kind) for kind in KINDS] == [kind.replace("_", " ") for kind in KINDS]
