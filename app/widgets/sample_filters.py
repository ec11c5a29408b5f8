"""The filter bar of the Samples page, and the same filters in the page's address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.widgets import filter_line, round_pickers
from app.widgets.asked import asked_for
from app.widgets.form_fields import FormField
from app.widgets.number import Number
from app.widgets.round_pickers import IDS, PICKED
from app.widgets.sample_choices import (
    DECIDED,
    DUPLICATES,
    HUMAN_VERDICTS,
    KINDS,
    ONLY,
    SORTS,
    SOURCES,
    THENS,
    VERDICTS,
)
from backend.errors import InvalidInput
from backend.services.samples import Filters
from backend.services.samples.text_steps import TextStep
from backend.translations import N_, gettext
from backend.values import JSON

TESTS_APART = ";"
"""Between tests of answers, or of metadata."""
NUMBERS = ("min_score", "max_score", "min_tokens", "max_tokens")
TESTS = ("answer", "metadata")
"""Fields of several tests, with `TESTS_APART` between them."""
CHOICES = ("verdict", "source", "kind", "only", "human_verdict")
WHOLE = ("similar", "cluster", *IDS)
"""Fields of one whole number."""
NAMES = (
    *("text", "prompt", *CHOICES, *NUMBERS, "decided", "answer", "metadata", "duplicates", "similar", "cluster"),
    *("tag", "sort", "then", *PICKED, "step"),
)
"""What the bar holds, in the order of its components. `only` joins the yes-or-no filters; `step` counts from 0."""
ONE_OF = {
    name: {value for _, value in choices}
    for name, choices in (("sort", SORTS), ("then", THENS), ("decided", DECIDED), ("duplicates", DUPLICATES))
}
NOTHING: tuple[Any, ...] = (None, "", [], "+id")
NO_COLUMNS = "-"
"""In an address: no columns of metadata, while an address without a word of it has the usual ones."""
USUAL_COLUMNS = 2
MOST_COLUMNS = 6
"""More would leave no room for the text."""


@dataclass(frozen=True)
class SampleBar:
    """The components of the bar; `fields` in the order of `NAMES`."""

    round: gr.Dropdown
    view: gr.Dropdown
    fields: list[FormField]
    more: gr.Accordion
    columns: gr.Dropdown


FOLDED = (
    *("prompt", "source", "kind", "human_verdict", *NUMBERS, "decided", "answer", "metadata", "duplicates"),
    *("similar", "cluster", "tag", *PICKED, "then"),
)
"""The filters behind "More filters"."""


def filter_bar(name: str = "samples", *, is_list: bool = True) -> SampleBar:
    """Lay the bar out. Without `is_list`, what only a list of single samples has is left out: order, columns, views."""
    fields: dict[str, FormField] = {}
    with filter_line.line():
        chosen = gr.Dropdown([], label=N_("Round"), filterable=False, elem_id=f"{name}-round", min_width=120)
        view = gr.Dropdown(
            [(N_("No view"), 0)], value=0, label=N_("View"), visible=False, min_width=120, elem_id=f"{name}-view"
        )
        fields["text"] = gr.Textbox(
            label=N_("Search in samples"),
            placeholder=N_('words, "as it stands", /regex/'),
            elem_id=f"{name}-search",
            min_width=120,
        )
        fields["step"] = gr.Dropdown(
            [round_pickers.EVERY_STEP],
            value="",
            label=N_("Step"),
            filterable=False,
            visible=False,
            min_width=120,
            elem_id=f"{name}-step",
        )
        for field, label, choices in (("verdict", N_("Verdict"), VERDICTS), ("only", N_("Only"), ONLY)):
            fields[field] = _several(name, field, label, choices)
        fields["sort"] = gr.Dropdown(
            SORTS,
            value="+id",
            label=N_("Sort"),
            filterable=False,
            visible=is_list,
            elem_id=f"{name}-sort",
            min_width=120,
        )
    with filter_line.more(f"{name}-more") as more:
        fields["then"] = gr.Dropdown(
            THENS,
            value="",
            label=N_("Then sort by"),
            filterable=False,
            visible=is_list,
            elem_id=f"{name}-then",
            min_width=120,
        )
        fields["prompt"] = gr.Textbox(label=N_("Search in prompts"), elem_id=f"{name}-prompt", min_width=120)
        for field, label, choices in (("source", N_("Label by"), SOURCES), ("kind", N_("Kind"), KINDS)):
            fields[field] = _several(name, field, label, choices)
        fields["human_verdict"] = _several(name, "human_verdict", N_("Human verdict"), HUMAN_VERDICTS)
        fields |= round_pickers.build(name)
        fields["decided"] = gr.Dropdown(
            DECIDED, value="", label=N_("Decisions"), filterable=False, min_width=120, elem_id=f"{name}-decided"
        )
        fields["duplicates"] = gr.Dropdown(
            DUPLICATES,
            value="",
            label=N_("Near-duplicates"),
            filterable=False,
            min_width=120,
            elem_id=f"{name}-duplicates",
        )
        fields["answer"] = gr.Textbox(
            label=N_("Answers to questions"),
            max_length=1000,
            min_width=140,
            elem_id=f"{name}-answer",
        )
        fields["metadata"] = gr.Textbox(
            label=N_("Metadata"),
            placeholder=N_("level>=2; topic=sums; source~wiki"),
            max_length=1000,
            min_width=140,
            elem_id=f"{name}-metadata",
        )
        fields["tag"] = gr.Textbox(
            label=N_("Tags"), placeholder=N_("hard, funny"), max_length=400, min_width=120, elem_id=f"{name}-tag"
        )
        for field, label, precision in (
            ("min_score", N_("Score from"), None),
            ("max_score", N_("to"), None),
            ("min_tokens", N_("Tokens from"), 0),
            ("max_tokens", N_("to"), 0),
        ):
            fields[field] = Number(
                value=None, label=label, min_width=80, precision=precision, elem_id=f"{name}-{field}"
            )
        for field, label in (("similar", N_("Similar to sample")), ("cluster", N_("Cluster"))):
            fields[field] = Number(value=None, label=label, min_width=80, precision=0, elem_id=f"{name}-{field}")
        columns = gr.Dropdown(
            [],
            value=[],
            multiselect=True,
            max_choices=MOST_COLUMNS,
            label=N_("Columns of metadata"),
            visible=is_list,
            min_width=160,
            elem_id=f"{name}-columns",
        )
    return SampleBar(chosen, view, [fields[field] for field in NAMES], more, columns)


def _several(name: str, field: str, label: str, choices: list[tuple[str, str]]) -> gr.Dropdown:
    return gr.Dropdown(
        choices, value=[], multiselect=True, label=label, filterable=False, min_width=120, elem_id=f"{name}-{field}"
    )


def num_folded(query: JSON) -> int:
    """How many of the filters behind "More filters" are set."""
    return sum(name in query for name in FOLDED)


def is_narrowed(query: JSON) -> bool:
    """Whether there is anything to clear: a filter or a saved view. An order shows all samples."""
    filters = [name for name in NAMES if name not in ("sort", "then")]
    return bool(query.get("view")) or any(query.get(name) not in NOTHING for name in filters)


CAN_CLEAR = """() => document.body.toggleAttribute("data-narrowed", true)"""
"""Where no list came, what is set in the bar may be why: then it can be cleared."""


def columns_of(keys: Sequence[str], usual: Sequence[str], query: JSON) -> list[str]:
    """The metadata that are columns: those that the address asks for, as far as there are any; else the first few of
    the usual ones."""
    asked = query.get("columns", [])
    columns = [key for key in keys if key in asked]
    return columns[:MOST_COLUMNS] if columns or asked == [NO_COLUMNS] else list(usual[:USUAL_COLUMNS])


def without_missing_step(steps: Sequence[TextStep], query: JSON) -> tuple[JSON, str]:
    """The query without a step that the round does not have, and that it has none."""
    asked = query.get("step")
    if not asked or asked in {str(step.step) for step in steps}:
        return query, ""
    left = {name: value for name, value in query.items() if name != "step"}
    # A saved view that lost its step is another one.
    left |= {"as_saved": False} if "as_saved" in left else {}
    message = gettext("The address asks for step {number}, of which this round shows no texts. All others are shown.")
    return left, message.format(number=int(asked) + 1)


def from_bar(values: tuple[Any, ...]) -> JSON:
    """What the bar holds, without what does not narrow."""
    held = dict(zip(NAMES, values, strict=True))
    return {name: value for name, value in held.items() if value not in NOTHING}


def to_bar(query: JSON) -> list[Any]:
    """Values for the components."""
    empty: JSON = dict.fromkeys(NAMES, "") | {name: [] for name in CHOICES} | {"sort": "+id"}
    empty |= dict.fromkeys((*NUMBERS, "similar", "cluster"))
    return [query.get(name, empty[name]) for name in NAMES]


def from_address(parameters: Mapping[str, str]) -> JSON:
    """What an address asks for; whatever is no number or no such choice is left out. Its tests are not read here."""
    known = {
        name: {value for _, value in choices}
        for name, choices in zip(CHOICES, (VERDICTS, SOURCES, KINDS, ONLY, HUMAN_VERDICTS), strict=True)
    }
    query: JSON = {}
    for name in (*NAMES, "at"):
        value = str(parameters.get(name, ""))
        if not value:
            continue
        if name in CHOICES:
            query[name] = [part for part in value.split(",") if part in known[name]]
        elif name in TESTS:
            # One that cannot be read stays: without it, the filter would find more than was asked for.
            query[name] = f"{TESTS_APART} ".join(parts_of(value))
        elif name in NUMBERS:
            query |= _number(name, value)
        elif name in ("step", *WHOLE):
            is_number = value.isascii() and value.isdecimal() and len(value) < (5 if name == "step" else 16)
            query |= {name: str(int(value)) if name == "step" else int(value)} if is_number else {}
        elif name not in ONE_OF or value in ONE_OF[name]:
            query[name] = value
    if columns := str(parameters.get("columns", "")):
        query["columns"] = [part for part in columns.split(",") if part] if columns != NO_COLUMNS else [NO_COLUMNS]
    query = {name: value for name, value in query.items() if value not in ("", [])}
    view = asked_for(str(parameters.get("view", "")), "view").id
    version = asked_for(str(parameters.get("view_version", "")), "view").id
    query |= {} if view is None else {"view": view}
    return query if view is None or version is None else query | {"view_version": version}


def to_address(query: JSON) -> str:
    """The same as a query string."""
    return urlencode({name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()})


def read_filters(query: JSON) -> Filters:
    """The filters the service takes."""
    low, high = query.get("min_score"), query.get("max_score")
    if low is not None and high is not None and low > high:
        raise InvalidInput(f"Scores from {low:g} to {high:g} hold nothing. Give the lower one first.")
    chosen: dict[str, Any] = {name: query.get(name) for name in (*NUMBERS, *WHOLE)}
    chosen |= {name: tuple(query.get(name, [])) for name in ("verdict", "source", "kind", "human_verdict")}
    chosen |= dict.fromkeys(query.get("only", []), True)
    chosen |= {name: tuple(parts_of(query.get(name, ""))) for name in TESTS}
    return Filters(
        **chosen,
        step=(int(query["step"]),) if query.get("step") else (),
        decided=query.get("decided", ""),
        duplicates=query.get("duplicates", ""),
        judge=query.get("judge", ""),
        tag=tuple(parts_of(query.get("tag", ""), ",")),
        text=query.get("text", "").strip(),
        prompt=query.get("prompt", "").strip(),
    )


def parts_of(tests: str, apart: str = TESTS_APART) -> list[str]:
    """The tests in a field, or what else stands there with a sign between, as they are."""
    return [part.strip() for part in tests.split(apart) if part.strip()]


def _number(name: str, value: str) -> JSON:
    try:
        number = float(value)
    except ValueError:
        return {}
    if number != number or abs(number) > 1e12:
        return {}
    return {name: number if name.endswith("score") else int(number)}
