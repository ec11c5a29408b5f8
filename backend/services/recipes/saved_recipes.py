"""Recipes that a project keeps as its own, beside those that come with Rondo."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend import boundary, recipes
from backend.db import now, reading, session, tables
from backend.db.slugs import free_slug, slug_of
from backend.errors import Conflict, InvalidInput, NotFound, Stale
from backend.services import events, stale
from backend.services.access import Actor, require, require_row
from backend.services.recipes import parts
from backend.values import JSON, Role


@dataclass(frozen=True)
class SavedView:
    """A recipe of a project. `name` stands in its JSON and stays when `title` changes: rounds know it by its name."""

    id: int
    project_id: int
    name: str
    title: str
    recipe: JSON
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    """Counts its changes."""


def list_saved(actor: Actor, project_id: int) -> list[SavedView]:
    """Return the project's own recipes, by title."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        row = tables.SavedRecipe
        query = _query().where(row.project_id == project_id).order_by(row.title, row.id)
        return [_view(recipe, author) for recipe, author in db.execute(query)]


def get(actor: Actor, recipe_id: int) -> SavedView:
    """Return one; raises `NotFound`."""
    with reading() as db:
        return _view(*_find(db, actor, recipe_id, Role.viewer))


def save(
    actor: Actor,
    project_id: int,
    title: str,
    recipe: JSON,
    *,
    version: int | None = None,
    seen: Mapping[str, JSON] | None = None,
) -> SavedView:
    """Keep a recipe under a title, or change the one of that title; the title in another spelling is the same.

    `version`: that of the recipe of that title as it was read, 0 where there was none; or `seen`: the project's recipes
    as they were read, by name. Raises `Stale` where that recipe was changed since, `InvalidInput` for a recipe that
    cannot work.
    """
    title, recipe = boundary.name(title, "The recipe's name"), _checked(recipe)
    with session() as db:
        require(db, actor, project_id, Role.curator)
        # Two people saving at once wait for each other here, so that a name is given once.
        db.get(tables.Project, project_id, with_for_update=True)
        row = tables.SavedRecipe
        known = list(db.scalars(select(row).where(row.project_id == project_id)))
        same = next((recipe for recipe in known if slug_of(recipe.title) == slug_of(title)), None)
        if same:
            if seen is not None and seen.get(same.name) != same.recipe:
                version = 0
            _refuse_stale(same, version, {"recipe": recipe})
        elif version:
            raise Stale(f"The recipe {title!r} was deleted since. Give version 0 to save it anew.")
        taken = {*recipes.names(), *(recipe.name for recipe in known)}
        name = same.name if same else free_slug(title, lambda slug: slug in taken)
        saved = same or row(project_id=project_id, name=name, created_by=actor.user_id)
        saved.title, saved.updated_at, saved.version = title, now(), (same.version + 1 if same else 1)
        saved.recipe = recipe | {"name": name, "title": title}
        db.add(saved)
        db.flush()
        verb = "change recipe" if same else "save recipe"
        events.note(db, actor, verb, title, project_id=project_id, recipe_id=saved.id)
        return _view(*_find(db, actor, saved.id, Role.viewer))


def change(
    actor: Actor,
    recipe_id: int,
    *,
    title: str | None = None,
    recipe: JSON | None = None,
    version: int | None = None,
) -> SavedView:
    """Change a recipe's title, what it says, or both; its name stays.

    `version`: the one that was read. Raises `Stale` where the recipe has another one now, `Conflict` where another
    recipe of the project has that title, in whatever spelling.
    """
    checked = None if recipe is None else _checked(recipe)
    with session() as db:
        # Two people may change it at once.
        db.get(tables.SavedRecipe, recipe_id, with_for_update=True)
        saved, _ = _find(db, actor, recipe_id, Role.curator)
        _refuse_stale(saved, version, {"title": title, "recipe": checked})
        if title is not None:
            was, saved.title = saved.title, boundary.name(title, "The recipe's name")
            if saved.title != was:  # two of one title may have been there before that was refused
                _refuse_taken(db, saved)
        saved.recipe = (checked or saved.recipe) | {"name": saved.name, "title": saved.title}
        saved.updated_at, saved.version = now(), saved.version + 1
        events.note(db, actor, "change recipe", saved.title, project_id=saved.project_id, recipe_id=recipe_id)
        return _view(*_find(db, actor, recipe_id, Role.viewer))


def delete(actor: Actor, recipe_id: int) -> None:
    """Delete a recipe; rounds that were launched with it keep it and can be launched again."""
    with session() as db:
        saved, _ = _find(db, actor, recipe_id, Role.curator)
        events.note(db, actor, "delete recipe", saved.title, project_id=saved.project_id, recipe_id=recipe_id)
        db.delete(saved)


def delete_named(actor: Actor, project_id: int, name: str) -> str:
    """Delete the project's recipe of that name and return its title; raises `NotFound` where it has none."""
    saved = next((recipe for recipe in list_saved(actor, project_id) if recipe.name == name), None)
    if saved is None:
        raise NotFound(f"This project keeps no recipe {name[:80]!r} of its own. Choose one of its own first.")
    delete(actor, saved.id)
    return saved.title


def _query() -> Select[tables.SavedRecipe, str]:
    user = tables.User
    return select(tables.SavedRecipe, user.name).outerjoin(user, user.id == tables.SavedRecipe.created_by)


def _find(db: Session, actor: Actor, recipe_id: int, role: Role) -> tuple[tables.SavedRecipe, str | None]:
    """The row and its author; one of a foreign project does not exist."""
    missing = f"There is no recipe {recipe_id} here. Choose one from the list."
    row, author = db.execute(_query().where(tables.SavedRecipe.id == recipe_id)).tuples().first() or (None, None)
    return require_row(db, actor, row, role, missing), author


def _refuse_taken(db: Session, changed: tables.SavedRecipe) -> None:
    """Raise `Conflict` where another recipe of the project has its title: people choose among titles."""
    # As in saving, two people wait for each other here.
    db.get(tables.Project, changed.project_id, with_for_update=True)
    row = tables.SavedRecipe
    titles = db.scalars(select(row.title).where(row.project_id == changed.project_id, row.id != changed.id))
    if any(slug_of(title) == slug_of(changed.title) for title in titles):
        raise Conflict(
            f"This project keeps another recipe called {changed.title!r}. Choose another name, or change that one."
        )


def _refuse_stale(saved: tables.SavedRecipe, version: int | None, given: JSON) -> None:
    """Raise `Stale` for another version than the one that was read, with what differs, knob by knob."""
    recipe, title = given.get("recipe"), given.get("title")
    current: JSON = saved.recipe | {"name": saved.name, "title": saved.title}
    flat = {} if recipe is None else {name: recipe[name] for name in recipe if name not in ("name", "title")}
    empty: JSON = dict.fromkeys(flat)
    stale.refuse(f"The recipe {saved.title!r}", version, saved.version, empty | current, flat | {"title": title})


def _checked(recipe: JSON) -> JSON:
    boundary.plain(recipe)
    if not isinstance(recipe, dict):
        raise InvalidInput("A recipe is an object with a name, a title and its steps.")
    return parts.validate({"name": "recipe", "title": "recipe"} | recipe)


def _view(row: tables.SavedRecipe, author: str | None) -> SavedView:
    return SavedView(
        row.id,
        row.project_id,
        row.name,
        row.title,
        row.recipe,
        author or "",
        row.created_at,
        row.updated_at,
        row.version,
    )
