"""Recipes: what can be launched, what each is made of and needs, how it came out here, and what its paper says."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.pages.new_round.drafts import about_of
from app.pages.prompts.importing import table
from app.pages.recipes import templates
from app.toasts import toasts
from app.widgets import filter_line, list_detail
from app.widgets.context import context
from app.widgets.form_fields import FormField, narrowed
from app.widgets.formats import percent
from app.widgets.markup import markup
from app.widgets.roles import only
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.errors import InvalidInput, NotFound
from backend.services import recipe_list
from backend.services.recipe_list import ListedRecipe, Need, RecipeFilters, TrainingKind
from backend.services.recipe_list.recipe_matrix import LastRound
from backend.translations import N_, gettext
from backend.values import Role, RoundStatus

TITLE, PATH, MENU = N_("Recipes"), "recipes", "more"
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""
COLUMNS = [N_("Recipe"), N_("Title"), N_("Paper"), N_("Steps"), N_("Roles to bind"), N_("Needs"), N_("Last round")]
WIDTHS = [15, 20, 11, 25, 9, 10, 10]
ANY_PART = (N_("Any"), "")
BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "accent",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
}
NONE_FITS = N_("No recipe fits. Take a filter out, or search for something else.")
NAMES = ("q", "part", "training", "needs")
"""The filters in the address, in the order of their fields."""


def build() -> None:
    """Lay out the page and wire it."""
    page_state, kept = gr.State({}), gr.JSON({}, visible="hidden")
    with filter_line.line():
        text = gr.Textbox(
            label=N_("Search"),
            placeholder=N_("words of name, title, authors or parts"),
            max_lines=1,
            elem_id="recipes-search",
        )
        part = gr.Dropdown([ANY_PART], value="", label=N_("Part"), elem_id="recipes-part")
        training, needs = (
            gr.Dropdown(
                [str(value) for value in kind],
                value=[],
                multiselect=True,
                label=label,
                filterable=False,
                elem_id=elem_id,
            )
            for kind, label, elem_id in (
                (TrainingKind, N_("Training"), "recipes-training"),
                (Need, N_("Needs"), "recipes-needs"),
            )
        )
    with list_detail.side_by_side():
        with list_detail.listed():
            count = markup(templates.COUNT, templates.COUNT_CSS, elem_id="recipes-count")
            listed = table(COLUMNS, N_("All recipes"), "recipes-table", widths=WIDTHS)
        with list_detail.detail():
            with only(Role.curator, N_("Launching a round")):
                launch = markup(templates.LAUNCH, templates.LAUNCH_CSS, elem_id="recipe-launch")
            card = markup(templates.RECIPE, templates.RECIPE_CSS, elem_id="recipe-card")
    fields: list[FormField] = [text, part, training, needs]
    chosen = [card, launch, page_state, kept]
    gr.on(None, draw, None, [*fields, listed, count, *chosen], **QUIET)
    gr.on(narrowed(fields), narrow, [page_state, *fields], [listed, count, page_state, kept], **LAST)
    opened = listed.select(choose, [page_state], chosen, **QUIET)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything; the address says what was searched, filtered by and chosen."""
    here = context(request)
    listed = recipe_list.list_recipes(here.actor, here.project_id)
    known = [f"{kind} {name}" for kind, name in recipe_list.used_parts(listed)]
    asked = {name: str(request.query_params.get(name, "")) for name in (*NAMES, "recipe")}
    part = asked["part"] if asked["part"] in known else ""
    training = [part for part in asked["training"].split(",") if part in list(TrainingKind)]
    needs = [part for part in asked["needs"].split(",") if part in list(Need)]
    held = _held(asked["recipe"], asked["q"], part, training, needs)
    parts = [
        (gettext(ANY_PART[0]), ANY_PART[1]),
        *((f"{part_kind} · {name}", f"{part_kind} {name}") for part_kind, name in recipe_list.used_parts(listed)),
    ]
    return [
        asked["q"],
        gr.Dropdown(parts, value=part),
        training,
        needs,
        *_listed(listed, asked["q"], part, training, needs),
        *_card(listed, asked["recipe"]),
        held,
        held,
    ]


@toasts
def narrow(
    page_state: dict[str, Any],
    text: str | None,
    part: str | None,
    training: list[str] | None,
    needs: list[str] | None,
    request: gr.Request,
) -> list[Any]:
    """List what the filters let through."""
    here = context(request)
    listed = recipe_list.list_recipes(here.actor, here.project_id)
    given = (text or "", part or "", training or [], needs or [])
    held = _held(str(page_state.get("recipe", "")), *given)
    return [*_listed(listed, *given), held, held]


@toasts
def choose(page_state: dict[str, Any], event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Show a recipe beside the list."""
    here = context(request)
    try:
        name = str(event.row_value[0])
    except (TypeError, LookupError) as error:
        raise InvalidInput("No row of the table was chosen. Click one.") from error
    held = page_state | {"recipe": name}
    return [*_card(recipe_list.list_recipes(here.actor, here.project_id), name), held, held]


def _held(recipe: str, text: str, part: str, training: Sequence[str], needs: Sequence[str]) -> dict[str, str]:
    """What the address keeps."""
    return {"recipe": recipe, "q": text, "part": part, "training": ",".join(training), "needs": ",".join(needs)}


def _listed(
    listed_recipes: Sequence[ListedRecipe], text: str, part: str, training: Sequence[str], needs: Sequence[str]
) -> list[Any]:
    fitting = recipe_list.matching(listed_recipes, RecipeFilters(text, part, tuple(training), tuple(needs)))
    told = gettext("{number} of {whole} recipes")
    told = told.format(number=f"{len(fitting):,}", whole=f"{len(listed_recipes):,}")
    count = {"said": told, "none": "" if fitting else gettext(NONE_FITS)}
    return [[row(recipe) for recipe in fitting], count]


def _card(listed_recipes: Sequence[ListedRecipe], name: str) -> list[Any]:
    """What is shown of a recipe, and the link that launches it."""
    if not name:
        return [{"is_empty": True}, None]
    try:
        recipe = recipe_list.chosen(listed_recipes, name)
    except NotFound as error:
        return [{"missing": error.message}, None]
    return [card_value(recipe), {"link": f"new-round?{urlencode({'recipe': recipe.name})}"} if recipe.method else None]


def row(recipe: ListedRecipe) -> list[str]:
    """One recipe as the table shows it."""
    method = recipe.method
    steps = " | ".join(", ".join(names) for names in method.steps) if method else gettext("no longer works")
    return [
        recipe.name,
        recipe.title,
        recipe.paper or (gettext("this project's own") if recipe.is_own else "–"),
        steps,
        ", ".join(method.roles) if method else "",
        _words(method.needs) if method else "",
        last(recipe.last),
    ]


def last(round_: LastRound | None) -> str:
    """`round 3: done, 62.5%`"""
    if round_ is None:
        return "–"
    text = gettext("round {number}: {status}")
    if round_.accuracy is not None:
        text = gettext("round {number}: {status}, {share}")
    return text.format(number=round_.number, status=status(round_), share=percent(round_.accuracy))


def status(round_: LastRound) -> str:
    return gettext("waits for review") if round_.status is RoundStatus.review else word(round_.status)


def card_value(recipe: ListedRecipe) -> dict[str, Any]:
    """What the card shows; texts only."""
    method, entry, checks = recipe.method, recipe.entry, recipe.checks
    facts = [(gettext("Trains"), _words(method.training) or gettext("nothing"))] if method else []
    facts += [(gettext("Roles to bind"), ", ".join(method.roles))] if method and method.roles else []
    facts += [(gettext("Needs"), _words(method.needs) or gettext("nothing beside prompts"))] if method else []
    facts += [] if checks is None else [(gettext("Checked in"), ", ".join(checks) or gettext("no test"))]
    return {
        "title": recipe.title,
        "name": recipe.name,
        "about": about_of({"name": recipe.name, "title": recipe.title, "paper": recipe.paper}),
        "reference": entry.reference if entry else "",
        "is_own": recipe.is_own,
        "problem": ""
        if method
        else gettext("This recipe no longer works: a part that it names is not there, or has changed."),
        "phases": _phases(method.phases) if method else [],
        "facts": [{"name": name, "value": value} for name, value in facts],
        "last": _last(recipe.last),
        "sections": [
            {"title": section.title, "blocks": [{"text": b.text, "items": list(b.items)} for b in section.blocks]}
            for section in (entry.sections if entry else ())
        ],
    }


def _words(values: Sequence[StrEnum]) -> str:
    return ", ".join(word(value) for value in values)


def _phases(phases: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    several, phase = len(phases) > 1, gettext("Phase {number}")
    return [
        {"title": phase.format(number=number) if several else gettext("Steps"), "lines": list(lines)}
        for number, lines in enumerate(phases, start=1)
    ]


def _last(round_: LastRound | None) -> dict[str, Any] | None:
    if round_ is None:
        return None
    right = gettext("{share} of held-out prompts right")
    return {
        "round": gettext("Round {number}").format(number=round_.number),
        "link": f"samples?round={round_.round_id}",
        "status": status(round_),
        "badge": BADGES.get(round_.status, ""),
        "reached": "" if round_.accuracy is None else right.format(share=percent(round_.accuracy)),
        "started": moment(round_.started_at),
        "error": round_.error or "",
    }
