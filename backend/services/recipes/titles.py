"""What a recipe is called: by the title of the registered one that it began as, and the parts it has instead."""

from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache

from backend import recipes
from backend.errors import UnknownPart, UnreadableRecipe
from backend.translations import N_, gettext
from backend.values import JSON

CHANGED = N_("{title}, changed: {parts}")
WITHOUT = N_("{title}, without {parts}")

Parts = tuple[tuple[str, ...], ...]
"""The names of the parts of each phase, in the order of its steps."""


def title_of(recipe: JSON, translate: Callable[[str], str] = gettext) -> str:
    """Return the recipe's title; of one that has other parts than the registered recipe of its name with those.

    Knobs of other values leave the title as it is. translate: `str` for documents, which are in English.
    """
    title, (new, gone) = str(recipe.get("title") or recipe.get("name") or ""), replaced(recipe)
    if new:
        return translate(CHANGED).format(title=title, parts=" + ".join(new))
    return translate(WITHOUT).format(title=title, parts=" + ".join(gone)) if gone else title


def has_other_trainers(recipe: JSON) -> bool:
    """Whether the recipe trains by other parts than the registered one of its name, and so is another method."""
    name = recipe.get("name")
    if name not in recipes.names():
        return False
    try:
        mine, usual = recipes.read(recipe), recipes.get(name)
    except (UnknownPart, UnreadableRecipe):
        return False
    return [part.name for part in mine.of_kind("trainer")] != [part.name for part in usual.of_kind("trainer")]


def replaced(recipe: JSON) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the parts that the recipe has beyond those of the registered one, and of those it lacks.

    Both are empty where no registered recipe has its name, and where it cannot be read.
    """
    name = recipe.get("name")
    if name not in recipes.names():
        return (), ()
    try:
        return _between(_parts(recipes.read(recipe)), _parts(recipes.get(name)))
    except (UnknownPart, UnreadableRecipe):
        return (), ()


def _parts(recipe: recipes.Recipe) -> Parts:
    return tuple(tuple(str(step.part.name) for step in phase.steps) for phase in recipe.phases)


@lru_cache(maxsize=256)
def _between(mine: Parts, theirs: Parts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    new: list[str] = []
    gone: list[str] = []
    for number in range(max(len(mine), len(theirs))):
        ours, usual = (parts[number] if number < len(parts) else () for parts in (mine, theirs))
        for kind, i, j, k, m in SequenceMatcher(None, usual, ours, autojunk=False).get_opcodes():
            if kind != "equal":
                gone += usual[i:j]
                new += ours[k:m]
    return tuple(dict.fromkeys(new)), tuple(dict.fromkeys(gone))
