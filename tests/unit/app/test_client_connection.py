"""The client's connection: what is sent again, and a file that comes whole or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.client import connection
from app.client.connection import Connection, Refused, part

DECISIONS = {"decisions": [{"client_id": "12345678", "sample_id": 1, "kind": "accept"}]}


def over(answer: Callable[[httpx.Request], httpx.Response]) -> Connection:
    """A connection to what answers so."""
    result = Connection("http://127.0.0.1:1", "a token\n", timeout=5)
    result._http = httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(answer))
    return result


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "wait", "times"),
    [
        ("GET", "/projects", None, 503, "2", 4),
        ("POST", "/rounds/1/decisions", DECISIONS, 503, "2", 4),
        ("POST", "/rounds/1/review/claims", {"limit": 2}, 503, "2", 4),
        ("POST", "/projects/1/rounds", {}, 503, "2", 1),
        ("POST", "/projects/1/rounds", {}, 429, "2", 4),
        ("POST", "/rounds/1/decisions", {"decisions": [{"sample_id": 1}]}, 503, "2", 1),
        ("GET", "/projects", None, 503, "61", 1),
        ("GET", "/projects", None, 500, "2", 1),
    ],
)
def test_only_what_is_not_done_twice_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any, status: int, wait: str, times: int
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(connection.time, "sleep", waited.append)
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, headers={"Retry-After": wait})

    with pytest.raises(Refused):
        over(answer).ask(method, path, body=body)
    assert (len(asked), waited) == (times, [2.0] * (times - 1))


def test_a_file_is_replaced_once_all_of_it_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.time, "sleep", lambda _: None)
    to = tmp_path / "rows.jsonl"
    to.write_text("before")

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("The line is broken.")

    with pytest.raises(httpx.ReadError):
        over(lambda _: httpx.Response(200, content=broken())).save("GET", "/file", to)
    assert (to.read_text(), [*tmp_path.iterdir()]) == ("before", [to])
    answers = [httpx.Response(429, headers={"Retry-After": "1"}), httpx.Response(200, content=b"after")]
    assert over(lambda _: answers.pop(0)).save("GET", "/file", to) == to
    assert (to.read_text(), [*tmp_path.iterdir()]) == ("after", [to])


def test_a_missing_token_and_a_name_of_dots_are_said_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="RONDO_TOKEN"):
        Connection("http://127.0.0.1:1", " \n", timeout=5)
    assert part("a/b ?") == "a%2Fb%20%3F"
    for name in ("", ".", ".."):
        with pytest.raises(ValueError, match="names nothing"):
            part(name)
