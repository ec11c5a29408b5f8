"""Recipes: those that come with Rondo, and a project's own."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.depends import After, Asking, Limit, Page, Version, cut
from backend.boundary import Data, Id, Name
from backend.services.plans import recipe_choice
from backend.services.plans.recipe_choice import RegisteredRecipe
from backend.services.recipes import saved_recipes
from backend.services.recipes.saved_recipes import SavedView

router = APIRouter(tags=["recipes"])


class NewRecipe(BaseModel):
    """The whole recipe; its own name and title are replaced."""

    title: Name
    recipe: Data
    version: Version = None


class RecipeEdit(BaseModel):
    title: Name | None = None
    recipe: Data | None = None
    version: Version = None


@router.get("/recipes")
def list_registered(_actor: Asking, limit: Limit = 50, after: After = None) -> Page[RegisteredRecipe]:
    """List the recipes that come with Rondo and its plugins, whole, by name; `after`: the name of the last one."""
    page = cut(recipe_choice.registered_names(), limit=limit, after=after, key=lambda name: name)
    return Page(items=[recipe_choice.get_registered(name) for name in page.items], next=page.next)


@router.get("/recipes/named/{name}")
def get_registered(_actor: Asking, name: str) -> RegisteredRecipe:
    """One recipe that comes with Rondo or a plugin, every knob included."""
    return recipe_choice.get_registered(name)


@router.get("/projects/{project_id}/recipes")
def list_recipes(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[SavedView]:
    return cut(saved_recipes.list_saved(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/projects/{project_id}/recipes", status_code=201)
def save_recipe(actor: Asking, project_id: Id, body: NewRecipe) -> SavedView:
    """Keep a recipe, or change the one of that title."""
    return saved_recipes.save(actor, project_id, body.title, body.recipe, version=body.version)


@router.get("/recipes/{recipe_id}")
def get_recipe(actor: Asking, recipe_id: Id) -> SavedView:
    return saved_recipes.get(actor, recipe_id)


@router.patch("/recipes/{recipe_id}")
def edit_recipe(actor: Asking, recipe_id: Id, body: RecipeEdit) -> SavedView:
    return saved_recipes.change(actor, recipe_id, title=body.title, recipe=body.recipe, version=body.version)


@router.delete("/recipes/{recipe_id}", status_code=204)
def delete_recipe(actor: Asking, recipe_id: Id) -> None:
    """Delete it; rounds that were launched with it keep it."""
    saved_recipes.delete(actor, recipe_id)
