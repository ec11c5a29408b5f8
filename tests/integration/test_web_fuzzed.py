"""Every route of the OpenAPI document, called with what the document allows and with what it does not.

`RONDO_API_EXAMPLES` sets how many calls a route gets, 200 say; the default is what a run of all tests has time for.
"""

import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from backend.db import session
from backend.services.people import accounts, sessions
from tests.integration import site
from tests.integration.walking import World, make_world

EXAMPLES = int(os.environ.get("RONDO_API_EXAMPLES", "0"))
FEW = {"sqlite": 8, "postgresql": 3}
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
NESTED: list[Any] = []
for _ in range(600):
    NESTED = [NESTED]
HOSTILE: tuple[Any, ...] = (
    "half \ud83d",
    "nul \x00",
    "two\nlines",
    "\u202eback",
    "\u200d",
    " ",
    "x" * 1_000_001,
    2**63,
    -(2**70),
    -1,
    10**400,
    1e300,
    float("nan"),
    float("inf"),
    NESTED,
    ["half \ud83d"],
    {"half \ud83d": 1},
    [],
    {},
    None,
    True,
)
"""What once was a 500, and its like."""
HALF = "<half>"
"""Stands in a query for half a sign, which Schemathesis cannot check; it is sent as such."""
LAST = ("delete", "post", "put", "patch", "get").index
"""What deletes comes last: the others want something to be there."""


class Caller:
    """A browser whose owner is signed in again whenever a call has ended the session."""

    def __init__(self) -> None:
        self.owner = accounts.local_owner()
        self.session = requests.Session()
        self.sign_in()

    def sign_in(self) -> None:
        with session() as db:
            link = sessions.link_for(db, self.owner.user_id)
        answer = self.session.post(f"{site.address()}/login/link/{link}", allow_redirects=False)
        assert answer.status_code == 303, answer.text

    def call(self, case: Any) -> Any:
        try:
            answer = self.send(case)
        except UnicodeEncodeError:  # neither Schemathesis nor requests can write half of a sign into a form
            hypothesis.reject()
        if answer.status_code == 401:
            self.sign_in()
            answer = self.send(case)
        return answer

    def send(self, case: Any) -> requests.Response:
        """Send the call; unlike with `case.call`, numbers that JSON has no word for and halves of a sign go out, too."""
        how = case.as_transport_kwargs(base_url=site.address())
        if "json" in how:
            how["data"] = json.dumps(how.pop("json")).encode()
            how["headers"] = {**how.get("headers", {}), "content-type": "application/json"}
        how["params"] = [(name, as_bytes(value)) for name, value in pairs(how.get("params") or {})]
        try:
            return self.session.request(**how)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            # The server may end a connection that waited, or one whose body it refuses before the last byte.
            try:
                return self.session.request(**how)
            except requests.RequestException as error:
                raise AssertionError(f"No answer to {how['method']} {how['url']} {str(how)[:1000]}: {error}") from error


def pairs(query: Any) -> Iterator[tuple[str, Any]]:
    """Each name and value of a query, as requests reads it."""
    for name, value in query.items() if isinstance(query, dict) else query:
        for entry in value if isinstance(value, list | tuple) else [value]:
            yield name, entry


def as_bytes(value: Any) -> Any:
    return value.replace(HALF, "\ud83d").encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """Every operation of the document, reading first and deleting last."""
    schema = schemathesis.openapi.from_dict(without_tuples(document))
    results = [all_operation.ok() for all_operation in schema.get_all_operations()]
    yield from sorted(results, key=lambda listed_recipe: -LAST(listed_recipe.method.lower()))


def without_tuples(schema: Any) -> Any:
    """Schemathesis cannot check answers against `prefixItems`: any of the items will do at each place."""
    if isinstance(schema, list):
        return [without_tuples(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    results = {name: without_tuples(value) for name, value in schema.items() if name != "prefixItems"}
    return results | ({"items": {"anyOf": without_tuples(schema["prefixItems"])}} if "prefixItems" in schema else {})


def cases(operation: Any, world: World) -> st.SearchStrategy[Any]:
    """Calls that the document allows, and calls that it does not; most of them on rows that are there."""
    some = st.one_of(operation.as_strategy(mode) for mode in GenerationMode)
    some |= st.builds(poisoned, operation.as_strategy(), st.sampled_from(range(len(HOSTILE))), st.integers(0, 20))

    def on_a_row(case: Any, is_real: bool) -> Any:
        if is_real:
            real = {name: world.ids[name] for name in case.path_parameters or {} if name in world.ids}
            case.path_parameters = dict(case.path_parameters or {}) | real
        return case

    return st.builds(on_a_row, some, st.sampled_from((True, True, False)))


def poisoned(case: Any, number: int, place: int) -> Any:
    """The call with a hostile value at one place of its body, or in its query."""
    value, body = HOSTILE[number], case.body
    if isinstance(body, dict) and body:
        case.body = body | {sorted(body)[place % len(body)]: value}
    elif case.query and isinstance(value, str | int):
        name = sorted(case.query)[place % len(case.query)]
        case.query = case.query | {name: str(value).replace("\ud83d", HALF)}
    return case


def has_one_shape(answer: Any) -> bool:
    """Whether it is an error as every error is: a type and a sentence."""
    body = answer.json()
    return body.keys() == {"error"} and body["error"].keys() == {"type", "message"} and bool(body["error"]["message"])


def test_no_call_that_the_document_can_make_fails_on_the_server(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caller, world = Caller(), make_world()
    document = caller.session.get(f"{site.address()}/api/v1/openapi.json").json()
    examples = EXAMPLES or FEW["postgresql" if "postgresql" in database else "sqlite"]
    wrong: dict[str, str] = {}
    for operation in operations(document):
        call_often(operation, caller, world, examples, wrong)
    assert not wrong, "\n\n".join(f"{name}: {text}" for name, text in wrong.items())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def call_often(operation: Any, caller: Caller, world: World, examples: int, wrong: dict[str, str]) -> None:
    """Make that many calls, and note the first of each kind that was answered wrongly."""

    @hypothesis.settings(
        max_examples=examples,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases(operation, world))
    def call(case: Any) -> None:
        answer = caller.call(case)
        kind = f"{case.method} {operation.path}: {answer.status_code}"
        try:
            case.validate_response(answer, checks=CHECKS)
        except Failure as error:
            wrong.setdefault(kind, f"{error}"[:1500])
        except FailureGroup as group:
            wrong.setdefault(kind, "".join(str(exception) for exception in group.exceptions)[:1500])
        if answer.status_code >= 400 and not has_one_shape(answer):
            wrong.setdefault(f"{kind}, not in the shape of errors", answer.text[:300])

    call()
