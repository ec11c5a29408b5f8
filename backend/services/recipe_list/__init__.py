"""The recipes that a project can launch: what each is made of, what it needs, and how its newest round came out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from backend import recipes, translations
from backend.db import reading
from backend.engines import Ability
from backend.environments import Environment
from backend.errors import InvalidInput, NotFound
from backend.generators import Generator
from backend.judges import Judge
from backend.recipes import BUILT_IN, Recipe
from backend.services.access import Actor, require
from backend.services.plans import checks as plan_checks
from backend.services.plans import known_answers
from backend.services.recipe_list import paper_index, recipe_matrix, recipe_tests
from backend.services.recipe_list.paper_index import PaperEntry
from backend.services.recipe_list.recipe_matrix import LastRound
from backend.services.recipes import parts, round_roles
from backend.services.recipes import saved_recipes as saved
from backend.trainers import Trainer
from backend.values import DatasetType, Role


class Need(StrEnum):
    """What a recipe needs beside prompts and the weights that it trains."""

    answers = "known answers"
    models = "other models"
    """Roles that are bound at launch to a checkpoint or endpoint."""
    log_probs = "log-probabilities"
    documents = "documents"
    environment = "environment"
    sandbox = "sandbox"


class TrainingKind(StrEnum):
    """How a recipe trains."""

    supervised = "supervised"
    preferences = "preferences"
    verdicts = "verdicts"
    """Texts that are accepted and texts that are rejected, without pairs."""
    reinforcement = "reinforcement"
    distillation = "distillation"
    scorer = "scorer"
    no_weights = "no weights"


OF_ROWS = {
    DatasetType.preference: TrainingKind.preferences,
    DatasetType.unpaired_preference: TrainingKind.verdicts,
    DatasetType.prompt_only: TrainingKind.reinforcement,
}
"""By what is trained on; on anything else it is supervised."""


@dataclass(frozen=True)
class Method:
    """What a recipe is made of. `phases`: the lines of the steps of each phase; `parts`: (kind, name) of all parts,
    those within parts included; `roles`: those that are bound at launch."""

    phases: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, ...], ...]
    training: tuple[TrainingKind, ...]
    roles: tuple[str, ...]
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class ListedRecipe:
    """A recipe that comes with Rondo or a plugin, or one of the project's own. `last`: its newest round in the project.

    A saved recipe that no longer works has no `method`.
    """

    name: str
    title: str
    paper: str
    method: Method | None
    last: LastRound | None
    is_own: bool = False

    @property
    def entry(self) -> PaperEntry | None:
        return None if self.is_own else paper_index.entries().get(self.name)

    @property
    def checks(self) -> tuple[str, ...] | None:
        """The files of tests that name it; None where the tests are not installed, and for a project's own."""
        return None if self.is_own else (_checks() or {}).get(self.name)


@dataclass(frozen=True)
class RecipeFilters:
    """`text`: words that all occur in name, title, paper or parts. `part`: `kind name`, empty for any. `needs`: all of
    them are needed."""

    text: str = ""
    part: str = ""
    training: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def list_recipes(actor: Actor, project_id: int) -> list[ListedRecipe]:
    """Return all recipes by title, the project's own after the others."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        last = recipe_matrix.last_rounds(db, {project_id: ""})
    known = [
        ListedRecipe(recipe.name, recipe.title, recipe.paper, method, last.get(recipe.name))
        for recipe, method in registered()
    ]
    own = [
        ListedRecipe(recipe.name, recipe.title, "", _made_of(recipe), last.get(recipe.name), is_own=True)
        for recipe in saved.list_saved(actor, project_id)
    ]
    return sorted(known, key=lambda recipe: recipe.title.casefold()) + own


def registered() -> tuple[tuple[Recipe, Method], ...]:
    """Return the recipes that come with Rondo and its plugins, by name, each with what it is made of."""
    return _registered(tuple(recipes.names()), translations.language())


def chosen(listed: Sequence[ListedRecipe], name: str) -> ListedRecipe:
    """Return the recipe of that name; raises `NotFound`."""
    recipe = next((recipe for recipe in listed if recipe.name == name), None)
    if recipe is None:
        shown_name = name if len(name) <= 40 else f"{name[:40]}…"
        raise NotFound(f"There is no recipe “{shown_name}” in this project. Choose one from the list.")
    return recipe


def matching(listed: Sequence[ListedRecipe], filters: RecipeFilters) -> list[ListedRecipe]:
    """Return those that the filters let through, in order."""
    words = filters.text.casefold().split()
    return [recipe for recipe in listed if _fits(recipe, filters) and all(word in _words(recipe) for word in words)]


def used_parts(listed: Sequence[ListedRecipe]) -> list[tuple[str, str]]:
    """(kind, name) of the parts that any of them uses, in order."""
    return sorted({part for recipe in listed if recipe.method for part in recipe.method.parts})


def _fits(recipe: ListedRecipe, filters: RecipeFilters) -> bool:
    method = recipe.method
    if method is None:
        return not (filters.part or filters.training or filters.needs)
    has_part = not filters.part or filters.part in {f"{kind} {name}" for kind, name in method.parts}
    trains = not filters.training or not {str(kind) for kind in method.training}.isdisjoint(filters.training)
    return has_part and trains and set(filters.needs) <= {str(need) for need in method.needs}


def _words(recipe: ListedRecipe) -> str:
    """What is searched in."""
    names = [name for _, name in recipe.method.parts] if recipe.method else []
    reference = recipe.entry.reference if recipe.entry else ""
    return " ".join((recipe.name, recipe.title, recipe.paper, reference, *names)).casefold()


@lru_cache(maxsize=2 * len(translations.LANGUAGES))
def _registered(names: tuple[str, ...], language: str) -> tuple[tuple[Recipe, Method], ...]:
    """The recipes that come with Rondo and its plugins. `language`: of the lines, which are kept with them."""
    known = map(recipes.get, names)
    return tuple((recipe, _look(recipe)) for recipe in known)


@lru_cache(maxsize=1)
def _checks() -> dict[str, tuple[str, ...]] | None:
    return recipe_tests.named_in(recipes.names())


def _made_of(recipe: saved.SavedView) -> Method | None:
    try:
        return _look(recipes.read(parts.validate(recipe.recipe)))
    except InvalidInput:
        return None


def _look(recipe: Recipe) -> Method:
    numbers = range(len(recipe.phases))
    inside = list(parts.parts_in(recipe))
    trainers = [part for part in inside if isinstance(part, Trainer)]
    return Method(
        phases=tuple(tuple(recipe.lines(number)) for number in numbers),
        parts=tuple(sorted({(part.kind, str(part.name)) for part in inside})),
        steps=recipe_matrix.phases(recipe),
        training=tuple(dict.fromkeys(map(training_of, trainers))),
        roles=(roles := _roles(recipe)),
        needs=tuple(_needs(recipe, roles)),
    )


def training_of(trainer: Trainer) -> TrainingKind:
    """How a trainer trains."""
    if trainer.makes != "policy":
        return TrainingKind.scorer if trainer.makes == "scorer" else TrainingKind.no_weights
    if trainer.shares_tokenizer:
        return TrainingKind.distillation
    return (
        TrainingKind.supervised
        if trainer.trains_on is None
        else OF_ROWS.get(trainer.trains_on, TrainingKind.supervised)
    )


def _roles(recipe: Recipe) -> tuple[str, ...]:
    """The roles that somebody binds before the first round of a line."""
    roles_made: set[str] = set()
    roles: list[str] = []
    for number in range(len(recipe.phases)):
        places = recipe.places(number)
        for place, role in round_roles.acting(places):
            if role not in (*BUILT_IN, *roles_made, *roles) and role not in round_roles.optional_of(place):
                roles.append(role)
        roles_made |= {place.step.makes for place in places if place.step.kind == "trainer"}
    return tuple(roles)


def _needs(recipe: Recipe, roles: Sequence[str]) -> Iterator[Need]:
    numbers = range(len(recipe.phases))
    inside = list(parts.parts_in(recipe))
    if any(known_answers.comparing(recipe, number) or known_answers.taking(recipe, number) for number in numbers):
        yield Need.answers
    if roles:
        yield Need.models
    if any(map(_reads, inside)):
        yield Need.log_probs
    if any(isinstance(part, Generator | Environment) and part.needs_documents for part in inside):
        yield Need.documents
    if any(isinstance(part, Environment) for part in inside):
        yield Need.environment
    if any(map(plan_checks.runs_programs, inside)):
        yield Need.sandbox


def _reads(part: object) -> bool:
    """Whether a part asks for the log-probabilities of texts that are there."""
    asks = [part.asks_for] if isinstance(part, Judge) and part.needs_engine else []
    asks += part.asked_roles.values() if isinstance(part, Generator) else []
    return any(ask in (Ability.read, Ability.read_all, Ability.weigh) for ask in asks)
