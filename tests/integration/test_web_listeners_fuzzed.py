"""Every listener and every route of the desk, given what no page sends: it answers with a sentence.

A listener is a public endpoint: its inputs may be of any type, of any size, and no text at all. With
`RONDO_API_EXAMPLES` set, each is sent everything; else each is sent some of it.
"""

import json
import logging
import os
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from backend.services.people import accounts
from tests.integration import site
from tests.integration.walking import ENDS_THE_ROUND, Browser, World, server_functions
from tests.integration.walking import world as world  # a fixture

HALF = "half \ud83d"
DEEP: Any = 0
for _ in range(60):
    DEEP = [DEEP]
HOSTILE: tuple[Any, ...] = (
    HALF,
    "nul \x00",
    "\u202eback\u200d",
    "",
    2**70,
    -(2**63) - 1,
    -1,
    0.5,
    1e300,
    float("nan"),
    float("-inf"),
    None,
    True,
    [],
    [[]],
    {},
    {HALF: HALF},
    [None, "x", 1],
    DEEP,
    {"round": 2**70, "at": "f+id:nan:1", "sample": "x", "value": 1},
)
EVENTS: tuple[Any, ...] = (
    None,
    {},
    [],
    {"index": HALF, "value": HALF, "row_value": [HALF]},
    {"index": [2**70, -1], "row_value": [2**70]},
    {"index": None, "value": None, "row_value": None},
    {"index": [0, 0], "value": float("nan"), "row_value": []},
)
ONE_OF = 20
VAGUE = "Something went wrong"


class Sender(Browser):
    """A page that sends what it likes."""

    def send(self, number: int, data: list[Any], event: Any) -> dict[str, Any]:
        """What the listener answers."""
        body = {"data": data, "fn_index": number, "session_hash": self.page, "trigger_id": None, "event_data": event}
        joined = self.client.post(
            f"{self.root}/queue/join", content=json.dumps(body), headers={"content-type": "application/json"}
        )
        if joined.status_code != 200:
            assert joined.status_code < 500, joined.text
            return {"error": joined.text}
        for message in self.messages(joined.json()["event_id"]):
            if message["msg"] == "process_completed":
                return {} if message["success"] else message["output"]
        return {"error": None}

    def listeners_of_all(self) -> Iterator[tuple[str, int, list[Any]]]:
        """Name, number and inputs of every listener, those of what is drawn into a page first."""
        for number in list(self.drawn):
            for listener in self.listeners(number):
                yield listener["api_name"], listener["id"], [self.values.get(i) for i in listener["inputs"]]
        fns = [fn for fn in self.blocks.fns.values() if fn.fn is not None]
        for fn in sorted(fns, key=lambda fn: fn.name == ENDS_THE_ROUND):
            yield fn.name, fn._id, [self.value(entry) for entry in fn.inputs]


def some_of(values: Sequence[Any], turn: int, *, step: int = ONE_OF) -> list[tuple[int, Any]]:
    """Each with its place: all of them where there is time, else every so many, others at each turn."""
    step = 1 if os.environ.get("RONDO_API_EXAMPLES") else step
    return [(place, value) for place, value in enumerate(values) if (place + turn) % step == 0]


def attacks(data: list[Any], turn: int) -> Iterator[tuple[list[Any], Any]]:
    """Inputs and an event: one value at all places, one value at one place, too few, too many, and odd events."""
    for place, value in some_of(HOSTILE, turn):
        yield [value] * len(data), EVENTS[place % len(EVENTS)]
        if data:
            at = place % len(data)
            yield [*data[:at], value, *data[at + 1 :]], {"index": [0, 0], "value": "x", "row_value": ["1", "x"]}
    for _, event in some_of(EVENTS, turn):
        yield data, event
    for _, sent in some_of((data[:-1], [*data, HALF]), turn, step=2):
        yield sent, None


SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@SQLITE
def test_every_listener_answers_with_a_sentence_whatever_it_is_sent(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong: dict[str, list[Any]] = {}
    with site.signed_in(accounts.local_owner()) as client:
        sender = Sender(client, world.project.slug)
        for number in [fn._id for fn in sender.blocks.fns.values() if any(t[1] == "load" for t in fn.targets)]:
            sender.call(sender.blocks.fns[number])
        for turn, (name, number, data) in enumerate(list(sender.listeners_of_all())):
            for sent, event in attacks(data, turn):
                reply = sender.send(number, sent, event)
                if reply and (not reply.get("error") or VAGUE in str(reply["error"])):
                    wrong.setdefault(name, [sent, event, reply])
    assert not wrong, "\n".join(f"{name}: {repr(value)[:600]}" for name, value in wrong.items())
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "Traceback" not in capsys.readouterr().err


def bodies(route: str, world: World) -> Iterator[Any]:
    """What a page of another mind sends to a route of the desk: no object at all, and each field of each shape."""
    n = world.ids["sample_id"]
    act = {"kind": "note", "sample_id": n, "note": "x"}
    real: dict[str, dict[str, Any]] = {
        "decisions": {"decisions": [act | {"client_id": uuid.uuid4().hex}]},
        "claims": {"order": "sequential", "limit": 5, "held": [], "include": [], "peek": True, "after": 0},
        "earlier": {"held": []},
        "here": {"held": [], "wants_progress": True},
        "leave": {"held": [], "is_gone": False},
        "keys": {"keys": {"accept": ["a"]}},
        "shows": {"text": "raw", "grey_common": True, "guidelines_open": True},
        "repairs": {"instruction": "shorter"},
    }
    sent = real[route.rpartition("/")[2]]
    yield from HOSTILE
    yield from ({**sent, field: value} for field in sent for value in HOSTILE)
    if "decisions" in sent:
        yield from map(alone, changed_acts(n))


def alone(act: dict[str, Any]) -> dict[str, Any]:
    """A body with this decision, which was not sent before."""
    return {"decisions": [act | {"client_id": uuid.uuid4().hex}]}


def acts(sample_id: int) -> list[dict[str, Any]]:
    """A decision of each kind, as a page sends it; the last takes one back."""
    kinds: dict[str, dict[str, Any]] = {
        "note": {"note": "x"},
        "flag": {},
        "skip": {},
        "accept": {},
        "reject": {},
        "score": {"score": 1.0},
        "edit": {"text": "x"},
        "prefer": {"value": {"best": sample_id, "worst": None}},
        "rank": {"value": {"order": [sample_id]}},
        "retract": {},
    }
    return [fields | {"kind": kind, "sample_id": sample_id} for kind, fields in kinds.items()]


def changed_acts(sample_id: int) -> Iterator[dict[str, Any]]:
    """Each field of a decision of each kind, of each shape."""
    own = {
        "score": ("score",),
        "edit": ("text", "value"),
        "retract": ("retracts",),
        "prefer": ("value",),
        "rank": ("value",),
        "accept": ("value",),
        "note": ("kind", "sample_id", "note", "mode", "seconds", "is_blind"),
    }
    parts = {"prefer": ("best", "worst", "tie", "all_bad"), "rank": ("order",), "accept": ("judge_right", "why")}
    parts["edit"] = ("source", "job_id", "instruction")
    for act in acts(sample_id):
        kind = act["kind"]
        yield from (act | {field: value} for field in own.get(kind, ()) for value in HOSTILE)
        for part in parts.get(kind, ()):
            value = act.get("value", {"source": "repair", "job_id": 1} if kind == "edit" else {"judge_right": True})
            for hostile in HOSTILE:
                yield act | {"value": value | {part: hostile}}
                yield act | {"value": value | {part: [sample_id, hostile]}}


@SQLITE
@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "/rounds/{round_id}/decisions"),
        ("POST", "/rounds/{round_id}/review/claims"),
        ("POST", "/rounds/{round_id}/review/earlier"),
        ("POST", "/rounds/{round_id}/review/here"),
        ("POST", "/rounds/{round_id}/review/leave"),
        ("POST", "/samples/{sample_id}/repairs"),
        ("PUT", "/me/review/keys"),
        ("PATCH", "/me/review/shows"),
    ],
)
def test_the_desks_routes_answer_with_a_sentence_whatever_they_are_sent(
    world: World, caplog: pytest.LogCaptureFixture, method: str, route: str
) -> None:
    wrong, written = [], set()
    real = [alone(act) for act in acts(world.ids["sample_id"])] if route.endswith("/decisions") else []
    with site.signed_in(accounts.local_owner()) as client:
        for data in [*real, *(entry for _, entry in some_of(list(bodies(route, world)), len(route)))]:
            answer = client.request(
                method,
                f"/api/v1{route.format(**world.ids)}",
                content=json.dumps(data),
                headers={"content-type": "application/json"},
            )
            body = answer.json() if answer.status_code >= 400 else {}
            if answer.status_code == 201 and data in real:
                written |= {entry["decision"]["kind"] for entry in answer.json() if entry["decision"]["is_new"]}
            if answer.status_code >= 500 or (body and (VAGUE in answer.text or not body["error"]["message"])):
                wrong.append((repr(data)[:300], answer.status_code, answer.text[:200]))
    assert not wrong, wrong[:20]
    assert written >= {entry["decisions"][0]["kind"] for entry in real} - {"rank"}, "they reach the writer"
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_no_component_calls_the_server_past_the_listeners_and_the_rest_interface() -> None:
    assert list(server_functions()) == []
