"""What a person had typed into the form of a new round, kept by their browser, put over the plan that fills it.

The browser keeps what each field held (`keeping`), so that a number that was half typed is there again, too. What there
is no more, such as a checkpoint in the trash or a knob, is left out and named.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from app import forms
from app.form_values import UNSET, from_input, path_key, shown
from app.pages.new_round.rereading import drawn
from app.pages.new_round.steps import NOT_BOUND
from app.widgets import branch_review, round_form, times
from app.widgets.context import Context
from app.widgets.round_form import SELF_JUDGE
from backend import boundary
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services import prompts, refusals, rounds
from backend.services.plans import auto_rules
from backend.services.recipes import fitting, parts, steps_edit
from backend.services.recipes.knobs import Knob, KnobType
from backend.services.rounds import Plan
from backend.translations import N_, gettext
from backend.values import JSON, LocalEngine, Split

Typed = bool | int | float | str | list[str | int] | None
LABELS = {
    "sample_sets": N_("Prompt sets"),
    "held_out_sets": N_("Held-out sets"),
    "mix_sets": N_("Seed sets to mix in"),
    "stop_rules": N_("No further round follows when"),
    "policy": N_("Policy"),
    "reference": N_("Reference"),
    "judge": N_("Judge"),
}
MOST_LEFT_OUT = 6
"""Fields left out that are named."""
RECIPE = N_("the recipe")
ORIGIN = N_("the round that it went on from")


class Kept(BaseModel):
    """What the browser kept. `at`: milliseconds since 1970. `beside`, `knobs`, `roles`: what fields held, by name."""

    at: int = Field(ge=0, lt=2**42)
    recipe: dict[str, Any]
    origin: dict[str, int | None]
    start: int | None
    beside: dict[str, Typed]
    knobs: dict[str, Typed]
    roles: dict[str, Typed]
    title: str
    yaml: str


@dataclass(frozen=True)
class RestoredForm:
    """The plan that the fields say, as far as it works, and what fields hold beyond that."""

    at: datetime
    plan: Plan
    began: Plan
    """The plan that the address asks for, before anything was typed, with the recipe that was chosen since."""
    start: int | None
    beside: Mapping[str, Any]
    """By the name of each field beside the recipe what it holds that is no value of the plan."""
    knobs: Mapping[str, Any]
    """The same of each knob, by its path (`path_key`)."""
    title: str
    yaml: str
    left_out: tuple[str, ...]

    def shown(self) -> JSON:
        """What the page says of it."""
        names, more = self.left_out[:MOST_LEFT_OUT], len(self.left_out) - MOST_LEFT_OUT
        if more > 0:
            names += (gettext("and {number} more").format(number=more),)
        left = gettext("Left out, because there is no such thing any more: {names}.").format(names=", ".join(names))
        text = gettext("Restored what you had typed at {time}.").format(time=times.clock(self.at))
        return {"text": text, "left_out": left if names else ""}


def restored(here: Context, plan: Plan, kept: str) -> RestoredForm | None:
    """What the browser kept, over the plan that the address asks for; None where it kept nothing that can be read."""
    try:
        read = Kept.model_validate_json(kept)
        boundary.plain(read.model_dump())
    except (ValidationError, InvalidInput):
        return None
    left_out = list[str]()
    beside = _Beside(here, left_out)
    began = plan
    plan = beside.put(_origin(here, plan, read.origin, left_out), read.beside)
    plan, unread = _recipe(plan, read, left_out)
    plan = replace(plan, roles=beside.roles(plan.recipe, read.roles))
    at = datetime.fromtimestamp(read.at / 1000, UTC)
    return RestoredForm(
        at, plan, _began(began, plan), read.start, beside.unread, unread, read.title, read.yaml, tuple(left_out)
    )


def _began(began: Plan, plan: Plan) -> Plan:
    """The plan that the form began with; of another recipe, as the list gives it with the parts that both hold."""
    name = plan.recipe["name"]
    if name == began.recipe["name"]:
        return began
    is_listed = parts.recipe(name) is not None
    return replace(began, recipe=parts.switch_recipe(began.recipe, name) if is_listed else plan.recipe)


def _origin(here: Context, plan: Plan, origin: Mapping[str, int | None], left_out: list[str]) -> Plan:
    """The plan with what of the kept one no field shows (`branch_review.ORIGIN`)."""
    values: dict[str, Any] = {name: origin.get(name) for name in branch_review.ORIGIN}
    ids = [values[name] for name in ("parent_id", "branch_of")]
    try:
        is_here = all(rounds.get(here.actor, n).project_id == here.project_id for n in ids if n is not None)
    except (NotFound, PermissionDenied):
        is_here = False
    if not is_here:
        left_out.append(gettext(ORIGIN))
        return plan
    return replace(plan, **values)


def _recipe(plan: Plan, read: Kept, left_out: list[str]) -> tuple[Plan, dict[str, Any]]:
    """The plan with the kept recipe, and what its fields hold that is no value; without it where a part is gone.

    Where the recipe would not work with what was typed, it stays as it was before that, and the fields hold all of it.
    """
    try:
        drawn_before, gone = fitting.fitted(read.recipe)
    except InvalidInput:
        left_out.append(gettext(RECIPE))
        return plan, {}
    recipe, unread, typed = copy.deepcopy(drawn_before), dict[str, Any](), dict[str, Any]()
    rest = dict(read.knobs)
    for path, knob in drawn(recipe):
        key = path_key(path)
        if not _can_show(knob, forms.take(drawn_before, path)):
            for kept_recipe in (recipe, drawn_before):
                forms.put(kept_recipe, path, copy.deepcopy(knob.default))
            rest.pop(key, None)
            left_out.append(forms.called(path, knob))
        if key not in rest:
            continue
        value = rest.pop(key)
        if not fits(knob, value):
            left_out.append(forms.called(path, knob))
            continue
        if value != shown(knob, forms.take(drawn_before, path)):
            typed[key] = value
        try:
            forms.put(recipe, path, from_input(knob, value, key))
        except InvalidInput:
            unread[key] = value
    left_out += [refusals.place(path) for path in gone]
    left_out += sorted(rest.keys() - set(map(path_key, gone)))
    if not _works(recipe) and _works(drawn_before):
        return replace(plan, recipe=drawn_before), typed
    return replace(plan, recipe=recipe), unread


def _works(recipe: JSON) -> bool:
    try:
        parts.validate(recipe)
    except InvalidInput:
        return False
    return True


def _can_show(knob: Knob, value: Any) -> bool:
    """Whether the field of a knob can show what a recipe holds there: the knob may be of another type by now."""
    try:
        return value is None or fits(knob, shown(knob, value))
    except (TypeError, ValueError):
        return False


def fits(knob: Knob, typed: Typed) -> bool:
    """Whether the field of a knob can hold what was typed: of choices only those that there are."""
    match knob.type:
        case KnobType.integer | KnobType.number:
            return typed in (None, "") or (isinstance(typed, int | float) and not isinstance(typed, bool))
        case KnobType.boolean:
            return typed in (UNSET, "yes", "no") if knob.is_optional else isinstance(typed, bool)
        case KnobType.choice:
            return typed is None or typed in ([UNSET] if knob.is_optional else []) or typed in knob.choices
        case KnobType.strings if knob.choices:
            return isinstance(typed, list) and set(typed) <= set(knob.choices)
    return typed is None or isinstance(typed, str)


class _Beside:
    """The fields beside the recipe: what they held, put into a plan as far as it is still there."""

    def __init__(self, here: Context, left_out: list[str]) -> None:
        sets = prompts.list_sets(here.actor, here.project_id)
        self.train = {s.id for s in sets if s.split is Split.train}
        self.held_out = {s.id for s in sets if s.split is Split.held_out}
        self.checkpoints = {id_ for _, id_ in round_form.every(here.actor, here.project_id)}
        self.actor, self.left_out, self.unread = here.actor, left_out, dict[str, Any]()

    def put(self, plan: Plan, typed: Mapping[str, Typed]) -> Plan:
        changes: dict[str, Any] = {}
        for name, attribute, there in (
            ("sample_sets", "sample_set_ids", self.train),
            ("held_out_sets", "held_out_set_ids", self.held_out),
            ("mix_sets", "mix_set_ids", self.train),
            ("stop_rules", "stop_rules", auto_rules.RULES),
        ):
            if isinstance(chosen := typed.get(name), list):
                changes[attribute] = tuple(value for value in chosen if value in there)
                self._note(name, is_there=len(changes[attribute]) == len(chosen))
        for name in ("policy", "reference", "judge"):
            chosen = typed.get(name)
            if type(chosen) is int:
                is_self = name == "judge" and chosen == SELF_JUDGE
                if self._note(name, is_there=is_self or chosen in self.checkpoints):
                    changes[f"{name}_id"] = None if is_self else chosen
        if not branch_review.is_after_review(self.actor, plan):
            changes |= {name: typed[name] for name in branch_review.FIELDS if type(typed.get(name)) is bool}
        if typed.get("engine") in [*LocalEngine]:
            changes["engine"] = LocalEngine(str(typed["engine"]))
        for name in ("num_prompts", "seed", "num_rounds"):
            if name in typed and fits(Knob(name, KnobType.integer, None), typed[name]):
                self.unread[name] = None if typed[name] == "" else typed[name]
        return replace(plan, review=self._review(plan.review, typed), **changes)

    def _review(self, review: Mapping[str, Any], typed: Mapping[str, Typed]) -> dict[str, Any]:
        settings = dict(review)
        for knob in parts.review_knobs():
            name = round_form.review_name(knob)
            if name not in typed:
                continue
            if not fits(knob, typed[name]):
                self.left_out.append(round_form.review_label(knob))
                continue
            try:
                settings[knob.name] = from_input(knob, typed[name], name)
            except InvalidInput:
                self.unread[name] = typed[name]
        return settings

    def roles(self, recipe: JSON, typed: Mapping[str, Typed]) -> dict[str, int]:
        """The checkpoints that the fields of the roles held."""
        names = steps_edit.roles(recipe)
        chosen = {name: typed[name] for name in names if typed.get(name) not in (None, NOT_BOUND)}
        gone = [name for name, value in chosen.items() if type(value) is not int or value not in self.checkpoints]
        self.left_out += [gettext("role {name}").format(name=name) for name in gone]
        return {name: value for name, value in chosen.items() if name not in gone and isinstance(value, int)}

    def _note(self, name: str, *, is_there: bool) -> bool:
        if not is_there:
            self.left_out.append(gettext(LABELS[name]))
        return is_there
