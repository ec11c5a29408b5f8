"""The recipe of a round's form kept as the project's own: saved under a name, changed by saving again, deleted."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.pages.new_round.drawing import OTHER, Drawing, nothing, refused
from app.pages.new_round.folds import OWN, Folds
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from backend.errors import InvalidInput, NotFound, Stale
from backend.services.recipes import saved_recipes
from backend.translations import gettext
from backend.values import JSON

LONGEST = 120
MOST_TYPED = 50
"""Names that a page keeps while they are not saved."""
Own = list[tuple[str, str]]
"""(title, name) of the project's own recipes."""


@dataclass(frozen=True)
class Saving:
    """The name, and what saves under it or deletes."""

    title: gr.Textbox
    save: gr.Button
    delete: gr.Button


def own(here: Context) -> Own:
    return [(recipe.title, recipe.name) for recipe in saved_recipes.list_saved(here.actor, here.project_id)]


def recipes_of(here: Context) -> dict[str, JSON]:
    """The project's own recipes, by name."""
    return {recipe.name: recipe.recipe for recipe in saved_recipes.list_saved(here.actor, here.project_id)}


def draw(recipe: JSON, known: Own, folds: Folds, typed: CurrentChoice) -> Saving:
    """Draw the name, closed until it is wanted; an own recipe can be deleted. `typed`: names by recipe, as typed."""
    is_own = recipe["name"] in [name for _, name in known]
    with folds.slot(OWN, gettext("Keep as this project's own recipe"), is_open=False, elem_id="save-recipe"):
        title = gr.Textbox(
            typed.value.get(recipe["name"], _title(recipe)),
            label=gettext("Name of the recipe"),
            max_length=LONGEST,
            interactive=True,
            elem_id="recipe-title",
            info=gettext(
                "It is then listed among the recipes of this project. Saving under the same name changes it; rounds "
                "keep what they were launched with."
            ),
        )
        with gr.Row():
            save = buttons.secondary(gettext("Save the recipe"), elem_id="save-recipe-button")
            delete = buttons.stop(
                gettext("Delete it from the list"), interactive=is_own, elem_id="delete-recipe-button"
            )
    return Saving(title, save, delete)


@toasts
def note_title(typed: CurrentChoice, title: str | None, now: dict[str, Any], request: gr.Request) -> None:
    """Keep what was typed, so that it is there when the form is drawn again."""
    context(request)
    typed.put(noted(typed.value, title, now))


def noted(names: JSON, title: str | None, now: dict[str, Any]) -> JSON:
    """The typed names by recipe, with this one: another recipe has its own, and a recipe's title is no typed name."""
    recipe = now.get("recipe") if isinstance(now, dict) else None
    if not isinstance(recipe, dict):
        return names
    name, kept = str(recipe.get("name", ""))[:LONGEST], str(title or "")[:LONGEST]
    others = {other: typed for other, typed in names.items() if other != name}
    if not kept.strip() or kept == _title(recipe):
        return others
    return dict([*others.items(), (name, kept)][-MOST_TYPED:])


def _title(recipe: JSON) -> str:
    return str(recipe.get("title", ""))[:LONGEST]


def saver(drawing: Drawing) -> Any:
    """The listener that saves what the fields say: what a choice of another recipe changes."""

    @toasts
    def save_recipe(request: gr.Request, title: str, now: dict[str, Any], *values: Any) -> list[Any]:
        if not drawing.is_newest(now):
            return nothing(OTHER)
        here = context(request)
        try:
            recipe, seen = drawing.recipe(values), now.get("saved", {})
            saved = saved_recipes.save(here.actor, here.project_id, title or "", recipe, seen=seen)
        except Stale as error:
            notice(f"{error.message} " + gettext("Here, Save the recipe once more does that."))
            return drawing.other(recipe, now | {"own": own(here), "saved": recipes_of(here)}, values, is_same=True)
        except InvalidInput as error:
            return refused(error, OTHER, drawing.fields)
        notice(gettext("{title} is kept among the recipes of this project.").format(title=saved.title))
        return drawing.other(saved.recipe, now | {"own": own(here), "saved": recipes_of(here)}, values, is_same=True)

    return save_recipe


def deleter(drawing: Drawing) -> Any:
    """The listener that deletes the chosen recipe from the project's; the fields stay as they are."""

    @toasts
    def delete_recipe(request: gr.Request, now: dict[str, Any], *values: Any) -> list[Any]:
        if not drawing.is_newest(now):
            return nothing(OTHER)
        here = context(request)
        try:
            recipe = drawing.recipe(values)
            title = saved_recipes.delete_named(here.actor, here.project_id, str(drawing.form.start["name"]))
        except (InvalidInput, NotFound) as error:
            return refused(error, OTHER, drawing.fields)
        told = gettext("{title} is deleted from the recipes of this project. Its rounds keep it.")
        notice(told.format(title=title))
        return drawing.other(recipe, now | {"own": own(here), "saved": recipes_of(here)}, values, is_same=True)

    return delete_recipe
