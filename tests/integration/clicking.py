"""A page whose listeners a test calls one by one, as a person's clicks and a timer's ticks would."""

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.walking import Browser
from tests.waiting import PATIENCE, until


class Clicker(Browser):
    """A page with a tick that can be held in the middle of what it does."""

    def __init__(self, client: httpx.Client, slug: str) -> None:
        super().__init__(client, slug)
        self.event: dict[str, Any] = {}
        self.alone: dict[str, Any] = {}
        self.ended: dict[str, Any] | None = None
        self.unset: set[int] = set()
        """Fields that were left empty on purpose."""

    def listener(self, module: str, name: str) -> Any:
        fns = [fn for fn in self.blocks.fns.values() if fn.fn is not None and fn.name == name]
        return next(entry for entry in fns if entry.fn.__module__ == f"app.pages.{module}")

    def do(self, module: str, name: str, *, row: int = 0, **fields: Any) -> None:
        """What a person does: choose the row of a table, say, or fill these fields and go."""
        fn = self.listener(module, name)
        for component in fn.inputs:
            label = getattr(component, "label", "") or ""
            name = label.removesuffix(")").rpartition("(")[2].lower()  # of a knob: words, and its name in brackets
            if name in fields:
                self.values[component._id] = fields[name]
                (self.unset.add if fields[name] is None else self.unset.discard)(component._id)
        self.event = {"index": [0, 0], "value": "x", "row_value": [str(row), "x"], "selected": True}
        self.call(fn)

    def value(self, component: Any) -> Any:
        return None if component._id in self.unset else super().value(component)

    def join(self, fn: Any) -> str:
        """Begin an event without waiting for its end."""
        data = [self.value(entry) for entry in fn.inputs]
        body = {
            "data": data,
            "fn_index": fn._id,
            "session_hash": self.page,
            "trigger_id": None,
            "event_data": self.event,
        }
        answer = self.client.post(f"{self.root}/queue/join", json=body, params=self.query)
        return str(answer.json()["event_id"])

    def call(self, fn: Any) -> None:
        event_id = self.join(fn)
        if self.ended is None:
            for message in self.messages(event_id):
                self.note(message, self.alone)
            self.take(self.alone.pop(event_id), fn)
        else:
            until(lambda: event_id in (self.ended or {}), "the end of an event")
            self.take(self.ended[event_id], fn)

    def note(self, message: dict[str, Any], ended: dict[str, Any]) -> None:
        if message["msg"] == "process_completed":
            ended[message["event_id"]] = message

    def listen(self, event_id: str) -> None:
        """Hear of all events until that one has ended: a page that stops listening takes back what it began."""
        assert self.ended is not None
        for message in self.messages(event_id):
            self.note(message, self.ended)

    def take(self, message: dict[str, Any], fn: Any) -> None:
        """Remember what an event drew."""
        assert message["success"], message
        self.replies.append(json.dumps(message["output"]))
        self.remember([output._id for output in fn.outputs], message["output"]["data"])

    def remember(self, outputs: list[int], data: list[Any]) -> None:
        skipped = {"__type__": "update"}
        kept = [(number, record) for number, record in zip(outputs, data, strict=True) if record != skipped]
        super().remember([number for number, _ in kept], [entry for _, entry in kept])

    def meanwhile(
        self,
        module: str,
        service: Any,
        function: str,
        then: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
        *,
        tick: str = "refresh",
    ) -> None:
        """Hold the page's tick inside that function of a service until something else was done."""
        asked, go_on, plain = threading.Event(), threading.Event(), getattr(service, function)

        def held(*given: Any, **more: Any) -> Any:
            result = plain(*given, **more)
            if not asked.is_set():
                asked.set()
                assert go_on.wait(PATIENCE)
            return result

        monkeypatch.setattr(service, function, held)
        ticking = self.listener(module, tick)
        event_id, self.ended = self.join(ticking), {}
        listening = threading.Thread(target=self.listen, args=[event_id], daemon=True)
        listening.start()
        assert asked.wait(PATIENCE)
        then()
        go_on.set()
        listening.join(PATIENCE)
        ended, self.ended = self.ended, None
        self.take(ended[event_id], ticking)
