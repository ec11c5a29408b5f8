"""What a plan would cost, as the page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.form_values import as_words
from app.widgets.context import Context
from app.widgets.formats import round_time
from app.widgets.refused_fields import marked
from app.widgets.round_form import every
from backend.errors import InvalidInput, NotFound, RondoError
from backend.services import prompts, rounds
from backend.services.plans import checks
from backend.services.recipes import parts, steps_edit
from backend.services.recipes.changes import Change, changes
from backend.services.rounds import Plan
from backend.translations import N_, gettext, ngettext
from backend.values import JSON

MOST = 6
"""Changes, or refused fields, that are named; the form shows all."""
SETS = {
    "sample_set_ids": N_("Prompt sets"),
    "held_out_set_ids": N_("Held-out sets"),
    "mix_set_ids": N_("Seed sets to mix in"),
}
FIELDS = {
    "num_prompts": N_("Number of prompts"),
    "engine": N_("Engine"),
    "is_reviewed": N_("People review"),
    "is_blind": N_("Blind"),
}
"""What a round keeps of the one that it goes on from, by what the form calls it: not the seed and the policy."""
CHECKPOINTS = {"policy_id": N_("Policy"), "reference_id": N_("Reference")}
STOPS = {"stop_rules": N_("No further round follows when")}
OWN = FIELDS | CHECKPOINTS | {"seed": N_("Seed"), "num_rounds": N_("Rounds to run")} | STOPS
"""What a person may change in the form."""


def guessed(here: Context, plan: Plan, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a plan costs, or why it cannot run: said where the figures stand, since one may still type.

    `fields`: the ids of the fields that it may be refused for (`refused_fields.marked`), where they are drawn.
    """
    try:
        if not plan.sample_set_ids:
            raise InvalidInput(checks.NO_SETS)
        estimate = rounds.estimate(here.actor, here.project_id, plan)
    except RondoError as error:
        return marked(error, fields or {}) | {"warnings": []}
    return {
        "samples": samples_of(estimate),
        "calls": f"{estimate.judge_calls:,}",
        "tokens": f"{estimate.tokens:,}",
        "time": round_time(estimate.seconds, estimate.seconds_at_most, is_measured=estimate.is_measured),
        "warnings": list(estimate.warnings),
    }


def samples_of(estimate: rounds.PlanEstimate) -> str:
    """How many samples there will be, and how many of them trainings write while they run."""
    if not estimate.rollouts:
        return f"{estimate.samples:,}"
    return gettext("{number}, {rollouts} of them rollouts of online training").format(
        number=f"{estimate.samples:,}", rollouts=f"{estimate.rollouts:,}"
    )


def changed(here: Context, plan: Plan, others: Sequence[tuple[str, JSON]], began: Plan | None = None) -> dict[str, Any]:
    """What a person changed in the form, and what it began with otherwise than what that is compared with, in words.

    began: the plan that the form was filled with; None: this one. others: recipes, and last that of the round before.
    """
    began = began or plan
    mine = changes(plan.recipe, began.recipe) + _between(here, plan, began, OWN, steps_edit.roles(plan.recipe))
    compared, beside = [], _beside(here, began)
    for place, (name, other) in enumerate(others, 1):
        differences = (beside if place == len(others) else []) + changes(began.recipe, other)
        has = gettext("{name} has {value}")
        lines = [_line(change, has.format(name=name, value=_words(change.usual))) for change in differences]
        summary = ngettext(
            "The form began with one setting that differs from {name}",
            "The form began with {number} settings that differ from {name}",
            len(lines),
        ).format(number=len(lines), name=name)
        compared.append({"name": name, "summary": summary, "lines": lines, "same": not differences})
    was = gettext("was {value}")
    return {"mine": [_line(change, was.format(value=_words(change.usual))) for change in mine], "compared": compared}


def shortened(refusal: str) -> str:
    """The first lines of a refusal, one a field, and how many more fields are refused."""
    return "\n".join(_first(refusal.split("\n")))


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - MOST
    return lines[:MOST] + ([gettext("and {number} more").format(number=more)] if more > 0 else [])


def _beside(here: Context, plan: Plan) -> list[Change]:
    """What the fields beside the recipe have otherwise than the round that the plan branches off, or goes on from."""
    round_id = plan.branch_of or plan.parent_id
    if round_id is None:
        return []
    try:
        before = rounds.again(here.actor, here.project_id, round_id)
    except NotFound:
        return []  # it is gone meanwhile, which the estimate says
    return _between(here, plan, before, FIELDS)


def _between(
    here: Context, plan: Plan, before: Plan, names: Mapping[str, str], roles: Sequence[str] = ()
) -> list[Change]:
    """What the fields beside the recipe hold in one plan otherwise than in another one.

    names: what the form calls each field that is a number or a choice; roles: those that have a field.
    """
    if replace(plan, recipe={}) == replace(before, recipe={}):
        return []
    titles = {s.id: s.name for s in prompts.list_sets(here.actor, here.project_id)}
    known = {id_: name for name, id_ in every(here.actor, here.project_id)}
    mine, theirs = (_fields(each, titles, known, names) | _roles(each, known, roles) for each in (plan, before))
    return [Change((), "", label, value, theirs[label]) for label, value in mine.items() if value != theirs[label]]


def _fields(
    plan: Plan, titles: Mapping[int, str], known: Mapping[int, str], names: Mapping[str, str]
) -> dict[str, Any]:
    """What the fields beside the recipe hold, by their labels. titles, known: what sets and checkpoints are called."""
    sets = {
        gettext(label): ", ".join(titles.get(set_id, str(set_id)) for set_id in sorted(getattr(plan, name)))
        for name, label in SETS.items()
    }
    own = {gettext(label): getattr(plan, name) for name, label in names.items()}
    own |= {gettext(label): known.get(getattr(plan, name)) for name, label in CHECKPOINTS.items() if name in names}
    own |= {gettext(label): ", ".join(sorted(getattr(plan, name))) for name, label in STOPS.items() if name in names}
    review = parts.review_defaults() | plan.review
    settings = {knob.label: review[knob.name] for knob in parts.review_knobs()}
    judge = gettext("the policy itself") if plan.judge_id is None else known.get(plan.judge_id, plan.judge_id)
    return sets | own | settings | {gettext("Judge"): judge}


def _roles(plan: Plan, known: Mapping[int, str], roles: Sequence[str]) -> dict[str, str]:
    """Whose checkpoint acts in each of these roles; one that is there no more is not bound, as in its field."""
    unbound = gettext("what an earlier round made, if any")
    return {gettext("role {name}").format(name=role): known.get(plan.roles.get(role, 0), unbound) for role in roles}


def _line(change: Change, usual: str) -> str:
    where = f"{change.place}, " if change.place else ""
    return f"{where}{change.label}: {_words(change.value)} ({usual})"


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return as_words(value)
