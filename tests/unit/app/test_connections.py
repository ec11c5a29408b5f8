"""Which connections are left at once when the server ends."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.connections import Connection


@pytest.mark.parametrize(
    ("method", "accept", "is_stream"),
    [
        ("GET", b"text/event-stream", True),
        ("POST", b"application/json, text/event-stream", False),
        ("GET", b"text/html", False),
    ],
    ids=["a page", "an agent's call", "a page that is opened"],
)
def test_only_what_a_shown_page_listens_to_is_not_waited_for(method: str, accept: bytes, is_stream: bool) -> None:
    scope = {"method": method, "headers": [(b"accept", accept)]}
    connection = cast(Any, Connection.__new__(Connection))
    for is_over in (False, True):
        connection.cycle = SimpleNamespace(scope=scope, response_complete=is_over)
        assert connection.is_event_stream is (is_stream and not is_over)
