"""What the form of a round draws and shows of a recipe, and by what two plans are told apart."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.pages.new_round.folds import KeysAt, new_keys
from app.widgets.context import Context
from backend.services.recipes import parts, saved_recipes
from backend.services.recipes.titles import title_of
from backend.services.rounds import Plan
from backend.translations import gettext
from backend.values import JSON


def draft_of(
    recipe: dict[str, Any],
    *,
    began: Plan | None = None,
    checkpoints: Sequence[tuple[str, int]] = (),
    roles: Mapping[str, int] | None = None,
    own: Sequence[tuple[str, str]] = (),
    saved: Mapping[str, JSON] | None = None,
    parent: tuple[str, JSON] | None = None,
    keys: KeysAt | None = None,
    is_open: Mapping[str, bool] | None = None,
    typed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What is drawn. The time makes every draft differ from the one before, so that the same recipe is drawn again.

    `began`: the plan that the form was filled with, before anybody changed a field. `checkpoints`: (name, id) of those
    that a role can be bound to; `roles`: those that are. `own`: (title, name) of the project's own recipes, `saved`
    these by name. `parent`: what the round goes on from is called, and its recipe.
    `keys`: gives what its slots are known by, `is_open` whether they were open; without them it was not drawn before.
    `typed`: what fields hold that says no value (`forms.Form.typed`).
    """
    at = time.monotonic_ns()
    bound: JSON = {"checkpoints": [*checkpoints], "roles": dict(roles or {}), "own": [*own]}
    # Gradio hashes what a state holds, which a plan with its recipe is not.
    bound |= {"began": None if began is None else asdict(began), "saved": dict(saved or {}), "parent": parent}
    bound |= {"keys": keys(at) if keys else new_keys(recipe, at), "open": dict(is_open or {})}
    bound |= {"typed": dict(typed or {})}
    return {"recipe": recipe, "at": at, **bound}


def began_of(drawn: dict[str, Any]) -> Plan | None:
    """The plan that the form was filled with, with the recipe that was chosen since."""
    return None if drawn["began"] is None else Plan(**drawn["began"])


def others_of(drawn: dict[str, Any]) -> list[tuple[str, JSON]]:
    """What a draft is compared with: the recipe of its name as it is listed, and that of the round it goes on from."""
    name = drawn["recipe"]["name"]
    listed = drawn["saved"].get(name) or parts.recipe(name)
    others = [(gettext("the recipe"), listed)] if listed else []
    return [*others, tuple(drawn["parent"])] if drawn["parent"] else others


def recipe_choices(recipe: dict[str, Any], own: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """(title, name) of the recipes there are, by title, the project's own after those that come with Rondo, and of
    this one."""
    names = sorted(parts.recipe_titles(), key=lambda pair: pair[0].casefold())
    names += [(gettext("{title} (this project's own)").format(title=title), name) for title, name in own]
    is_known = recipe["name"] in [name for _, name in names]
    return names if is_known else [*names, (recipe["title"], recipe["name"])]


def about_of(recipe: dict[str, Any]) -> dict[str, str]:
    """The recipe's title, as the list of recipes has it, with the parts that it has instead, and its paper."""
    listed = {name: title for title, name in parts.recipe_titles()}
    title = title_of(recipe | {"title": listed.get(recipe["name"], recipe["title"])})
    paper = str(recipe.get("paper", ""))
    url = f"https://arxiv.org/abs/{paper}" if paper[:4].isdigit() else paper if paper.startswith("https://") else ""
    return {"text": title, "paper": f"arXiv {paper}" if paper[:4].isdigit() else paper, "url": url}


def digest(plan: Plan) -> str:
    """The same for equal plans, another for others."""
    return hashlib.sha256(json.dumps(asdict(plan), sort_keys=True, default=str).encode()).hexdigest()


def other_recipe(here: Context, current: JSON, name: str) -> JSON:
    """The recipe of that name: the project's own as it was saved, or another with the parts it shares with this one."""
    saved = next(
        (recipe for recipe in saved_recipes.list_saved(here.actor, here.project_id) if recipe.name == name), None
    )
    return parts.switch_recipe(current, name) if saved is None else parts.validate(saved.recipe)
