"""What a plan would cost, as the page shows it."""

from collections.abc import Sequence
from typing import Any

from app.form_values import as_words
from app.widgets.context import Context
from app.widgets.formats import duration
from backend.errors import RondoError
from backend.services import rounds
from backend.services.plans import checks
from backend.services.recipes.changes import Change, changes
from backend.services.rounds import Plan
from backend.translations import gettext
from backend.values import JSON

MOST = 6
"""Changes that are named; the form shows all."""


def guessed(here: Context, plan: Plan) -> dict[str, Any]:
    """What a plan costs, or why it cannot run: said where the figures stand, since one may still type."""
    if not plan.sample_set_ids:
        return {"problem": checks.NO_SETS, "warnings": []}
    try:
        estimate = rounds.estimate(here.actor, here.project_id, plan)
    except RondoError as error:
        return {"problem": error.message, "warnings": []}
    return {
        "samples": samples_of(estimate),
        "calls": f"{estimate.judge_calls:,}",
        "tokens": f"{estimate.tokens:,}",
        "time": _time(estimate),
        "warnings": list(estimate.warnings),
    }


def samples_of(estimate: rounds.PlanEstimate) -> str:
    """How many samples there will be, and how many of them trainings write while they run."""
    if not estimate.rollouts:
        return f"{estimate.samples:,}"
    return gettext("{number}, {rollouts} of them rollouts of online training").format(
        number=f"{estimate.samples:,}", rollouts=f"{estimate.rollouts:,}"
    )


def _time(estimate: rounds.PlanEstimate) -> str:
    """How long the round takes; with a bound where its texts may be much longer than the last ones."""
    if estimate.seconds is None or estimate.seconds_at_most is None:
        return gettext("known after the first round")
    likely, at_most = duration(estimate.seconds), duration(estimate.seconds_at_most)
    is_wide = estimate.seconds_at_most > 1.2 * estimate.seconds
    text = gettext("about {likely}, at most {at_most}") if is_wide else gettext("about {likely}")
    return text.format(likely=likely, at_most=at_most)


def changed(recipe: JSON, others: Sequence[tuple[str, JSON]]) -> dict[str, Any]:
    """What the recipe has otherwise than what it is compared with, in words."""
    compared = []
    for name, other in others:
        differences = changes(recipe, other)
        lines = [_line(change, name) for change in differences[:MOST]]
        more = len(differences) - MOST
        lines += [gettext("and {number} more").format(number=more)] if more > 0 else []
        compared.append({"name": name, "lines": lines, "same": not differences})
    return {"compared": compared}


def _line(change: Change, name: str) -> str:
    where = f"{change.place}, " if change.place else ""
    usual = gettext("{name} has {value}").format(name=name, value=as_words(change.usual))
    return f"{where}{change.label}: {as_words(change.value)} ({usual})"
