"""What the page shows as its address says it: checkpoints, filters, the place in the list, the open prompt."""

import json
from collections.abc import Container, Sequence
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.widgets.asked import NUMBER, AddressId, asked, trashed
from app.widgets.context import context
from backend.errors import InvalidInput
from backend.services import round_trash
from backend.services.held_out.filtering import HeldOutFilters, ShownPrompts
from backend.services.held_out.listing import MOST_CHECKPOINTS
from backend.services.held_out.measured import Measurement
from backend.translations import N_, gettext
from backend.values import JSON

WHAT = N_("checkpoint with held-out answers")
NONE = "none"
"""Stands in the address where no checkpoint is to be compared with; nothing there means the usual one."""
NAMES = ("old", "new", "also", "show", "category", "search", "after", "before", "prompt")


def read(request: gr.Request, known: Sequence[Measurement], first: int | None) -> JSON:
    """The query of the address; `missing` says what it asks for that is not there.

    `first`: the checkpoint to compare with where the address names none.
    """
    ids = [measurement.checkpoint_id for measurement in known]
    has_none = request.query_params.get("old") == NONE
    old, new = AddressId() if has_none else _asked(request, "old", ids), _asked(request, "new", ids)
    prompt = asked(request, "prompt", "prompt")
    query: JSON = {name: str(request.query_params.get(name, "")) for name in ("category", "search")}
    show = str(request.query_params.get("show", ""))
    query["show"] = show if show in [*ShownPrompts] else str(ShownPrompts.all)
    also = str(request.query_params.get("also", "")).split(",")
    query["also"] = [int(part) for part in also if NUMBER.fullmatch(part) and int(part) in ids][: MOST_CHECKPOINTS - 2]
    for name in ("after", "before"):
        place = str(request.query_params.get(name, ""))
        query[name] = int(place) if NUMBER.fullmatch(place) else None
    query["prompt"], query["no_prompt"] = prompt.id, prompt.missing
    query["missing"] = new.missing or old.missing
    query["new"] = new.id or next(iter(ids), None)
    first = None if has_none or first == query["new"] else first
    query["old"] = old.id if old != AddressId() else first
    return query


def _asked(request: gr.Request, name: str, known: Container[int]) -> AddressId:
    """The checkpoint; where only a round in the trash has measured it, that is said."""
    wish, text = asked(request, name, WHAT, known), str(request.query_params.get(name, "")).strip()
    if not wish.missing or not NUMBER.fullmatch(text):
        return wish
    here = context(request)
    entry = round_trash.that_measured(here.actor, here.project_id, int(text))
    if entry is None:
        return wish
    in_trash = gettext("The held-out answers of checkpoint {number} are in the trash.")
    return AddressId(missing=f"{in_trash.format(number=text)} {trashed(entry).missing}")


def from_bar(values: Sequence[Any]) -> JSON:
    """The query that the fields hold, in the order of the page; raises `InvalidInput` for what they cannot hold."""
    old, new, also, show, category, search = values
    ids = [old or None, new or None, *(also or [])] if isinstance(also, list | None) else [also]
    if any(id_ is not None and type(id_) is not int for id_ in ids) or show not in (None, *ShownPrompts):
        raise InvalidInput("What this page sent does not fit its fields. Reload the page.")
    return {
        "old": ids[0],
        "new": ids[1],
        "also": ids[2:],
        "show": str(show or ShownPrompts.all),
        "category": str(category or ""),
        "search": str(search or ""),
    }


def write(query: JSON) -> str:
    """The query as an address; what is empty is left out."""
    values = {name: query.get(name) for name in NAMES} | {
        "old": query.get("old") or NONE,
        "also": ",".join(map(str, query.get("also") or [])),
    }
    return urlencode({name: value for name, value in values.items() if value not in (None, "", str(ShownPrompts.all))})


def chosen(query: JSON) -> list[int]:
    """The checkpoints, the one to compare with first and the leading one last."""
    ids = [query.get("old"), *query.get("also", []), query.get("new")]
    return [*dict.fromkeys(int(id_) for id_ in ids if id_ and id_ != query.get("new")), int(query["new"])]


def filters(query: JSON) -> HeldOutFilters:
    """The filters; raises `InvalidInput` for a category that is none."""
    return HeldOutFilters(
        ShownPrompts(query.get("show") or "all"), category(query.get("category")), str(query.get("search") or "")
    )


def category(text: Any) -> tuple[str, Any] | None:
    """`["level", 2]` as the note and its value."""
    if not text:
        return None
    try:
        key, value = json.loads(str(text))
        if isinstance(key, str):
            return key, value
    except (ValueError, TypeError, RecursionError):
        pass
    raise InvalidInput("The address asks for a category that is none. Choose one from the list.")


def category_text(key: str, value: Any) -> str:
    """A note and its value as the address holds them."""
    return json.dumps([key, value], ensure_ascii=False)
