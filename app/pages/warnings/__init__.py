"""Warnings: the lights of a round, the rows that each speaks of, and the limits that a project sets."""

from typing import Any

import gradio as gr

from app.pages.warnings import limits_form, templates
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail
from app.widgets.asked import AddressId, asked
from app.widgets.context import Context, context
from app.widgets.first import Fields, FirstPart, FirstRow, Listed
from app.widgets.markup import markup
from app.widgets.roles import needs, only
from app.widgets.round_choice import round_line
from app.widgets.value_words import word
from app.widgets.warning_said import beside_light, light, lights
from backend.errors import NotFound
from backend.services import round_report, rounds, warnings
from backend.services.rounds import RoundView
from backend.services.warnings import RowsNamed, known_imports
from backend.translations import N_, gettext
from backend.values import JSON, Role, RoundStatus

TITLE, PATH = N_("Warnings"), "warnings"
MENU = "more"
"""Each round's lights lead here."""
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}


def build() -> None:
    """Lay out the page and wire it."""
    kept, open_id = gr.JSON({}, visible="hidden"), gr.State(None)
    chosen = gr.Dropdown([], label=N_("Round"), filterable=False, elem_id="warnings-round")
    with list_detail.side_by_side():
        with list_detail.listed():
            listed = markup(templates.LIGHTS, templates.CSS, elem_id="warnings-lights")
        with list_detail.detail():
            detail = markup(templates.DETAIL, templates.CSS, elem_id="warning-detail")
            with gr.Column(visible=False, elem_classes=needs(Role.curator)) as known:
                reason = gr.Textbox(
                    label=N_("Why these imports are deliberate"), max_length=500, elem_id="known-reason"
                )
                make = buttons.secondary(N_("Make these imports known"), elem_id="make-known")
    with gr.Accordion(N_("Limits of this project"), open=False, elem_id="warning-limits"):
        with only(Role.curator, N_("Setting limits")):
            limits_form.build(QUIET)

    gr.on(None, draw, None, [chosen, listed, detail, known, open_id, kept], **QUIET)
    chosen.input(choose, chosen, [listed, detail, known, open_id, kept], **QUIET | {"trigger_mode": "always_last"})
    private = {name: value for name, value in QUIET.items() if name != "show_progress"}
    make.click(make_known, [open_id, reason], [listed, detail, known], **private)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the lights of the round in the address."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    round_id = chosen_of(request, known).id
    names = [name for name, id_ in choices(known) if id_ == round_id]
    if round_id is None:
        return []
    lights_ = FirstPart("warnings-lights", templates.LIGHTS, templates.CSS, shown(here, round_id))
    return [Fields([(gettext("Round"), names[0])]), Listed([lights_])]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """The rounds to choose from, the lights of the one in the address, and the rows of the one light in it."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    wish = chosen_of(request, known)
    round_id = wish.id
    dropdown = gr.Dropdown(choices(known), value=round_id, visible=bool(known))
    if round_id is None:
        nothing = {"missing": wish.missing, "is_in_trash": wish.is_in_trash} if wish.missing else {"is_empty": True}
        return [dropdown, nothing, None, gr.Column(visible=False), None, gr.skip()]
    name = str(request.query_params.get("warning", ""))
    light_now = opened(here, round_id, name)
    asks = gr.Column(visible=light_now is not None and bool(light_now.get("can_be_known")))
    return [dropdown, shown(here, round_id), light_now, asks, round_id, gr.skip()]


@toasts
def choose(round_id: int | None, request: gr.Request) -> list[Any]:
    """The lights of another round."""
    if not round_id:
        raise NotFound("There is no round yet. Launch one first.")
    hidden = gr.Column(visible=False)
    return [shown(context(request), round_id), {"is_none": True}, hidden, round_id, {"round": round_id}]


@toasts
def make_known(round_id: int | None, reason: str | None, request: gr.Request) -> list[Any]:
    """Keep why the imports that the open light speaks of are deliberate, and turn it off."""
    here = context(request)
    if not round_id:
        raise NotFound("No light is open. Open that of the imports first.")
    known_imports.acknowledge(here.actor, int(round_id), str(reason or ""))
    notice(gettext("These imports are known: they raise no light any more."))
    return [shown(here, round_id), opened(here, round_id, known_imports.RULE), gr.Column(visible=False)]


def chosen_of(request: gr.Request, known: list[RoundView]) -> AddressId:
    """The round that the address asks for; where it asks for none, the newest."""
    wish = asked(request, "round", "round", [round_.id for round_ in known])
    return wish if wish.id is not None or wish.missing else AddressId(_newest(known))


def choices(known: list[RoundView]) -> list[tuple[str, int]]:
    """The rounds to choose from, the newest first."""
    return [(round_line(round_), round_.id) for round_ in reversed(known)]


def shown(here: Context, round_id: int) -> JSON:
    """All lights of a round."""
    warned, beside = warnings.of_round(here.actor, round_id), round_report.raised(here.actor, round_id)
    light_values = lights(warned, round_id, beside)
    return {
        "id": round_id,
        "groups": light_values["known_groups"],
        "unknown": light_values["unknown"],
        "num_unknown": len(light_values["unknown"]),
        "counted": light_values["counted"],
        "beside": [beside_light(warning) for warning in beside],
        "is_lit": bool(warned),
        "is_over": not warned and rounds.get(here.actor, round_id).status is RoundStatus.done,
    }


def opened(here: Context, round_id: int, name: str) -> JSON | None:
    """One light with its rows; nothing where the address names none; why, where it names one that is not there."""
    if not name:
        return {"is_none": True}
    try:
        return detail(warnings.rows(here.actor, round_id, name), round_id)
    except NotFound as error:
        return {"missing": error.message}


def detail(rows_named: RowsNamed, round_id: int) -> JSON:
    """One light with its rows, as texts."""
    warning = rows_named.warning
    return light(warning, round_id) | {
        "can_be_known": warning.name == known_imports.RULE and warning.level in known_imports.RAISED,
        "samples": [
            {
                "id": sample.id,
                "href": f"samples?round={round_id}&sample={sample.id}",
                "score": "–" if sample.score is None else f"{sample.score:.3g}",
                "verdict": word(sample.verdict) or gettext("undecided"),
                "tokens": f"{sample.num_tokens:,}",
                "prompt": sample.prompt,
                "text": sample.text,
            }
            for sample in rows_named.samples
        ],
        "prompts": [
            {"href": f"prompts?set={prompt.prompt_set_id}", "set": prompt.prompt_set, "text": prompt.text}
            for prompt in rows_named.prompts
        ],
    }


def _newest(known: list[RoundView]) -> int | None:
    return known[-1].id if known else None
