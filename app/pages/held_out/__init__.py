"""Held-out: what checkpoints answered to the held-out prompts, side by side, and what changed between two of them."""

from typing import Any

import gradio as gr

from app.pages.held_out import address, shown, templates
from app.toasts import notice, toasts
from app.widgets import asked, buttons, filter_line, list_detail
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.first import Fields, FirstPart, FirstRow, Listed, Toolbar
from app.widgets.form_fields import FormField, narrowed
from app.widgets.markup import markup
from backend.errors import InvalidInput, NotFound
from backend.services.held_out import answers, baseline, compared, listing
from backend.services.held_out.listing import HeldOutPage
from backend.services.held_out.measured import Measurement
from backend.translations import N_, gettext
from backend.values import JSON

TITLE, PATH, MENU = N_("Held-out"), "held-out", "more"
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""
BEFORE, AFTER = N_("Previous"), N_("Next")
SHOWS = [
    (N_("All prompts"), "all"),
    (N_("Newly wrong"), "newly_wrong"),
    (N_("Newly right"), "newly_right"),
    (N_("Never right"), "never_right"),
]


def build() -> None:
    """Lay out the page and wire it."""
    asked_for, kept = gr.State(CurrentChoice()), gr.JSON({}, visible="hidden")
    with filter_line.line():
        old = gr.Dropdown([], label=N_("From"), elem_id="held-out-old")
        new = gr.Dropdown([], label=N_("To"), elem_id="held-out-new")
        show = gr.Dropdown(SHOWS, value="all", label=N_("Show"), filterable=False, elem_id="held-out-show")
        search = gr.Textbox(label=N_("Search in prompts"), elem_id="held-out-search")
    with filter_line.more("held-out-more") as more:
        category = gr.Dropdown([(N_("All"), "")], value="", label=N_("Category"), elem_id="held-out-category")
        also = gr.Dropdown(
            [],
            multiselect=True,
            max_choices=listing.MOST_CHECKPOINTS - 2,
            label=N_("Beside them"),
            elem_id="held-out-also",
        )
    with list_detail.side_by_side():
        with list_detail.listed():
            with gr.Row(elem_classes="rondo-toolbar"):
                count = markup(templates.COUNT, value="", elem_id="held-out-count")
                before = buttons.secondary(BEFORE, interactive=False, elem_id="held-out-previous")
                after = buttons.secondary(AFTER, interactive=False, elem_id="held-out-next")
            table = markup(templates.LIST, templates.LIST_CSS, js=templates.LIST_JS, elem_id="held-out-list")
        with list_detail.detail():
            detail = markup(templates.DETAIL, templates.DETAIL_CSS, elem_id="held-out-detail")

    bar: list[FormField] = [old, new, also, show, category, search]
    listed = [table, count, before, after, detail, kept]
    gr.on(None, draw, asked_for, [*bar, more, *listed], **QUIET)
    gr.on(
        narrowed(bar),
        narrow,
        [asked_for, *bar],
        [category, more, *listed],
        **LAST,
    )
    before.click(to_previous, asked_for, listed, **QUIET)
    after.click(to_next, asked_for, listed, **QUIET)
    table.click(open_prompt, asked_for, [detail, kept], trigger_mode="multiple", **QUIET)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the list that the address asks for; nothing where a filter is folded away or wrong."""
    here = context(request)
    known = listing.checkpoints(here.actor, here.project_id)
    query = address.read(request, known, first_of(here, known, str(request.query_params.get("new", ""))))
    if query["missing"] or not known or num_folded(query):
        return []
    page = page_of(here, query)
    names = {id_: name for name, id_ in shown.choices(known)} | {None: gettext("no checkpoint")}
    shows = {value: gettext(name) for name, value in SHOWS}
    fields = [
        (gettext("From"), names[query["old"]]),
        (gettext("To"), names[query["new"]]),
        (gettext("Show"), shows[query["show"]]),
    ]
    count = FirstPart("held-out-count", templates.COUNT, "", shown.counted(page, query))
    table = FirstPart("held-out-list", templates.LIST, templates.LIST_CSS, shown.table(page, query))
    return [
        Fields(
            [*fields, (gettext("Search in prompts"), query["search"])], are_filters=True, folded=filter_line.label(0)
        ),
        Listed([Toolbar(count, (gettext(BEFORE), gettext(AFTER))), table]),
    ]


@toasts
def draw(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw everything as the address says."""
    here = context(request)
    known = listing.checkpoints(here.actor, here.project_id)
    query = address.read(request, known, first_of(here, known, str(request.query_params.get("new", ""))))
    choices = shown.choices(known)
    if query["missing"] or not known:
        asked_for.put({})
        message = {"message": query["missing"]} if query["missing"] else shown.no_answers()
        # The address stays: who mistyped it may want to mend it.
        listed = [message, "", *[gr.Button(interactive=False)] * 2, None, gr.skip()]
        bar = [
            gr.Dropdown(choices=[(gettext("no checkpoint"), 0), *choices], value=0),
            gr.Dropdown(choices=choices, value=None),
        ]
        return [*bar, gr.Dropdown(choices=choices, value=[]), *[gr.skip()] * 4, *listed]
    try:
        listed = drawn(here, asked_for, query, open_one=True)
    except InvalidInput as error:
        notice(error.message)
        query |= {"category": "", "search": "", "after": None, "before": None}
        listed = drawn(here, asked_for, query, open_one=True)
    return [
        gr.Dropdown(choices=[(gettext("no checkpoint"), 0), *choices], value=query["old"] or 0),
        gr.Dropdown(choices=choices, value=query["new"]),
        gr.Dropdown(choices=choices, value=query["also"]),
        query["show"],
        categories_of(here, query),
        query["search"],
        filter_line.opened(num_folded(query)),
        *listed,
    ]


@toasts
def narrow(request: gr.Request, asked_for: CurrentChoice, *values: Any) -> list[Any]:
    """Other checkpoints or filters: from the first page, with the same prompt open."""
    here, was = context(request), asked_for.value
    query = address.from_bar(values) | {"prompt": was.get("prompt"), "turn": was.get("turn", 0)}
    if not query["new"]:
        raise NotFound("Choose the checkpoint whose answers are looked at in the field To.")
    listed = drawn(here, asked_for, query, open_one=True)
    category = categories_of(here, query) if query["new"] != was.get("new") else gr.skip()
    return [category, filter_line.folded(num_folded(query)), *listed]


@toasts
def to_previous(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """One page back."""
    return turned(context(request), asked_for, {"after": None, "before": asked_for.value.get("previous")})


@toasts
def to_next(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """One page on."""
    return turned(context(request), asked_for, {"after": asked_for.value.get("next"), "before": None})


@toasts
def open_prompt(asked_for: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Show one prompt beside the list, and keep it in the address."""
    here = context(request)
    event_data = event._data if isinstance(event._data, dict) else {}
    wanted, turn = event_data.get("prompt"), event_data.get("turn", 0)
    if type(wanted) is not int or type(turn) is not int or not asked_for.value.get("new"):
        raise InvalidInput("No prompt of the list was chosen. Click one.")
    query = _take_turn(asked_for, {"prompt": wanted, "no_prompt": "", "turn": turn})
    if query is None:
        return [gr.skip(), gr.skip()]
    return asked_for.unless_over(query, [prompt_card(here, query), {"address": address.write(query)}])


def _take_turn(asked_for: CurrentChoice, opened: JSON) -> JSON | None:
    """Let this prompt be the open one, and return the query; None where a later one was opened already.

    Keys come faster than answers, each in a thread, and in no certain order: what the last one asked for stays.
    """
    while opened["turn"] >= (was := asked_for.value).get("turn", 0):
        if asked_for.replace(was, query := was | opened):
            return query
    return None


def num_folded(query: JSON) -> int:
    """How many of the filters behind "More filters" are set."""
    return bool(query.get("category")) + bool(query.get("also"))


def turned(here: Context, asked_for: CurrentChoice, place: JSON) -> list[Any]:
    if not asked_for.value.get("new"):
        raise NotFound("There is no other page. Choose a checkpoint first.")
    return drawn(here, asked_for, asked_for.value | place)


def first_of(here: Context, known: list[Measurement], new: str) -> int | None:
    """What a checkpoint is compared with unless the address says: the baseline, else the one it was trained from."""
    ids = [measurement.checkpoint_id for measurement in known]
    lead = asked.asked_for(new, "checkpoint", ids).id or next(iter(ids), None)
    base = baseline.get(here.actor, here.project_id)
    if base and base.checkpoint_id in ids and base.checkpoint_id != lead:
        return base.checkpoint_id
    before = compared.parent_of(here.actor, here.project_id, lead) if lead else None
    return before if before in ids else None


def categories_of(here: Context, query: JSON) -> gr.Dropdown:
    """The categories of the leading checkpoint's prompts."""
    categories = listing.categories(here.actor, here.project_id, int(query["new"]))
    return gr.Dropdown(choices=shown.category_choices(categories, query), value=query.get("category") or "")


def drawn(here: Context, asked_for: CurrentChoice, query: JSON, *, open_one: bool = False) -> list[Any]:
    """Table, count, the two buttons, the chosen prompt, address; the query stands from then on."""
    page = page_of(here, query)
    card = prompt_card(here, query) if open_one else gr.skip()
    asked_for.put(query | {"next": page.after, "previous": page.before})
    ends = [gr.Button(interactive=place is not None) for place in (page.before, page.after)]
    address_there = {"address": address.write(query)}
    return [shown.table(page, query), shown.counted(page, query), *ends, card, address_there]


def page_of(here: Context, query: JSON) -> HeldOutPage:
    """The page of the list that the query asks for."""
    return listing.page(
        here.actor,
        here.project_id,
        address.chosen(query),
        address.filters(query),
        after=query.get("after"),
        before=query.get("before"),
    )


def prompt_card(here: Context, query: JSON) -> JSON | None:
    """The chosen prompt, or that it is not here."""
    if query.get("no_prompt"):
        return {"missing": query["no_prompt"]}
    if not query.get("prompt"):
        return {"is_none": True}
    try:
        detail = answers.detail(here.actor, here.project_id, int(query["prompt"]), address.chosen(query))
    except NotFound as error:
        return {"missing": error.message}
    return shown.detail(detail)
