"""The lines of a preview's steps, in the language of who reads it: the worker noted them in its own."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.orm import Session

from backend.errors import RondoError
from backend.services.plans import Plan
from backend.services.plans.checks import parse, phase_of
from backend.values import JSON, Stage


def lines_of(db: Session, plan: Plan) -> list[str]:
    """Return a line for each step of the previewed phase; none where the recipe cannot be read any more."""
    with suppress(RondoError):
        recipe = parse(plan.recipe)
        return recipe.lines(phase_of(db, recipe, plan.parent_id))
    return []


def with_lines(result: JSON, lines: Sequence[str]) -> JSON:
    """Return a preview's result with these lines; what tries changes out is no step and has none."""

    def named(entry: JSON) -> JSON:
        return entry | {"line": lines[entry["step"]]} if 0 <= entry["step"] < len(lines) else entry

    return result | {name: [named(entry) for entry in result[name]] for name in ("took", "funnels") if name in result}


def not_run(result: JSON, lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of the steps after the first training, which work with what it would make."""
    trained = [step["step"] for step in result.get("took", []) if step["stage"] == Stage.train]
    return tuple(lines[trained[0] + 1 :]) if trained else ()
