"""The filters of the Samples page as somebody changes them: the list by them, or why it stays as it is."""

from typing import Any

import gradio as gr

from app.pages.samples import saved_views
from app.pages.samples.bulk_acts import forget
from app.pages.samples.drawing import listing, only_round, refused
from app.pages.samples.saved_views import without_view
from app.toasts import notice, toasts
from app.widgets import filter_line
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.sample_filters import NAMES, NOTHING, from_bar, num_folded
from backend.errors import InvalidInput, PermissionDenied
from backend.translations import N_, gettext
from backend.values import JSON

STILL = N_("The list is still by the filters before.")


@toasts
def narrow(request: gr.Request, asked_for: CurrentChoice, *values: Any) -> list[Any]:
    """Filter, search, sort: from the first page; what is refused is said at the list, too, which stays."""
    try:
        return narrowed_to(request, asked_for, from_bar(values))
    except (InvalidInput, PermissionDenied) as error:
        notice(error.message)
        return unchanged(f"{error.message} {gettext(STILL)}")


@toasts
def leave(request: gr.Request, asked_for: CurrentChoice, *values: Any) -> list[Any]:
    """Filter by what was typed and left without Enter, unless another choice is made meanwhile."""
    query, asked, tried = asked_for.value, from_bar(values), CurrentChoice()
    if not query.get("round") or asked == {name: query[name] for name in NAMES if query.get(name) not in NOTHING}:
        return unchanged()
    tried.put(query)
    try:
        drawn = narrowed_to(request, tried, asked)
    except (InvalidInput, PermissionDenied) as error:
        return asked_for.unless_over(query, unchanged(f"{error.message} {gettext(STILL)}"))
    drawn = asked_for.unless_over(query, drawn)
    if asked_for.value is query:
        asked_for.put(tried.value)
    return drawn


def unchanged(words: str | None = None) -> list[Any]:
    """Everything as it is, but for words where the count stands, and that what is in the bar can be cleared then."""
    rest = len(forget()) + len(saved_views.fields_of(None))
    drawn: list[Any] = [gr.skip()] * 2 if words is None else [refused(words), {"narrowed": True}]
    return [*[gr.skip()] * 3, drawn[0], *[gr.skip()] * 4, drawn[1], *[gr.skip()] * rest]


def narrowed_to(request: gr.Request, asked_for: CurrentChoice, asked: JSON) -> list[Any]:
    """The list of these filters, from its first page."""
    fields = saved_views.fields_of(None)
    if asked or not asked_for.value.get("view"):
        fields = [gr.skip()] * len(fields)
    query = only_round(asked_for.value) | asked if asked else without_view(only_round(asked_for.value))
    drawn = listing(context(request), asked_for, query)
    folded = filter_line.folded(num_folded(query))
    return [gr.Dropdown(value=query.get("view", 0)), folded, *drawn, *forget(), *fields]
