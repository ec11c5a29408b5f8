"""What Gradio sends of a page before anything is drawn on it, in the language of who reads it.

Its components are built once for everyone, in English, with the words that belong to them. What a person typed or a
model wrote comes later, as a value, and is never looked at here.
"""

from typing import Any

from app.widgets import buttons, template_texts
from backend import translations
from backend.translations import gettext

WORDS = ("label", "info", "placeholder", "empty_message")
"""Properties whose text is the component's own."""
SAYS_ITS_VALUE = ("button", "downloadbutton", "uploadbutton", "markdown")
"""Types of components whose value is their own words, too."""
TEMPLATE = "html_template"
AS_NAMED = "rondo-as-named"
"""The class of a field whose choices are values of a knob, which are English everywhere."""
LABEL_AS_NAMED = "rondo-label-as-named"
"""The class of a field that is called as in files, errors and programs, in every language."""
HEADS = "headers"
"""Of the columns of a table."""


def translated(config: dict[str, Any]) -> dict[str, Any]:
    """Return a page's configuration in the language of the request."""
    if translations.language() == translations.SOURCE:
        return config
    return config | {"components": [_component(component) for component in config["components"]]}


def words_of(component: dict[str, Any]) -> list[str]:
    """Return the texts of a component that are translated, but for those of its template."""
    props = component["props"]
    words = [props.get(name) for name in _own_words(props)]
    if component["type"] in SAYS_ITS_VALUE:
        words.append(props.get("value"))
    words += [name for name, _ in _choices(props)]
    words += props.get(HEADS) or []
    if TEMPLATE in props and isinstance(lines := props.get("value"), list):
        words += lines
    return [word for word in words if isinstance(word, str) and word]


def _component(component: dict[str, Any]) -> dict[str, Any]:
    props = dict(component["props"])
    for name in _own_words(props):
        if isinstance(props.get(name), str):
            props[name] = gettext(props[name])
    if component["type"] in SAYS_ITS_VALUE and isinstance(value := props.get("value"), str):
        props["value"] = gettext(value)
        if props.get("min_width") == buttons.width(value):
            props["min_width"] = buttons.width(props["value"])
    if choices := _choices(props):
        props["choices"] = [[gettext(name) if isinstance(name, str) else name, value] for name, value in choices]
    if isinstance(held := props.get("value"), dict) and TEMPLATE in props:
        props["value"] = {name: gettext(text) if isinstance(text, str) else text for name, text in held.items()}
    if isinstance(lines := props.get("value"), list) and TEMPLATE in props:
        props["value"] = [gettext(line) if isinstance(line, str) else line for line in lines]
    if heads := props.get(HEADS):
        props[HEADS] = [gettext(head) for head in heads]
        if isinstance(table := props.get("value"), dict):
            props["value"] = table | {HEADS: props[HEADS]}
    if isinstance(props.get(TEMPLATE), str):
        props[TEMPLATE] = template_texts.translated(props[TEMPLATE])
    return component | {"props": props}


def _own_words(props: dict[str, Any]) -> list[str]:
    """The properties of a component that are translated."""
    is_named = LABEL_AS_NAMED in (props.get("elem_classes") or ())
    return [name for name in WORDS if name != "label" or not is_named]


def _choices(props: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Names and values, as Gradio sends them."""
    choices = None if AS_NAMED in (props.get("elem_classes") or ()) else props.get("choices")
    return [(name, value) for name, value in choices] if isinstance(choices, list | tuple) else []
