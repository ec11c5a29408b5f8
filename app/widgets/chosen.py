"""What a person chose on a page that a timer draws anew: which row is open, which page, which filters.

Gradio reads a `gr.State` when an event begins and writes it when the event ends: a tick that began before a choice and
ends after it would put the old choice back. So what was chosen is one object for a page, which choices change in place
and ticks only read; and a tick that finds another choice than it began with draws nothing, for the next one will.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from backend.errors import RondoError

# One for all choices: it is held for an assignment, and Gradio copies a state for each page, which no lock allows.
_lock = threading.Lock()


class CurrentChoice:
    """The choice that stands."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}

    def put(self, value: dict[str, Any]) -> None:
        """Let this be the choice, once what belongs to it was found."""
        with _lock:
            self.value = value

    def replace(self, was: dict[str, Any], value: dict[str, Any]) -> bool:
        """Let this be the choice in the place of `was`; return False where another was made meanwhile."""
        with _lock:
            if self.value is not was:
                return False
            self.value = value
            return True

    def unless_over(self, value: dict[str, Any], drawn: list[Any]) -> list[Any]:
        """What a tick drew for this choice; nothing at all if another was made meanwhile."""
        return drawn if self.value is value else [gr.skip()] * len(drawn)

    def end(self, value: dict[str, Any]) -> None:
        """Let nothing be the choice, unless another was made meanwhile."""
        self.replace(value, {})

    @contextmanager
    def until_refused(self, value: dict[str, Any]) -> Iterator[None]:
        """End this choice where what a tick asks for it is refused, and let the refusal pass: it is told once."""
        try:
            yield
        except RondoError:
            self.end(value)
            raise
