"""Recipes: what can be launched, what each is made of and needs, how it came out here, and what its paper says."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.pages.new_round.drafts import about_of
from app.pages.prompts.importing import table
from app.pages.recipes import templates
from app.toasts import toasts
from app.widgets import filter_line, list_detail
from app.widgets.context import context
from app.widgets.formats import percent
from app.widgets.markup import markup
from app.widgets.roles import only
from app.widgets.times import moment
from backend.errors import InvalidInput, NotFound
from backend.services import recipe_list
from backend.services.recipe_list import Filters, ListedRecipe, Need, Training
from backend.services.recipe_list.recipe_matrix import LastRound
from backend.values import Role, RoundStatus

TITLE, PATH, MENU = "Recipes", "recipes", "more"
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""
COLUMNS = ["Recipe", "Title", "Paper", "Steps", "Roles to bind", "Needs", "Last round"]
WIDTHS = [15, 20, 11, 25, 9, 10, 10]
ANY_PART = ("Any", "")
BADGES = {
    RoundStatus.running: "accent",
    RoundStatus.review: "accent",
    RoundStatus.done: "ok",
    RoundStatus.failed: "bad",
}
NONE_FITS = "No recipe fits. Take a filter out, or search for something else."
NAMES = ("q", "part", "training", "needs")
"""The filters in the address, in the order of their fields."""


def build() -> None:
    """Lay out the page and wire it."""
    seen, kept = gr.State({}), gr.JSON({}, visible="hidden")
    with filter_line.line():
        text = gr.Textbox(
            label="Search", placeholder="words of name, title, authors or parts", max_lines=1, elem_id="recipes-search"
        )
        part = gr.Dropdown([ANY_PART], value="", label="Part", elem_id="recipes-part")
        training, needs = (
            gr.Dropdown(
                [str(one) for one in kind], value=[], multiselect=True, label=label, filterable=False, elem_id=elem_id
            )
            for kind, label, elem_id in (
                (Training, "Training", "recipes-training"),
                (Need, "Needs", "recipes-needs"),
            )
        )
    with list_detail.side_by_side():
        with list_detail.listed():
            count = markup(templates.COUNT, templates.COUNT_CSS, elem_id="recipes-count")
            listed = table(COLUMNS, "All recipes", "recipes-table", widths=WIDTHS)
        with list_detail.detail():
            with only(Role.curator, "Launching a round"):
                launch = markup(templates.LAUNCH, templates.LAUNCH_CSS, elem_id="recipe-launch")
            card = markup(templates.RECIPE, templates.RECIPE_CSS, elem_id="recipe-card")
    fields, chosen = [text, part, training, needs], [card, launch, seen, kept]
    gr.on(None, draw, None, [*fields, listed, count, *chosen], **QUIET)
    narrowed = [text.submit, part.input, training.input, needs.input]
    gr.on(narrowed, narrow, [seen, *fields], [listed, count, seen, kept], **LAST)
    opened = listed.select(choose, [seen], chosen, **QUIET)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything; the address says what was searched, filtered by and chosen."""
    here = context(request)
    found = recipe_list.list_recipes(here.actor, here.project_id)
    known = [f"{kind} {name}" for kind, name in recipe_list.used_parts(found)]
    asked = {name: str(request.query_params.get(name, "")) for name in (*NAMES, "recipe")}
    part = asked["part"] if asked["part"] in known else ""
    training = [one for one in asked["training"].split(",") if one in list(Training)]
    needs = [one for one in asked["needs"].split(",") if one in list(Need)]
    held = _held(asked["recipe"], asked["q"], part, training, needs)
    parts = [ANY_PART, *((f"{one} · {name}", f"{one} {name}") for one, name in recipe_list.used_parts(found))]
    return [
        asked["q"],
        gr.Dropdown(parts, value=part),
        training,
        needs,
        *_listed(found, asked["q"], part, training, needs),
        *_card(found, asked["recipe"]),
        held,
        held,
    ]


@toasts
def narrow(
    seen: dict[str, Any],
    text: str | None,
    part: str | None,
    training: list[str] | None,
    needs: list[str] | None,
    request: gr.Request,
) -> list[Any]:
    """List what the filters let through."""
    here = context(request)
    found = recipe_list.list_recipes(here.actor, here.project_id)
    given = (text or "", part or "", training or [], needs or [])
    held = _held(str(seen.get("recipe", "")), *given)
    return [*_listed(found, *given), held, held]


@toasts
def choose(seen: dict[str, Any], event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Show a recipe beside the list."""
    here = context(request)
    try:
        name = str(event.row_value[0])
    except (TypeError, LookupError) as error:
        raise InvalidInput("No row of the table was chosen. Click one.") from error
    held = seen | {"recipe": name}
    return [*_card(recipe_list.list_recipes(here.actor, here.project_id), name), held, held]


def _held(recipe: str, text: str, part: str, training: Sequence[str], needs: Sequence[str]) -> dict[str, str]:
    """What the address keeps."""
    return {"recipe": recipe, "q": text, "part": part, "training": ",".join(training), "needs": ",".join(needs)}


def _listed(
    found: Sequence[ListedRecipe], text: str, part: str, training: Sequence[str], needs: Sequence[str]
) -> list[Any]:
    fitting = recipe_list.matching(found, Filters(text, part, tuple(training), tuple(needs)))
    said = {"said": f"{len(fitting):,} of {len(found):,} recipes", "none": "" if fitting else NONE_FITS}
    return [[row(one) for one in fitting], said]


def _card(found: Sequence[ListedRecipe], name: str) -> list[Any]:
    """What is shown of a recipe, and the link that launches it."""
    if not name:
        return [{"is_empty": True}, None]
    try:
        one = recipe_list.chosen(found, name)
    except NotFound as error:
        return [{"missing": error.message}, None]
    return [card_value(one), {"link": f"new-round?{urlencode({'recipe': one.name})}"} if one.made else None]


def row(one: ListedRecipe) -> list[str]:
    """One recipe as the table shows it."""
    made = one.made
    steps = " | ".join(", ".join(names) for names in made.steps) if made else "no longer works"
    return [
        one.name,
        one.title,
        one.paper or ("this project's own" if one.is_own else "–"),
        steps,
        ", ".join(made.roles) if made else "",
        ", ".join(map(str, made.needs)) if made else "",
        last(one.last),
    ]


def last(found: LastRound | None) -> str:
    """`round 3: done, 62.5%`"""
    if found is None:
        return "–"
    reached = "" if found.accuracy is None else f", {percent(found.accuracy)}"
    return f"round {found.number}: {status(found)}{reached}"


def status(found: LastRound) -> str:
    return "waits for review" if found.status is RoundStatus.review else str(found.status)


def card_value(one: ListedRecipe) -> dict[str, Any]:
    """What the card shows; texts only."""
    made, entry, checks = one.made, one.entry, one.checks
    facts = [("Trains", ", ".join(map(str, made.training)) or "nothing")] if made else []
    facts += [("Roles to bind", ", ".join(made.roles))] if made and made.roles else []
    facts += [("Needs", ", ".join(map(str, made.needs)) or "nothing beside prompts")] if made else []
    facts += [] if checks is None else [("Checked in", ", ".join(checks) or "no test")]
    return {
        "title": one.title,
        "name": one.name,
        "about": about_of({"title": one.title, "paper": one.paper}),
        "reference": entry.reference if entry else "",
        "is_own": one.is_own,
        "problem": "" if made else "This recipe no longer works: a part that it names is not there, or has changed.",
        "phases": _phases(made.phases) if made else [],
        "facts": [{"name": name, "value": value} for name, value in facts],
        "last": _last(one.last),
        "sections": [
            {"title": section.title, "blocks": [{"text": b.text, "items": list(b.items)} for b in section.blocks]}
            for section in (entry.sections if entry else ())
        ],
    }


def _phases(phases: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    several = len(phases) > 1
    return [
        {"title": f"Phase {number}" if several else "Steps", "lines": list(lines)}
        for number, lines in enumerate(phases, start=1)
    ]


def _last(found: LastRound | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "round": f"Round {found.number}",
        "link": f"samples?round={found.round_id}",
        "status": status(found),
        "badge": BADGES.get(found.status, ""),
        "reached": "" if found.accuracy is None else f"{percent(found.accuracy)} of held-out prompts right",
        "started": moment(found.started_at),
        "error": found.error or "",
    }
