"""What a plan would cost, as the page shows it."""

from collections.abc import Sequence
from typing import Any

from app.form_values import as_words
from app.widgets.context import Context
from app.widgets.formats import duration
from backend.errors import RondoError
from backend.services import rounds
from backend.services.recipes.changes import Change, changes
from backend.services.rounds import Plan
from backend.values import JSON

MOST = 6
"""Changes that are named; the form shows all."""


def guessed(here: Context, plan: Plan) -> dict[str, Any]:
    """What a plan costs, or why it cannot run: said where the figures stand, since one may still type."""
    try:
        found = rounds.estimate(here.actor, here.project_id, plan)
    except RondoError as error:
        return {"problem": error.message, "warnings": []}
    return {
        "samples": samples_of(found),
        "calls": f"{found.judge_calls:,}",
        "tokens": f"{found.tokens:,}",
        "time": _time(found),
        "warnings": list(found.warnings),
    }


def samples_of(found: rounds.Estimate) -> str:
    """How many samples there will be, and how many of them trainings write while they run."""
    if not found.rollouts:
        return f"{found.samples:,}"
    return f"{found.samples:,}, {found.rollouts:,} of them rollouts of online training"


def _time(found: rounds.Estimate) -> str:
    """How long the round takes; with a bound where its texts may be much longer than the last ones."""
    if found.seconds is None or found.seconds_at_most is None:
        return "known after the first round"
    likely, at_most = duration(found.seconds), duration(found.seconds_at_most)
    return f"about {likely}, at most {at_most}" if found.seconds_at_most > 1.2 * found.seconds else f"about {likely}"


def changed(recipe: JSON, others: Sequence[tuple[str, JSON]]) -> dict[str, Any]:
    """What the recipe has otherwise than what it is compared with, in words."""
    said = []
    for name, other in others:
        found = changes(recipe, other)
        lines = [_line(one, name) for one in found[:MOST]]
        lines += [f"and {len(found) - MOST} more"] if len(found) > MOST else []
        said.append({"name": name, "lines": lines, "same": not found})
    return {"compared": said}


def _line(one: Change, name: str) -> str:
    where = f"{one.place}, " if one.place else ""
    return f"{where}{one.label}: {as_words(one.value)} ({name} has {as_words(one.usual)})"
