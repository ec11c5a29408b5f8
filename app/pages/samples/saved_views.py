"""The part of the Samples page that keeps what is shown as a view: chosen above the list, shared, changed, deleted."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from app.pages.samples import templates
from app.pages.samples.drawing import address_of, columns_picker, listing, only_round, steps_of
from app.toasts import notice, toasts
from app.widgets import buttons, filter_line
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.round_pickers import NUM_PICKED, pickers
from app.widgets.sample_choices import FLAGS
from app.widgets.sample_filters import (
    NAMES,
    NO_COLUMNS,
    TESTS,
    TESTS_APART,
    SampleBar,
    num_folded,
    read_filters,
    to_address,
    to_bar,
    without_missing_step,
)
from app.widgets.sample_orders import read_sort
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Stale
from backend.services.samples import views
from backend.services.samples.views import ViewOfSamples, ViewQuery
from backend.translations import N_, gettext
from backend.values import JSON, Role

NO_VIEW = (N_("No view"), 0)
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}


@dataclass(frozen=True)
class ViewForm:
    """What names a view, shares it, and acts on it; `fields` are drawn for each chosen view."""

    name: gr.Textbox
    is_shared: gr.Checkbox
    save: gr.Button
    change: gr.Button
    delete: gr.Button
    status: gr.HTML

    @property
    def fields(self) -> list[Any]:
        return [self.name, self.is_shared, self.change, self.delete, self.status]


def build() -> ViewForm:
    """Lay the part out."""
    with gr.Accordion(N_("Keep these filters as a view"), open=False, elem_id="samples-views"):
        with gr.Row(equal_height=True):
            name = gr.Textbox(
                label=N_("Name of the view"),
                max_length=120,
                info=N_("It keeps the filters, the order and the columns, for every round of the project."),
                scale=3,
                elem_id="samples-view-name",
            )
            is_shared = gr.Checkbox(
                label=N_("Shared with the project"), elem_id="samples-view-shared", elem_classes=needs(Role.curator)
            )
        with gr.Row(elem_classes="rondo-toolbar"):
            save = buttons.secondary(N_("Save as a new view"), elem_id="samples-view-save")
            change = buttons.secondary(N_("Save changes"), interactive=False, elem_id="samples-view-change")
            delete = buttons.stop(N_("Delete this view"), interactive=False, elem_id="samples-view-delete")
            note = markup(templates.COUNT, value="", elem_id="samples-view-said")
    return ViewForm(name, is_shared, save, change, delete, note)


def wire(saving: ViewForm, asked_for: gr.State, bar: SampleBar, listed: list[Any], previewed: list[Any]) -> None:
    """`listed`: what `listing` draws, the address last. `previewed`: what a choice of other filters forgets."""
    shown = [bar.view, *bar.fields, bar.more, bar.columns, *listed, *previewed, *saving.fields]
    bar.view.input(choose_view, [asked_for, bar.view], shown, **QUIET)
    written, kept = [saving.name, saving.is_shared], [bar.view, listed[-1], *saving.fields]
    saving.save.click(save_view, [asked_for, *written], kept, **PRIVATE)
    saving.change.click(change_view, [asked_for, *written], kept, **PRIVATE)
    saving.delete.click(delete_view, [asked_for], kept, **PRIVATE)


@toasts
def choose_view(asked_for: CurrentChoice, view_id: int, request: gr.Request) -> list[Any]:
    """Show what the view asks for, of the same round; no view: everything again."""
    here, untold = context(request), ""
    view: ViewOfSamples | None = None
    query = {name: value for name, value in only_round(asked_for.value).items() if name in ("round", "no_round")}
    if view_id:
        query, view, untold = resolved(here, query | {"view": view_id})
    steps = steps_of(here, query)
    query, message = without_missing_step(steps, query)
    try:
        drawn = listing(here, asked_for, query)
    except PermissionDenied as error:
        message, view = error.message, None
        query = {name: value for name, value in query.items() if name in ("round", "no_round", "columns")}
        drawn = listing(here, asked_for, query)
    for words in filter(None, (untold, message)):
        notice(words)
    bar = [picker(here, query), *to_bar(query)[:-NUM_PICKED], *pickers(here, steps, query)]
    fields = [*bar, filter_line.opened(num_folded(query))]
    return [*fields, columns_picker(here, query), *drawn, "", gr.Button(interactive=False), "", *fields_of(view)]


@toasts
def save_view(asked_for: CurrentChoice, name: str, is_shared: bool, request: gr.Request) -> list[Any]:
    """Keep what is shown under a name: as one's own, where one may share nothing."""
    here = context(request)
    # The box says of a view of somebody else that it is shared, also to those who do not see the box.
    how = {"is_shared": bool(is_shared), "or_alone": True}
    view = views.save(here.actor, here.project_id, name or "", asked_of(asked_for.value), **how)
    return kept_as(here, asked_for, view, gettext("{name} is kept.").format(name=view.name))


@toasts
def change_view(asked_for: CurrentChoice, name: str, is_shared: bool, request: gr.Request) -> list[Any]:
    """Keep what is shown, and the name, in the chosen view."""
    return change_chosen(context(request), asked_for, name, is_shared=is_shared)


def change_chosen(here: Context, asked_for: CurrentChoice, name: str, *, is_shared: bool) -> list[Any]:
    """The same; what somebody else changed meanwhile is refused once, beside the buttons, with who and what it was."""
    query = asked_for.value
    view = view_of(here, chosen_of(query))
    changed: dict[str, Any] = {"name": name or "", "asked": asked_of(query), "is_shared": bool(is_shared)}
    try:
        view = views.change(here.actor, view.id, **changed, version=query.get("view_version"))
    except Stale as error:
        asked_for.put(query | {"view_version": error.version})
        message = changed_meanwhile(here, views.get(here.actor, view.id), str(query.get("view_name", "")), changed)
        return [*[gr.skip()] * 6, {"refused": message}]
    return kept_as(here, asked_for, view, gettext("{name} is changed.").format(name=view.name))


def changed_meanwhile(here: Context, now: ViewOfSamples, name: str, given: dict[str, Any]) -> str:
    """Who changed a view since it was chosen under this name, and what of it differs from what is given."""
    name, person = name or now.name, views.changed_by(here.actor, now.id)
    words = [
        gettext("{name} was changed by {person} since you chose it.").format(name=name, person=person)
        if person
        else gettext("{name} was changed since you chose it.").format(name=name)
    ]
    if now.name != given["name"]:
        words.append(gettext("Its name is {name} now.").format(name=now.name))
    if now.is_shared != given["is_shared"]:
        words.append(gettext("It is shared now.") if now.is_shared else gettext("It is not shared any more."))
    if now.asked != given["asked"]:
        words.append(gettext("It shows something else now."))
    way_on = gettext("Save changes once more puts yours in its place; choosing the view anew shows what it is now.")
    return " ".join([*words, way_on])


@toasts
def delete_view(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Delete the chosen view; what is shown stays."""
    here = context(request)
    view = view_of(here, chosen_of(asked_for.value))
    views.delete(here.actor, view.id)
    return kept_as(here, asked_for, None, gettext("{name} is deleted.").format(name=view.name))


def kept_as(here: Context, asked_for: CurrentChoice, view: ViewOfSamples | None, note: str) -> list[Any]:
    """The views, the address, and the fields, now that what is shown is this view, or none."""
    query = without_view(asked_for.value) | (chosen(view) if view else {})
    asked_for.put(query)
    fields = fields_of(view)
    return [picker(here, query), {"address": to_address(address_of(query))}, *fields[:-1], note]


def chosen_of(query: JSON) -> int:
    if not query.get("view"):
        raise InvalidInput("No view is chosen. Choose one above the list, or save a new one.")
    return int(query["view"])


def view_of(here: Context, view_id: int) -> ViewOfSamples:
    """The view, if this project has it and the person may see it."""
    view = views.get(here.actor, view_id)
    if view.project_id != here.project_id:
        raise NotFound(f"There is no view {view_id} in this project. Choose one from the list.")
    return view


def fields_of(view: ViewOfSamples | None) -> list[Any]:
    """The name, whether it is shared, the two acts on it, and nothing said."""
    acts = [gr.Button(interactive=view is not None) for _ in range(2)]
    return [view.name if view else "", bool(view and view.is_shared), *acts, ""]


def picker(here: Context, query: JSON) -> gr.Dropdown:
    """The views; hidden where there are none."""
    known = views.list_views(here.actor, here.project_id)
    shared = gettext("shared")
    names = [(view.name if view.is_own else f"{view.name} ({view.created_by or shared})", view.id) for view in known]
    return gr.Dropdown(
        choices=[(gettext(NO_VIEW[0]), NO_VIEW[1]), *names], value=query.get("view", 0), visible=bool(names)
    )


def resolved(here: Context, query: JSON) -> tuple[JSON, ViewOfSamples | None, str]:
    """The query of an address with what its view asks for, the view, and what to say where it cannot be shown.

    An address with filters of its own shows these: they were changed since the view was chosen, in the version that it
    names.
    """
    if "view" not in query:
        return query, None, ""
    try:
        view = view_of(here, query["view"])
        asked = query_of(view)
    except NotFound:
        gone = gettext("There is no view {number} here. It was deleted, or is somebody's own.")
        return without_view(query), None, gone.format(number=query["view"])
    except InvalidInput as error:
        return without_view(query), None, error.message
    except Conflict as error:
        # It is still chosen, to be deleted.
        return query | named(view), view, error.message
    if any(name in query for name in (*NAMES, "columns")):
        return named(view) | query, view, ""
    return query | asked | chosen(view), view, ""


def named(view: ViewOfSamples) -> JSON:
    """What of a query says which view is chosen, in which version."""
    return {"view_name": view.name, "view_version": view.version}


def chosen(view: ViewOfSamples) -> JSON:
    """What of a query says that it is this view, unchanged."""
    return {"view": view.id, "as_saved": True} | named(view)


def without_view(query: JSON) -> JSON:
    left = ("view", "view_name", "view_version", "as_saved")
    return {name: value for name, value in query.items() if name not in left}


def query_of(view: ViewOfSamples) -> JSON:
    """What the page's fields hold for the view; raises `InvalidInput` for what they have no place for."""
    filters = view.readable().filters.changed()
    steps, flags = filters.pop("step", ()), [name for name in FLAGS if filters.pop(name, None)]
    if len(steps) > 1 or any(getattr(view.asked.filters, name) is False for name in FLAGS):
        raise InvalidInput(f"This page has no fields for all that {view.name} asks for. Read it by REST.")
    query = {name: list(value) if isinstance(value, tuple) else value for name, value in filters.items()}
    query |= {name: f"{TESTS_APART} ".join(query[name]) for name in TESTS if name in query}
    query |= {name: ", ".join(query[name]) for name in ("tag",) if name in query}
    query |= ({"step": str(steps[0])} if steps else {}) | ({"only": flags} if flags else {})
    sort = view.asked.sort
    order, then = str(replace(sort, then=None)), ("-" if sort.then_descending else "+") + (sort.then or "")
    query |= ({} if order == "+id" else {"sort": order}) | ({"then": then} if sort.then else {})
    columns = view.asked.columns
    return query if columns is None else query | {"columns": list(columns) or [NO_COLUMNS]}


def asked_of(query: JSON) -> ViewQuery:
    """What is shown, as a view keeps it."""
    columns = query.get("columns")
    kept = None if columns is None else () if columns == [NO_COLUMNS] else tuple(columns)
    return ViewQuery(read_filters(query), read_sort(query), kept)
