"""What is folded in the form of a round: it stays as a person left it, also when steps change places."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from backend.services.recipes import parts
from backend.services.recipes.changes import take
from backend.services.recipes.steps_edit import Path
from backend.values import JSON

MORE, ROLES, OWN = BESIDE = ("more", "roles", "own")
"""The slots of what belongs to no part."""
EXPANDED = "(turned) => [{ ...turned, [%s]: true }, { __type__: 'update', visible: true }]"
COLLAPSED = "(turned) => ({ ...turned, [%s]: false })"
Keys = dict[str, str]
"""By the name of each slot, what it is known by wherever its step stands. No two recipes of a form share one."""
KeysAt = Callable[[int], Keys]
"""Gives the keys of what is drawn at a time."""


def slot_of(path: Path) -> str:
    """What the page calls the place of a recipe that holds this: its slot, or the numbers that lead to its step."""
    return _words(path[: _size(path)]) or MORE


def _size(path: Path) -> int:
    """How many names of a path lead to its slot."""
    return {"phases": 4, "steps": 2}.get(str(path[0]), 1) if path else 0


def _words(path: Path) -> str:
    return "-".join(map(str, path))


def new_keys(recipe: JSON, at: int) -> Keys:
    """Keys for a recipe that is drawn for the first time; `at` is no other recipe's."""
    return {name: f"{at} {name}" for name in (*(slot_of(spot.path) for spot in parts.spots(recipe)), *BESIDE)}


def same_keys(recipe: JSON, at: int, keys: Keys) -> Keys:
    """The keys of a recipe whose slots hold other parts or knobs and are where they were."""
    now = new_keys(recipe, at)
    return now | {name: key for name, key in keys.items() if name in now}


def by_key(recipe: JSON, keys: Keys) -> list[tuple[str, Any]]:
    """The key of each slot with what the slot holds."""
    return [(keys[slot_of(spot.path)], take(recipe, spot.path)) for spot in parts.spots(recipe)]


def kept_keys(recipe: JSON, at: int, keys: Keys, before: Iterable[tuple[str, Any]]) -> Keys:
    """The keys of a recipe whose steps were changed: `before` is what `by_key` said of it.

    `steps_edit` moves a step's part and never copies it, so a slot is known again by the very object that it holds.
    """
    known = {id(held): key for key, held in before if held is not None}
    beside = {name: keys[name] for name in BESIDE}
    return (
        new_keys(recipe, at)
        | beside
        | {
            slot_of(spot.path): known[id(held)]
            for spot in parts.spots(recipe)
            if id(held := take(recipe, spot.path)) in known
        }
    )


@dataclass(frozen=True)
class Folds:
    """What one drawing of a recipe folds. `drawn` says by key whether it drew it open.

    The browser draws what is folded when it is first opened. Until then its fields hold what they were given, and
    listeners get that.

    `before`: what the drawing before this one drew open. `turned`: what people opened or closed; the browser notes it
    in `note` at once, so that no drawing comes too early for it.
    """

    recipe: JSON
    keys: Keys
    before: dict[str, bool]
    turned: dict[str, bool]
    note: gr.JSON | None
    drawn: dict[str, bool] = field(default_factory=dict)

    def slot(self, name: str, title: str, *, is_open: bool, elem_id: str | None = None) -> AbstractContextManager[None]:
        """Draw a slot as it is on the page; one that is not there yet, open or closed as said."""
        return self._draw(self.keys[name], title, is_open=is_open, elem_id=elem_id)

    def rest(self, path: Path, title: str) -> AbstractContextManager[None]:
        """Draw what is folded inside a slot: the rest of the knobs at `path`."""
        return self._draw(self.key_of_rest(path), title, is_open=False, elem_classes="rondo-as-in")

    def key_of_rest(self, path: Path) -> str:
        """By what the rest of the knobs at `path` is known, wherever their step stands.

        A slot's part has the same key as that of a step, whose own knobs have another; a part of a list goes by its
        name, not by its place.
        """
        size = _size(path)
        key, beneath = self.keys[slot_of(path)], path[size:]
        if size > 1 and not beneath:
            return f"{key} rest of the step"
        start = size + (beneath[:1] == ("part",))
        return " ".join([key, "rest", *(self._word(path[: end + 1]) for end in range(start, len(path)))])

    def _word(self, path: Path) -> str:
        """What the last name of a path is called: the name of the part there, and which of that name, in a list."""
        *above, last = path
        if not isinstance(last, int):
            return last
        names = [part["name"] for part in take(self.recipe, tuple(above))[: last + 1]]
        return f"{names[-1]}-{names.count(names[-1])}"

    def is_open(self, key: str, at_first: bool) -> bool:
        """Whether this is open on the page, or `at_first` where it is not there yet."""
        self.drawn[key] = bool(self.turned.get(key, self.before.get(key, at_first)))
        return self.drawn[key]

    @contextmanager
    def _draw(self, key: str, title: str, *, is_open: bool, **more: Any) -> Iterator[None]:
        was_open, name = self.is_open(key, is_open), json.dumps(key)
        with gr.Accordion(title, open=was_open, **more) as accordion, gr.Column(visible=was_open) as content:
            yield
        shown = [self.note, content]
        accordion.expand(None, self.note, shown, js=EXPANDED % name, api_visibility="private")
        accordion.collapse(None, self.note, self.note, js=COLLAPSED % name, api_visibility="private")
