"""The filter bar of the Samples page, and the same filters in the page's address."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.widgets.form_fields import FormField
from app.widgets.number import Number
from backend.errors import InvalidInput
from backend.services.samples import Filters, Sort, SortKey
from backend.services.samples.text_steps import TextStep
from backend.values import JSON

VERDICTS = [("Accept", "accept"), ("Reject", "reject"), ("Undecided", "undecided")]
SOURCES = [("Person", "person"), ("Judge", "judge"), ("Nobody", "none")]
KINDS = [("Completion", "completion"), ("Edit", "edit"), ("Import", "other")]
ONLY = [
    ("Human disagrees", "is_overridden"), ("Unparsed", "is_unparsed"), ("Truncated", "is_truncated"),
    ("Flagged", "is_flagged"),
]  # fmt: skip
SORTS = [
    ("Number, oldest first", "+id"), ("Number, newest first", "-id"), ("Score, highest first", "-score"),
    ("Score, lowest first", "+score"), ("Length, longest first", "-length"), ("Length, shortest first", "+length"),
    ("Spread of votes, widest first", "-spread"), ("Spread of votes, narrowest first", "+spread"),
]  # fmt: skip
NUMBERS = ("min_score", "max_score", "min_tokens", "max_tokens")
CHOICES = ("verdict", "source", "kind", "only")
NAMES = ("text", "prompt", *CHOICES, *NUMBERS, "sort", "step")
"""What the bar holds, in the order of its components. `only` joins the yes-or-no filters; `step` counts from 0."""
NOTHING: tuple[Any, ...] = (None, "", [], "+id")
EVERY_STEP = ("All", "")


def filter_bar() -> list[FormField]:
    """The components in the order of `NAMES`."""
    with gr.Row(equal_height=True):
        text = gr.Textbox(
            label="Search in samples", placeholder='words, "as it stands", /regex/', elem_id="samples-search"
        )
        prompt = gr.Textbox(label="Search in prompts", elem_id="samples-prompt")
        sort = gr.Dropdown(SORTS, value="+id", label="Sort", filterable=False, elem_id="samples-sort")
        step = gr.Dropdown(
            [EVERY_STEP], value="", label="Step", filterable=False, visible=False, min_width=130, elem_id="samples-step"
        )
    with gr.Row(equal_height=True):
        made: list[FormField] = [
            gr.Dropdown(
                choices,
                value=[],
                multiselect=True,
                label=label,
                filterable=False,
                min_width=130,
                elem_id=f"samples-{name}",
            )
            for name, label, choices in (
                ("verdict", "Verdict", VERDICTS),
                ("source", "Label by", SOURCES),
                ("kind", "Kind", KINDS),
                ("only", "Only", ONLY),
            )
        ]
        made += [
            Number(value=None, label=label, min_width=80, precision=precision, elem_id=f"samples-{name}")
            for name, label, precision in (
                ("min_score", "Score from", None),
                ("max_score", "to", None),
                ("min_tokens", "Tokens from", 0),
                ("max_tokens", "to", 0),
            )
        ]
    return [text, prompt, *made, sort, step]


def step_picker(steps: Sequence[TextStep], query: JSON) -> gr.Dropdown:
    """The picker of a round's steps; hidden where all texts are one step's."""
    choices = [EVERY_STEP, *((str(one), str(one.step)) for one in steps)]
    return gr.Dropdown(choices=choices, value=query.get("step", ""), visible=len(steps) > 1)


def without_missing_step(steps: Sequence[TextStep], query: JSON) -> tuple[JSON, str]:
    """The query without a step that the round does not have, and that it has none."""
    asked = query.get("step")
    if not asked or asked in {str(one.step) for one in steps}:
        return query, ""
    left = {name: value for name, value in query.items() if name != "step"}
    said = f"The address asks for step {int(asked) + 1}, of which this round shows no texts. All others are shown."
    return left, said


def from_bar(values: tuple[Any, ...]) -> JSON:
    """What the bar holds, without what does not narrow."""
    held = dict(zip(NAMES, values, strict=True))
    return {name: value for name, value in held.items() if value not in NOTHING}


def to_bar(query: JSON) -> list[Any]:
    """Values for the components."""
    empty: JSON = {"text": "", "prompt": "", "sort": "+id", "step": ""} | {name: [] for name in CHOICES}
    return [query.get(name, empty.get(name)) for name in NAMES]


def from_address(parameters: Mapping[str, str]) -> JSON:
    """What an address asks for; whatever is no number or no such choice is left out."""
    known = {
        name: {value for _, value in choices}
        for name, choices in zip(CHOICES, (VERDICTS, SOURCES, KINDS, ONLY), strict=True)
    }
    query: JSON = {}
    for name in (*NAMES, "at"):
        value = str(parameters.get(name, ""))
        if not value:
            continue
        if name in CHOICES:
            query[name] = [one for one in value.split(",") if one in known[name]]
        elif name in NUMBERS:
            query |= _number(name, value)
        elif name == "step":
            query |= {name: str(int(value))} if value.isascii() and value.isdecimal() and len(value) < 5 else {}
        elif name != "sort" or value in {one for _, one in SORTS}:
            query[name] = value
    return {name: value for name, value in query.items() if value not in ("", [])}


def to_address(query: JSON) -> str:
    """The same as a query string."""
    return urlencode({name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()})


def read_filters(query: JSON) -> Filters:
    """The filters the service takes."""
    low, high = query.get("min_score"), query.get("max_score")
    if low is not None and high is not None and low > high:
        raise InvalidInput(f"Scores from {low:g} to {high:g} hold nothing. Give the lower one first.")
    chosen: dict[str, Any] = {name: query.get(name) for name in NUMBERS}
    chosen |= {name: tuple(query.get(name, [])) for name in ("verdict", "source", "kind")}
    chosen |= dict.fromkeys(query.get("only", []), True)
    return Filters(
        **chosen,
        step=(int(query["step"]),) if query.get("step") else (),
        text=query.get("text", "").strip(),
        prompt=query.get("prompt", "").strip(),
    )


def read_sort(query: JSON) -> Sort:
    asked = query.get("sort", "+id")
    return Sort(SortKey(asked[1:]), descending=asked[0] == "-")


def sort_name(sort: Sort) -> str:
    """How the order is called."""
    names = {value: label for label, value in SORTS}
    return names.get(("-" if sort.descending else "+") + sort.key, "by prompt").lower()


def _number(name: str, value: str) -> JSON:
    try:
        number = float(value)
    except ValueError:
        return {}
    if number != number or abs(number) > 1e12:
        return {}
    return {name: number if name.endswith("score") else int(number)}
