"""The order of a list of samples: what the two fields ask for, and what it is called."""

from dataclasses import replace

from app.widgets.sample_choices import SORTS
from backend.errors import InvalidInput
from backend.services.samples import Sort
from backend.translations import gettext, in_sentence
from backend.values import JSON


def read_sort(query: JSON) -> Sort:
    """The order of the two fields; a second key that could not follow the first is left out."""
    asked = query.get("sort", "+id")
    try:
        return Sort.read(asked + query.get("then", ""))
    except InvalidInput:
        return Sort.read(asked)


def sort_name(sort: Sort) -> str:
    """How the order is called."""
    names = {value: in_sentence(gettext(label)) for label, value in SORTS}
    first = names.get(str(replace(sort, then=None)), gettext("by prompt"))
    second = names.get(str(Sort(sort.then, descending=sort.then_descending)), "") if sort.then else ""
    return gettext("{first}, then {second}").format(first=first, second=second) if second else first
