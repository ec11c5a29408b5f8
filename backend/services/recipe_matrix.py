"""Every recipe with its parts, and how the newest round that ran it came out: what works in this installation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.services import projects
from backend.services.access import Actor
from backend.services.loop_lines import accuracies
from backend.values import RoundStatus


@dataclass(frozen=True)
class LastRound:
    """The newest round that ran a recipe. `accuracy`: its checkpoint on held-out prompts, where it was measured."""

    project: str
    number: int
    status: RoundStatus
    started_at: datetime
    accuracy: float | None
    error: str | None

    def __str__(self) -> str:
        reached = f", {self.accuracy:.1%}" if self.accuracy is not None else ""
        return f"{self.project}, round {self.number}: {self.status}{reached}"


@dataclass(frozen=True)
class RecipeLine:
    """A recipe that comes with Rondo or a plugin. `phases`: the names of its parts in order, a list for each phase."""

    name: str
    title: str
    paper: str
    phases: tuple[tuple[str, ...], ...]
    last: LastRound | None

    @property
    def parts(self) -> str:
        """All parts on one line; phases apart."""
        return " | ".join(", ".join(names) for names in self.phases)


def lines(actor: Actor) -> list[RecipeLine]:
    """Return all registered recipes by name, each with its newest round in the projects that the actor is in."""
    with reading() as db:
        last = _last_rounds(db, {one.id: one.name for one in projects.list_mine(actor)})
    found = [recipes.get(name) for name in recipes.names()]
    return [RecipeLine(one.name, one.title, one.paper, _phases(one), last.get(one.name)) for one in found]


def _phases(recipe: Recipe) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(step.part.name) for step in phase.steps) for phase in recipe.phases)


def _last_rounds(db: Session, names: dict[int, str]) -> dict[str, LastRound]:
    row = tables.Round
    recipe = row.recipe["name"].as_string()
    newest = select(func.max(row.id)).where(row.project_id.in_(names)).group_by(recipe)
    found = {}
    for name, one in db.execute(select(recipe, row).where(row.id.in_(newest))):
        measured = accuracies(db, one.project_id).get(one.checkpoint_id or 0)
        found[name] = LastRound(
            names[one.project_id], one.number, one.status, one.created_at, measured.value if measured else None,
            one.error,
        )  # fmt: skip
    return found
