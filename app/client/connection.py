"""One connection to a Rondo: who asks, what a refusal says, files in and out, lists page by page."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from .shapes import Page

T = TypeVar("T")
TRIES = 4
LONGEST_WAIT = 10.0
"""Seconds before what was refused because the server was busy is sent again."""


class Refused(Exception):
    """What the server refused, with its reason and the way out. `kind` is the error's type, `status` that of HTTP."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Connection:
    """Sends requests with a token. What was refused because the server was busy is sent again, three times."""

    def __init__(self, url: str, token: str, *, timeout: float) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1", headers=headers, timeout=timeout)

    def close(self) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        form: Any = None,
        file: str | Path | None = None,
    ) -> Any:
        """Return what the route answers, None where it answers nothing; raises `Refused`."""
        options: dict[str, Any] = {"params": _given(query)}
        if body is not None:
            options["json"] = body
        for tries_left in reversed(range(TRIES)):
            if file is None:
                answer = self._http.request(method, path, **options)
            else:
                with Path(file).open("rb") as opened:
                    files = {"file": (Path(file).name, opened)}
                    answer = self._http.request(method, path, data=_given(form), files=files, **options)
            wait = answer.headers.get("Retry-After", "")
            if answer.status_code not in (429, 503) or not wait.isdecimal() or not tries_left:
                break
            time.sleep(min(float(wait), LONGEST_WAIT))
        if not answer.is_success:
            raise _refusal(answer)
        return answer.json() if answer.content else None

    def save(self, method: str, path: str, to: str | Path, *, query: Mapping[str, Any] | None = None) -> Path:
        """Write what the route answers to a file, and return its path; raises `Refused`."""
        with self._http.stream(method, path, params=_given(query)) as answer:
            if not answer.is_success:
                answer.read()
                raise _refusal(answer)
            with Path(to).open("wb") as written:
                for piece in answer.iter_bytes():
                    written.write(piece)
        return Path(to)


class Noun:
    """The routes about one thing."""

    def __init__(self, connection: Connection) -> None:
        self._ask, self._save = connection.ask, connection.save


def every(listing: Callable[..., Page[T]], *args: Any, **options: Any) -> Iterator[T]:
    """What a list holds, page by page: `every(rondo.rounds.list_rounds, project_id)`."""
    after: str | None = None
    while True:
        page = listing(*args, **options, after=after)
        yield from page["items"]
        after = page["next"]
        if after is None:
            return


def part(name: str) -> str:
    """A text as a part of an address."""
    return quote(name, safe="")


def _given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those that were given: true and false as the server reads them, lists as several of one name."""
    return {name: _written(one) for name, one in (values or {}).items() if one is not None}


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return [_written(one) for one in value] if is_list else value


def _refusal(answer: httpx.Response) -> Refused:
    try:
        error = answer.json()["error"]
        return Refused(answer.status_code, error["type"], error["message"])
    except (ValueError, LookupError, TypeError):
        return Refused(answer.status_code, "RequestError", f"The server answered {answer.status_code}.")
