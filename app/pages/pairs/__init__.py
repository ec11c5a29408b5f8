"""Pair builder: sliders for how a judged round's samples are paired, with what they come to beside them."""

from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.pages.pairs import shown, templates
from app.pages.pairs.first_pairs import first_content as first_content
from app.pages.pairs.knobs import NO_CATEGORY, TIES, WORDS, asked_knobs, wanted, words
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.form_fields import FormField
from app.widgets.markup import markup
from app.widgets.roles import only
from app.widgets.round_choice import round_line
from app.widgets.slider import Slider
from backend.errors import Conflict, InvalidInput
from backend.services.pairs import choosing, openings, previews
from backend.services.pairs.openings import Way
from backend.services.pairs.previews import PairPreview
from backend.translations import N_, gettext
from backend.values import JSON, Role

TITLE, PATH, MENU = N_("Pairs"), "pairs", "more"
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
MOST_MARGIN, MOST_PENALTY, MOST_REVIEWERS, MOST_PAIRS = 10.0, 5.0, 5, 8
ALL = ""
KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  if (kept.address) address.search = kept.address;
  history.replaceState(history.state, "", address);
}"""


def build() -> None:
    """Lay out the page and wire it."""
    opened, kept = gr.State(CurrentChoice()), gr.JSON({}, visible="hidden")
    chosen = gr.Dropdown([], label=N_("Round"), elem_id="pairs-round")
    with only(Role.curator, N_("Building pairs")), gr.Row():
        with gr.Column(scale=2, min_width=280):
            margin = Slider(
                0,
                MOST_MARGIN,
                0,
                step=0.1,
                **words("min_margin"),
                elem_id="pairs-margin",
            )
            ties = gr.Radio(
                list(TIES),
                value="drop",
                **words("ties"),
                elem_id="pairs-ties",
            )
            penalty = Slider(
                0,
                MOST_PENALTY,
                0,
                step=0.05,
                **words("length_penalty"),
                elem_id="pairs-penalty",
            )
            reviewers = Slider(
                0,
                MOST_REVIEWERS,
                0,
                step=1,
                **words("min_reviewers"),
                elem_id="pairs-reviewers",
            )
            per_prompt = Slider(
                1,
                MOST_PAIRS,
                1,
                step=1,
                **words("pairs_per_prompt"),
                elem_id="pairs-per-prompt",
            )
            category = gr.Dropdown(
                [(NO_CATEGORY, ALL)],
                value=ALL,
                **words("category"),
                elem_id="pairs-category",
            )
            quota = gr.Number(
                0,
                precision=0,
                minimum=0,
                **words("max_per_category"),
                elem_id="pairs-quota",
            )
            with gr.Row(elem_classes="rondo-toolbar"):
                go = buttons.primary(N_("Make it the round's selector"), elem_id="pairs-choose")
        with gr.Column(scale=3, min_width=320):
            result = markup(templates.RESULT, templates.RESULT_CSS, elem_id="pairs-result")

    fields: list[FormField | gr.Slider | gr.Radio] = [margin, ties, penalty, reviewers, per_prompt, category, quota]
    gr.on(None, draw, opened, [chosen, *fields, go, result], **QUIET)
    chosen.input(open_round, [opened, chosen], [*fields, go, result, kept], **QUIET)
    gr.on([field.input for field in fields], follow, [opened, *fields], [go, result, kept], **LAST)
    go.click(choose, [opened, *fields], result, trigger_mode="once", **PRIVATE)
    kept.change(None, [kept], None, js=KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(opened: CurrentChoice, request: gr.Request) -> list[Any]:
    """Open the round that the address asks for, else the newest that may be judged; with the knobs in the address."""
    here = context(request)
    known, wish = wanted(here, request)
    field = gr.Dropdown(choices=[(round_line(round_), round_.id) for round_ in known], value=wish.id)
    if wish.id is None:
        message = wish.missing or gettext("No round of this project is judged yet. Launch one: its scores come here.")
        return [field, *_not_opened(message)]
    return [field, *_opened(here, opened, wish.id, asked_knobs(request))]


@toasts
def open_round(opened: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    """Load another round's samples."""
    if round_id is None:
        raise InvalidInput("Choose a round from the list.")
    return [*_opened(context(request), opened, int(round_id), {}), {"address": urlencode({"round": int(round_id)})}]


@toasts
def follow(request: gr.Request, opened: CurrentChoice, *values: Any) -> list[Any]:
    """Show what the knobs come to, and keep them in the address; nothing where another round was opened meanwhile."""
    was = opened.value
    knobs = _knobs(was, *values)
    pair_preview, result = _come_to(context(request), was, knobs)
    address = urlencode({"round": _round(was)} | {name: knobs[name] for name in WORDS})
    if not opened.replace(was, was | {"token": pair_preview.token}):
        return [gr.skip()] * 3
    return [_button(was["way"], pair_preview), result, {"address": address}]


@toasts
def choose(request: gr.Request, opened: CurrentChoice, *values: Any) -> JSON:
    """Make the knobs the round's selector."""
    here, was = context(request), opened.value
    knobs = _knobs(was, *values)
    chosen = choosing.choose(here.actor, _round(was), knobs)
    notice(shown.chosen(chosen))
    return _come_to(here, was, knobs)[1]


def _come_to(here: Context, opened: JSON, knobs: JSON) -> tuple[PairPreview, JSON]:
    """What the knobs come to on the open round, and as it is shown."""
    pair_preview = previews.preview(here.actor, _round(opened), knobs, token=str(opened.get("token", "")))
    return pair_preview, shown.result(pair_preview, knobs, opened["way"], opened["number"])


def _opened(here: Context, opened: CurrentChoice, round_id: int, asked_for: JSON) -> list[Any]:
    """The fields with the knobs of the round's selector, those that are asked for in their place, and what they come
    to; or why the round has no pairs. Where such knobs are refused, it is said, and the round's own stand."""
    try:
        opening = openings.open_round(here.actor, round_id)
    except (Conflict, InvalidInput) as error:
        opened.put({})
        return _not_opened(error.message)
    own = opening.knobs.model_dump(mode="json")
    try:
        selector = previews.parse(own | asked_for)
    except InvalidInput as error:
        notice(error.message)
        selector = opening.knobs
    rest = {name: own[name] for name in own if name not in WORDS}
    kept = {"round": round_id, "number": opening.number, "token": opening.token, "rest": rest, "way": opening.way}
    opened.put(kept)
    knobs = selector.model_dump(mode="json")
    pair_preview = previews.of_opening(opening, selector)
    # A round's selector may name a note that has too many values to be offered: without it no knob could be moved.
    notes = dict.fromkeys([*opening.notes, *([selector.category] if selector.category else [])])
    return [
        gr.Slider(value=selector.min_margin, maximum=max(opening.candidates.span or MOST_MARGIN, selector.min_margin)),
        selector.ties,
        gr.Slider(value=selector.length_penalty, maximum=max(MOST_PENALTY, selector.length_penalty)),
        gr.Slider(value=selector.min_reviewers, maximum=max(MOST_REVIEWERS, selector.min_reviewers)),
        gr.Slider(value=selector.pairs_per_prompt, maximum=max(MOST_PAIRS, selector.pairs_per_prompt)),
        gr.Dropdown(choices=[(gettext(NO_CATEGORY), ALL), *[(note, note) for note in notes]], value=selector.category),
        selector.max_per_category,
        _button(opening.way, pair_preview),
        shown.result(pair_preview, knobs, opening.way, opening.number),
    ]


def _not_opened(message: str) -> list[Any]:
    """The fields as they are, nothing to choose, and why there are no pairs."""
    return [*[gr.skip()] * 7, gr.Button(interactive=False), {"message": message}]


def _button(way: Way, pair_preview: PairPreview) -> gr.Button:
    """What makes the knobs the selector: without pairs only where people may still decide on the samples, and not where
    the round's trainer reads none."""
    may_choose = bool(pair_preview.rows) or way is Way.after_review
    return gr.Button(gettext(shown.BUTTONS[way]), interactive=may_choose, visible=not pair_preview.unfit)


def _round(opened: JSON) -> int:
    round_id = opened.get("round")
    if type(round_id) is not int:
        raise InvalidInput("No round is open. Choose one from the list.")
    return round_id


def _knobs(
    opened: JSON,
    margin: float | None,
    ties: str | None,
    penalty: float | None,
    reviewers: float | None,
    per_prompt: float | None,
    category: str | None,
    quota: float | None,
) -> JSON:
    """The selector's knobs of the fields, with those of the open round that no field is for; without a category there
    is no quota."""
    return opened.get("rest", {}) | {
        "min_margin": margin or 0.0,
        "ties": ties or "drop",
        "length_penalty": penalty or 0.0,
        "min_reviewers": int(reviewers or 0),
        "pairs_per_prompt": int(per_prompt or 1),
        "category": category or ALL,
        "max_per_category": int(quota or 0) if category else 0,
    }
