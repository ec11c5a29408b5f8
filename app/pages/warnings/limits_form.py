"""The form of what a project sets of one rule."""

from typing import Any

import gradio as gr

from app.pages.warnings import templates
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.number import Number
from app.widgets.warning_said import number
from backend.errors import NotFound
from backend.services.results.noticed import what_helps
from backend.services.warnings import limits
from backend.services.warnings.limits import IN_UNITS, RuleView
from backend.translations import N_, gettext

KNOBS = ("limit", "amber", "min_rows", "is_on", "stops")
"""Those that every rule has; further ones of a rule are set over REST."""


def build(quiet: dict[str, Any]) -> None:
    """Lay out the form and wire it."""
    rule = gr.Dropdown([], label=N_("Rule"), filterable=False, elem_id="warning-rule")
    about = markup(templates.ABOUT, templates.CSS, elem_id="warning-about")
    with gr.Row(equal_height=True):
        limit = Number(label=N_("Limit (limit)"), elem_id="warning-limit")
        amber = Number(label=N_("Amber limit (amber)"), elem_id="warning-amber")
        fewest = Number(label=N_("Fewest rows (min_rows)"), precision=0, elem_id="warning-min-rows")
    with gr.Row(equal_height=True):
        is_on = gr.Checkbox(label=N_("Compute it (is_on)"), elem_id="warning-is-on")
        stops = gr.Checkbox(label=N_("Automatic rounds stop while it is red (stops)"), elem_id="warning-stops")
    with gr.Row(elem_classes="rondo-toolbar"):
        save = buttons.primary(N_("Save limits"), elem_id="warning-save")
        usual = buttons.secondary(N_("Back to the defaults"), elem_id="warning-usual")
    refused = problem("warning-problem")

    fields: list[Any] = [about, limit, amber, fewest, is_on, stops]
    typed: list[Any] = [limit, amber, fewest, is_on, stops]
    private = {name: value for name, value in quiet.items() if name != "show_progress"}
    gr.on(None, draw_rules, None, [rule, *fields], **quiet)
    rule.input(choose_rule, rule, [*fields, refused], **quiet)
    save.click(save_limits, [rule, *typed], [*fields, refused], **private)
    usual.click(back_to_defaults, rule, [*fields, refused], **private)


@toasts
def draw_rules(request: gr.Request) -> list[Any]:
    """The rules to choose from, and the first one's knobs."""
    here = context(request)
    rules = limits.listed(here.actor, here.project_id)
    names = [(f"{rule.code} {gettext(rule.title)}", rule.name) for rule in rules]
    return [gr.Dropdown(names, value=rules[0].name), *filled(rules[0])]


@toasts
def choose_rule(name: str, request: gr.Request) -> list[Any]:
    """Another rule's knobs."""
    return [*filled(_found(context(request), name)), {}]


@toasts
@refused_beside(6)
def save_limits(request: gr.Request, name: str, *values: Any) -> list[Any]:
    """Set the knobs of the chosen rule."""
    here = context(request)
    rule = limits.edit(
        here.actor, here.project_id, name, dict(zip(KNOBS, values, strict=True)), keeps_none=True, in_units=True
    )
    notice(gettext("The limits are saved. They count from the next round on that is evaluated."))
    return filled(rule)


@toasts
@refused_beside(6)
def back_to_defaults(name: str, request: gr.Request) -> list[Any]:
    """Take the knobs of the form back; what else is set of the rule stays, such as imports that are known."""
    here = context(request)
    return filled(limits.edit(here.actor, here.project_id, _found(here, name).name, dict.fromkeys(KNOBS)))


def filled(rule: RuleView) -> list[Any]:
    """What the form shows of a rule."""
    about = {
        "about": rule.about,
        "measures": gettext(rule.measures),
        "unit": "%" if rule.unit == "share" else gettext(rule.unit),
        "source": rule.source,
        "advice": what_helps(rule.advice),
        "colors": gettext("Beyond it the light is amber, and never red.")
        if rule.is_never_red
        else gettext("Beyond it the light is red."),
        "side": gettext("below") if rule.is_below else gettext("above"),
        "usual": _usual(rule),
    }
    return [about, *(_typed(rule, name) for name in KNOBS)]


def _typed(rule: RuleView, name: str) -> Any:
    """A knob as it is typed: limits in the unit in which the light says them."""
    value = rule.knobs[name]
    return value if value is None or name not in IN_UNITS else limits.shown(value, rule.unit)


def _usual(rule: RuleView) -> str:
    return ", ".join(f"{name} {_said(rule, name)}" for name in KNOBS if rule.defaults[name] is not None)


def _said(rule: RuleView, name: str) -> str:
    value = rule.defaults[name]
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return number(value, rule.unit) if name in IN_UNITS else f"{value:,}"


def _found(here: Context, name: str) -> RuleView:
    known = {rule.name: rule for rule in limits.listed(here.actor, here.project_id)}
    if name not in known:
        raise NotFound(f"There is no rule {name!r}. Choose one from the list.")
    return known[name]
