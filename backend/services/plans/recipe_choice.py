"""Which recipe a launch means: the name of one that comes with Rondo or is the project's own, or a whole one."""

from dataclasses import dataclass, replace
from difflib import get_close_matches

from pydantic import ValidationError

from backend import boundary, recipes
from backend.errors import InvalidInput, NotFound, UnknownPart
from backend.recipes import Recipe
from backend.services import refusals
from backend.services.access import Actor
from backend.services.plans import Plan
from backend.services.plans.checks import parse
from backend.services.recipes import saved_recipes, steps_edit, titles
from backend.values import JSON


@dataclass(frozen=True)
class RegisteredRecipe:
    """A recipe that comes with Rondo or a plugin. `lines`: what each step is and works on, a list for each phase."""

    name: str
    title: str
    paper: str
    lines: tuple[tuple[str, ...], ...]
    recipe: JSON


def registered_names() -> list[str]:
    """Return the names of all recipes that come with Rondo and its plugins, sorted."""
    return recipes.names()


def get_registered(name: str) -> RegisteredRecipe:
    """Return the registered recipe of that name; raises `NotFound`."""
    if name not in recipes.names():
        raise NotFound(_unknown(name, []))
    recipe = recipes.get(name)
    lines = tuple(tuple(recipe.lines(phase)) for phase in range(len(recipe.phases)))
    return RegisteredRecipe(recipe.name, recipe.title, recipe.paper, lines, recipe.model_dump(mode="json"))


def named(actor: Actor, project_id: int, name: str) -> JSON:
    """Return the whole recipe of that name, the project's own before a registered one; raises `InvalidInput`."""
    own = {saved.name: saved.recipe for saved in saved_recipes.list_saved(actor, project_id)}
    if name in own:
        return own[name]
    if name not in recipes.names():
        raise InvalidInput(_unknown(name, [*own]))
    return recipes.get(name).model_dump(mode="json")


def chosen(actor: Actor, project_id: int, plan: Plan, recipe: JSON | str | None, changes: JSON | None = None) -> Plan:
    """Return the plan with another recipe, or with changes of its own one.

    recipe: a whole one, a name, or an object that holds a name alone; None keeps the plan's, and so does the name of
    a registered recipe that the plan holds already: the knobs of the project or the round before stay, as in the form.
    Where the plan's trains by other parts than the registered one of its name, that is taken.
    changes: `{"step": {"knob": value}}`, as `Recipe.with_changes` takes them; of what an unknown step is called, and of
    what cannot work, `InvalidInput` is raised. Roles that no step of another recipe names are no longer bound.
    """
    if isinstance(recipe, dict) and recipe.keys() == {"name"}:
        recipe = str(recipe["name"])
    if isinstance(recipe, str):
        recipe = plan.recipe if _is_held(actor, project_id, plan, recipe) else named(actor, project_id, recipe)
    whole = plan.recipe if recipe is None else recipe
    if changes:
        whole = changed(whole, changes)
    if recipe is None:
        return replace(plan, recipe=whole)
    known = steps_edit.roles(whole)
    return replace(plan, recipe=whole, roles={role: bound for role, bound in plan.roles.items() if role in known})


def _is_held(actor: Actor, project_id: int, plan: Plan, name: str) -> bool:
    """Whether the plan's recipe is the registered one of that name, with its trainers. What the project saved under it
    may be newer."""
    own = {saved.name for saved in saved_recipes.list_saved(actor, project_id)}
    is_of_name = name == plan.recipe.get("name") and name in recipes.names() and name not in own
    return is_of_name and not titles.has_other_trainers(plan.recipe)


def changed(recipe: JSON, changes: JSON) -> JSON:
    """Return a recipe's JSON with changes of single knobs, whole and checked; raises `InvalidInput`."""
    boundary.plain(changes)
    try:
        before = parse(recipe)
        called = before.called()
        fields = {*Recipe.model_fields, *recipe} - {"name"}
        for place in changes:
            if place not in fields and place not in called and not place[:1].isdecimal():
                raise InvalidInput(
                    f"The recipe {before.name} has no step or field {place[:80]!r} to change. It has the steps and "
                    f"metrics {', '.join(called)}; a step can be called by its number, too."
                )
        return before.with_changes(changes).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidInput("The recipe cannot be used.\n" + refusals.explain(error)) from error
    except UnknownPart as error:
        raise InvalidInput(f"The recipe cannot be used.\n{error.message}") from error


def with_samples(recipe: JSON, n: int) -> JSON:
    """Return the changes by which the first generator of each phase writes `n` texts; raises `InvalidInput`."""
    phases = parse(recipe).phases
    generators_n = {}
    for number, phase in enumerate(phases, start=1):
        generators = [(i, type(step.part)) for i, step in enumerate(phase.steps, 1) if step.kind == "generator"]
        counts = [i for i, part in generators if "n" in part.model_fields]
        if counts:
            generators_n[f"{number}/{counts[0]}" if len(phases) > 1 else str(counts[0])] = {"n": n}
    if not generators_n:
        raise InvalidInput(
            f"No generator of the recipe {recipe.get('name')} writes a number of samples of each prompt. Where a "
            "trainer writes texts, its num_generations says how many."
        )
    return generators_n


def _unknown(name: str, own: list[str]) -> str:
    known = [*own, *recipes.names()]
    near = get_close_matches(name, known, 5, 0.5)
    message = f"There is no recipe {name[:80]!r}."
    message += f" Near it: {', '.join(near)}." if near else ""
    message += f" The project's own: {', '.join(own)}." if own else ""
    return f"{message} `rondo recipes` and GET /api/v1/recipes list all {len(recipes.names())} that come with Rondo."
