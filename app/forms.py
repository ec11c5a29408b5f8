"""Draws a form from a part's knobs and reads it back as one dict; errors name the field, like `judge.votes`."""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from app import page_texts
from app.form_values import UNSET, all_of, as_words, from_input, help_text, path_key, shown
from app.widgets.form_fields import FormField
from app.widgets.markup import markup
from app.widgets.number import Number
from backend.errors import InvalidInput
from backend.services import refusals
from backend.services.recipes import parts
from backend.services.recipes.changes import Change
from backend.services.recipes.knobs import Knob, KnobType
from backend.translations import gettext, ngettext

Path = tuple[str | int, ...]


def called(path: Path, knob: Knob) -> str:
    """Where a knob stands, and its label: `Generator, Top-p`."""
    place = refusals.place(path[:-1])
    return f"{place[:1].upper()}{place[1:].replace('_', ' ')}, {knob.label}" if place else knob.label


@dataclass(frozen=True)
class Field:
    """One knob on the page."""

    path: Path
    knob: Knob
    input: FormField

    @property
    def called(self) -> str:
        """Where it stands, and its label."""
        return called(self.path, self.knob)


@dataclass(frozen=True)
class Switch:
    """A dropdown that puts another part into a slot; the form must then be drawn again."""

    path: Path
    kind: str
    input: gr.Dropdown
    is_many: bool = False


@dataclass(frozen=True)
class Beside:
    """What a form's JSON has otherwise than another one, and what that is called."""

    name: str
    changes: tuple[Change, ...]


def _fold(_path: Path, title: str) -> gr.Accordion:
    return gr.Accordion(title, open=False, elem_classes="rondo-as-in")


@dataclass(frozen=True)
class Form:
    """The knobs drawn so far. `start` is the JSON that was drawn; reading changes a copy of it.

    `beside`: what it is compared with, such as "the recipe", and what it has otherwise than that. What differs is drawn
    first, and what is as there is folded: `fold` draws that, given where the knobs belong and what to call the rest.
    `name`: what the ids of its fields begin with, before their paths; without one they have ids of no meaning.
    `typed`: by `path_key` what fields hold instead, as it was typed, where that says no value.
    """

    start: dict[str, Any]
    fields: list[Field] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    beside: tuple[Beside, ...] = ()
    fold: Callable[[Path, str], AbstractContextManager[Any]] = _fold
    name: str = ""
    typed: Mapping[str, Any] = field(default_factory=dict)

    def differs(self, path: Path) -> bool:
        """Whether anything at this path, or below it, is otherwise than what it is compared with."""
        return any(change.path[: len(path)] == path for other in self.beside for change in other.changes)

    def usual(self, path: Path) -> str:
        """`The recipe has 0.5.`: what is otherwise at this very path."""
        sentences = [
            gettext("{name} has {value}.").format(
                name=f"{other.name[:1].upper()}{other.name[1:]}", value=as_words(change.usual)
            )
            for other in self.beside
            for change in other.changes
            if change.path == path
        ]
        return " ".join(sentences)

    @property
    def inputs(self) -> list[FormField]:
        return [drawn.input for drawn in self.fields]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the JSON with these values of the inputs; raises `InvalidInput` with the name of each wrong field."""
        result = copy.deepcopy(self.start)
        given = zip(self.fields, values, strict=True)
        readings = [partial(from_input, drawn.knob, value, refusals.place(drawn.path)) for drawn, value in given]
        for drawn, value in zip(self.fields, all_of(*readings), strict=True):
            put(result, drawn.path, value)
        return result

    @property
    def field_ids(self) -> dict[str, str]:
        """The ids of its fields by what a refusal calls each: its place, and its label as `labelled` writes it."""
        by_place = {refusals.place(drawn.path): str(drawn.input.elem_id) for drawn in self.fields}
        return by_place | {drawn.called: str(drawn.input.elem_id) for drawn in self.fields}

    def labelled(self, message: str) -> str:
        """The refusal with the labels of its fields for their names: `Generator, Top-p (top_p): must be at most 1`."""
        fields = {refusals.place(drawn.path): drawn for drawn in self.fields}
        lines = [(line, *line.partition(": ")) for line in message.split("\n")]
        return "\n".join(f"{fields[name].called}: {rest}" if name in fields else line for line, name, _, rest in lines)

    def drawn(self, switch: Switch) -> Any:
        """What the dropdown of a slot held when it was drawn."""
        current = take(self.start, switch.path)
        if switch.is_many:
            return [part["name"] for part in current or []]
        return (current or {}).get("name") or UNSET

    def switched(self, switch: Switch, values: Sequence[Any], chosen: Any) -> dict[str, Any]:
        """Return the JSON with another part in a slot; knobs of the same name and type keep their value.

        Raises `InvalidInput` for what the dropdown does not offer, and for a field that cannot be read.
        """
        offered = parts.describe()[switch.kind]
        wanted = chosen if switch.is_many else [chosen]
        if not isinstance(wanted, list) or not all(
            isinstance(choice, str) and (choice in offered or (choice == UNSET and not switch.is_many))
            for choice in wanted
        ):
            raise InvalidInput(f"There is no such {switch.kind.replace('_', ' ')}. Choose one from the list.")
        result = self.read(values)
        current = take(result, switch.path)
        if switch.is_many:
            known = {part["name"]: part for part in current}
            put(result, switch.path, [known.get(name) or parts.defaults(switch.kind, name) for name in chosen])
        else:
            new = None if chosen == UNSET else parts.replace(switch.kind, current or {}, chosen)
            put(result, switch.path, new)
        return result


def identify(block: Block) -> None:
    """Give a component an id in the page, by which static/locks.js finds it, where it has none of its own."""
    if isinstance(block, Component) and not block.elem_id:
        block.elem_id = f"component-{block._id}"


def draw_part(form: Form, path: Path, kind: str, label: str, *, is_optional: bool = False) -> None:
    """Draw the choice of a part and its knobs. Call inside the layout where they belong."""
    current = take(form.start, path) or {}
    name = current.get("name")
    names = [*([UNSET] if is_optional or not name else []), *parts.describe()[kind]]
    about = parts.about()[kind].get(str(name), "")
    info = f"{about} {form.usual(path)}".strip()
    drawn = gr.Dropdown(names, value=name or UNSET, label=label, info=info, interactive=True)
    identify(drawn)
    form.switches.append(Switch(path, kind, drawn))
    draw_knobs(form, path, parts.describe()[kind].get(str(name), []))


def draw_parts(form: Form, path: Path, kind: str, label: str) -> None:
    """Draw the choice of several parts, and the knobs of each."""
    current = take(form.start, path) or []
    chosen = [part["name"] for part in current]
    drawn = gr.Dropdown(
        list(parts.describe()[kind]),
        value=chosen,
        multiselect=True,
        label=label,
        info=form.usual(path) or None,
        interactive=True,
    )
    identify(drawn)
    form.switches.append(Switch(path, kind, drawn, is_many=True))
    for place, part in enumerate(current):
        knobs = parts.describe()[kind].get(part["name"], [])
        if knobs:
            with gr.Group():
                title = {"name": part["name"], "about": parts.about()[kind].get(part["name"], "")}
                markup(PART_TITLE, PART_CSS, value=title)
                draw_knobs(form, (*path, place), knobs)


def draw_knobs(form: Form, path: Path, knobs: Sequence[Knob]) -> None:
    """Draw one input a knob; where some of them differ from what the form is compared with, the others are folded."""
    changed = [knob for knob in knobs if form.differs((*path, knob.name))]
    rest = [knob for knob in knobs if knob not in changed]
    if not changed:
        _draw_sections(form, path, knobs)
        return
    if not rest:
        _draw_knobs(form, path, knobs)
        return
    _draw_knobs(form, path, changed)
    as_in = gettext(" and ").join(other.name for other in form.beside)
    with form.fold(path, gettext("As in {names}: {number} more").format(names=as_in, number=len(rest))):
        _draw_sections(form, path, rest)


def _draw_sections(form: Form, path: Path, knobs: Sequence[Knob]) -> None:
    """Draw the knobs that are in no section, then each section, folded."""
    _draw_knobs(form, path, [knob for knob in knobs if not knob.section])
    for section in dict.fromkeys(knob.section for knob in knobs if knob.section):
        within = [knob for knob in knobs if knob.section == section]
        counted = ngettext("{section}: {number} knob", "{section}: {number} knobs", len(within))
        with form.fold((*path, section), counted.format(section=section, number=len(within))):
            _draw_knobs(form, path, within)


def _draw_knobs(form: Form, path: Path, knobs: Sequence[Knob]) -> None:
    """Short ones in rows, long texts and nested parts over the whole width."""
    short = [knob for knob in knobs if knob.type not in WIDE]
    if short:
        with gr.Row(equal_height=False, elem_classes="rondo-knobs"):
            for knob in short:
                _draw(form, (*path, knob.name), knob)
    for knob in knobs:
        if knob.type is KnobType.part:
            with gr.Group():
                draw_part(form, (*path, knob.name), knob.kind, knob.label, is_optional=knob.is_optional)
        elif knob.type is KnobType.parts:
            draw_parts(form, (*path, knob.name), knob.kind, knob.label)
        elif knob.type in WIDE:
            _draw(form, (*path, knob.name), knob)


WIDE = (KnobType.text, KnobType.part, KnobType.parts, KnobType.json)
PART_TITLE = "<p class='title'><b>{{value.name}}</b> <span class='rondo-muted'>{{value.about}}</span></p>"
PART_CSS = ".title { margin: 0; padding: 8px 12px 0; background: var(--rondo-surface); }"


def _draw(form: Form, path: Path, knob: Knob) -> None:
    value = shown(knob, take(form.start, path))
    component = _component(knob, form.typed.get(path_key(path), value), form.usual(path))
    if form.name:
        component.elem_id = "-".join(map(str, (form.name, *path)))
    identify(component)
    form.fields.append(Field(path, knob, component))


def _component(knob: Knob, value: Any, usual: str) -> FormField:
    info = f"{help_text(knob)}. {usual}" if usual else help_text(knob)
    common: dict[str, Any] = {"label": knob.label, "info": info, "interactive": True, "min_width": 200}
    match knob.type:
        case KnobType.boolean if knob.is_optional:
            return gr.Dropdown([UNSET, "yes", "no"], value=value, **common)
        case KnobType.boolean:
            return gr.Checkbox(value, **common)
        case KnobType.integer | KnobType.number:
            return Number(value, **common)
        case KnobType.choice:
            choices = [*([UNSET] if knob.is_optional else []), *knob.choices]
            return gr.Dropdown(choices, value=value, elem_classes=page_texts.AS_NAMED, **common)
        case KnobType.strings if knob.choices:
            return gr.Dropdown(
                list(knob.choices), value=value, multiselect=True, elem_classes=page_texts.AS_NAMED, **common
            )
        case KnobType.text:
            return gr.Textbox(value, lines=10, max_lines=30, elem_classes="rondo-template", **common)
        case KnobType.strings:
            return gr.Textbox(value, lines=1, max_lines=6, placeholder=gettext("one a line"), **common)
        case KnobType.json:
            return gr.Textbox(value, lines=2, max_lines=12, placeholder="JSON", **common)
        case _:
            return gr.Textbox(value, **common)


def put(data: Any, path: Path, value: Any) -> None:
    """Set a value deep in JSON."""
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


def take(data: Any, path: Path) -> Any:
    """Return a value deep in JSON; None where the last name is absent."""
    for step in path[:-1]:
        data = data[step]
    return data.get(path[-1]) if isinstance(data, dict) else data[path[-1]]
