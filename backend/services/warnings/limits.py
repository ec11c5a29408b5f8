"""What a project sets of the rules that warn: limits, fewest rows, whether they are on, whether they stop rounds."""

from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import InvalidInput, NotFound
from backend.pipeline.warn import rules_of
from backend.services import events, refusals
from backend.services.access import Actor, require
from backend.values import JSON, Role
from backend.warning_rules import WarningRule, rule_classes

IN_UNITS = ("limit", "amber")
"""Knobs that have the unit of the rule's number."""


@dataclass(frozen=True)
class RuleView:
    """A rule with its knobs as the project has them, and as they are without being set. `is_never_red`: its `limit` is
    that of amber. `advice`: what helps where its light is on."""

    name: str
    code: str
    title: str
    about: str
    measures: str
    unit: str
    source: str
    is_below: bool
    is_never_red: bool
    advice: str
    knobs: JSON
    defaults: JSON


def listed(actor: Actor, project_id: int) -> tuple[RuleView, ...]:
    """Return all rules, by the number of their warning."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        rules = rules_of(db.get_one(tables.Project, project_id).warning_rules)
    return tuple(sorted(map(_view, rules), key=lambda view: (view.code, view.name)))


def shown(limit: float, unit: str) -> float:
    """A limit in the unit in which pages show it: shares in percent, and points."""
    return round(limit * _times(unit), 10)


def _times(unit: str) -> int:
    return 100 if unit == "share" or unit.startswith("points") else 1


def edit(
    actor: Actor, project_id: int, name: str, knobs: JSON, *, keeps_none: bool = False, in_units: bool = False
) -> RuleView:
    """Set some knobs of a rule; None takes one back to what it is without being set.

    With `keeps_none`, None is a value of `amber`: the light has no amber limit then. With `in_units`, limits are given
    as pages show them, in percent or points, and refused in the same unit.
    They count from the next round on that is evaluated. Stored knobs that the rule lacks or refuses by now are dropped.
    Raises `NotFound`, and `InvalidInput` that names the knob.
    """
    with session() as db:
        require(db, actor, project_id, Role.curator)
        return set_knobs(db, actor, project_id, name, knobs, keeps_none=keeps_none, in_units=in_units)


def set_knobs(
    db: Session,
    actor: Actor,
    project_id: int,
    name: str,
    knobs: JSON,
    *,
    keeps_none: bool = False,
    in_units: bool = False,
) -> RuleView:
    """The same within a transaction, for somebody whose role was looked at."""
    rule = rule_classes().get(name)
    if rule is None:
        raise NotFound(f"There is no rule {name!r}. GET /projects/{project_id}/warning-rules lists them.")
    times = _times(rule.unit)
    units: dict[str, tuple[int, str]] = {}
    if in_units and times > 1:
        knobs = {k: round(v / times, 12) if k in IN_UNITS and _is_number(v) else v for k, v in knobs.items()}
        units = dict.fromkeys(IN_UNITS, (times, "%" if rule.unit == "share" else f" {rule.unit}"))
    row = db.get_one(tables.Project, project_id, with_for_update=True)
    usual = rule().dump()
    back = {knob for knob, value in knobs.items() if value is None and not (keeps_none and knob == "amber")}
    now = {**rule.usable(row.warning_rules.get(name, {})), **knobs}
    now = {knob: value for knob, value in now.items() if knob not in usual or knob not in back}
    try:
        changed_rule = rule.model_validate(now)
    except ValidationError as error:
        raise InvalidInput(f"{name}.{refusals.explain(error, units)}") from error
    changed = {knob: value for knob, value in changed_rule.dump().items() if knob != "name" and value != usual[knob]}
    row.warning_rules = {other: set_ for other, set_ in row.warning_rules.items() if other != name} | (
        {name: changed} if changed else {}
    )
    events.note(db, actor, "change warning", name, project_id=project_id, knobs=knobs)
    return _view(changed_rule)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _view(rule: WarningRule) -> RuleView:
    knobs, usual = rule.dump(), type(rule)().dump()
    return RuleView(
        str(rule.name),
        rule.code,
        rule.title,
        " ".join((rule.__doc__ or "").split()),
        rule.measures,
        rule.unit,
        rule.source,
        rule.is_below,
        rule.is_never_red,
        rule.advice,
        {k: v for k, v in knobs.items() if k != "name"},
        {k: v for k, v in usual.items() if k != "name"},
    )
