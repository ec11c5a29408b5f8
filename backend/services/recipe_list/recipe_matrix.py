"""Every recipe with its parts, and how the newest round that ran it came out: what works in this installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.services import projects
from backend.services.access import Actor
from backend.services.recipe_list import recipe_tests
from backend.services.recipes import parts
from backend.services.results.accuracies import accuracies
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
    round_id: int

    def __str__(self) -> str:
        reached = f", {self.accuracy:.1%}" if self.accuracy is not None else ""
        return f"{self.project}, round {self.number}: {self.status}{reached}"


@dataclass(frozen=True)
class RecipeLine:
    """A recipe that comes with Rondo or a plugin. `phases`: the names of its parts in order, a list for each phase.

    checks: the files of tests that name it; None where the tests are not installed.
    """

    name: str
    title: str
    paper: str
    phases: tuple[tuple[str, ...], ...]
    last: LastRound | None
    checks: tuple[str, ...] | None = None

    @property
    def parts(self) -> str:
        """All parts on one line; phases apart."""
        return " | ".join(", ".join(names) for names in self.phases)


def lines(actor: Actor) -> list[RecipeLine]:
    """Return all registered recipes by name, each with its newest round in the projects that the actor is in."""
    with reading() as db:
        last = last_rounds(db, {project.id: project.name for project in projects.list_mine(actor)})
    known = [recipes.get(name) for name in recipes.names()]
    checks = recipe_tests.named_in(recipes.names()) or {}
    return [
        RecipeLine(
            recipe.name, recipe.title, recipe.paper, phases(recipe), last.get(recipe.name), checks.get(recipe.name)
        )
        for recipe in known
    ]


def used_parts() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return by kind and name of each part in use, in order, the recipes that use it, be it within another part."""
    by_part: dict[tuple[str, str], set[str]] = {}
    for name in recipes.names():
        for part in parts.parts_in(recipes.get(name)):
            by_part.setdefault((part.kind, str(part.name)), set()).add(name)
    return {key: tuple(sorted(by_part[key])) for key in sorted(by_part)}


def markdown(lines: Sequence[RecipeLine]) -> str:
    """Return the recipes, and the parts with the recipes that use them, as tables of Markdown."""
    rows = [
        (
            f"`{line.name}`",
            _cell(line.paper),
            _cell(line.parts),
            _checks(line),
            _cell(str(line.last or "never run here")),
        )
        for line in lines
    ]
    listed = {line.name for line in lines}
    used = [
        (kind, f"`{name}`", ", ".join(user for user in users if user in listed))
        for (kind, name), users in used_parts().items()
    ]
    first = _table(("recipe", "paper", "parts", "checked in", "last round here"), rows)
    second = _table(("kind", "part", "recipes"), used)
    return f"# Recipes\n\n{len(rows)} recipes.\n\n{first}\n\n# Parts\n\n{second}\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _checks(line: RecipeLine) -> str:
    if line.checks is None:
        return "tests are not installed"
    return ", ".join(line.checks) or "no test"


def _cell(text: str) -> str:
    """A text that cannot end its cell."""
    return " ".join(text.replace("|", "\\|").split())


def phases(recipe: Recipe) -> tuple[tuple[str, ...], ...]:
    """The names of a recipe's parts in order, for each phase."""
    return tuple(tuple(str(step.part.name) for step in phase.steps) for phase in recipe.phases)


def last_rounds(db: Session, names: dict[int, str]) -> dict[str, LastRound]:
    """The newest round of each recipe that a round of these projects ran, by the recipe's name. names: of projects."""
    row = tables.Round
    recipe = row.recipe["name"].as_string()
    newest = select(func.max(row.id)).where(row.project_id.in_(names)).group_by(recipe)
    last = {}
    for name, round_ in db.execute(select(recipe, row).where(row.id.in_(newest))):
        measured = accuracies(db, round_.project_id).get(round_.checkpoint_id or 0)
        last[name] = LastRound(
            names[round_.project_id],
            round_.number,
            round_.status,
            round_.created_at,
            measured.value if measured else None,
            round_.error,
            round_.id,
        )
    return last
