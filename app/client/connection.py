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
LONGEST_WAIT = 60.0
"""Seconds; what is to be asked for later than that is refused."""
NO_TOKEN = (
    "A client needs a token. Make one on the page People and account or with `rondo token create NAME`, and put it "
    "into the environment variable RONDO_TOKEN, or give it as `Rondo(url, token)`."
)


class Refused(Exception):
    """What the server refused, with its reason and the way out. `kind` is the error's type, `status` that of HTTP."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Connection:
    """Sends requests with a token. What a busy server refused is sent again, three times, where nothing is done twice.

    A 429 was not even looked at. Behind a 503 a change may have been saved: sent again is only what reads or claims,
    and decisions, which have a client_id. Raises `ValueError` without a token.
    """

    def __init__(self, url: str, token: str, *, timeout: float) -> None:
        token = token.strip()
        if not token:
            raise ValueError(NO_TOKEN)
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
            wait = _seconds_to_wait(answer, is_safe=_is_safe(method, path, body))
            if wait is None or not tries_left:
                break
            time.sleep(wait)
        if not answer.is_success:
            raise _refusal(answer)
        return answer.json() if answer.content else None

    def save(self, method: str, path: str, to: str | Path, *, query: Mapping[str, Any] | None = None) -> Path:
        """Write what the route answers to a file, and return its path; raises `Refused`.

        What was in the file stays until all of the answer has come.
        """
        for tries_left in reversed(range(TRIES)):
            with self._http.stream(method, path, params=_given(query)) as answer:
                if answer.is_success:
                    return _saved(answer, Path(to))
                answer.read()
            wait = _seconds_to_wait(answer, is_safe=method == "GET")
            if wait is None or not tries_left:
                break
            time.sleep(wait)
        raise _refusal(answer)


def _seconds_to_wait(answer: httpx.Response, *, is_safe: bool) -> float | None:
    """How long to wait before the request is sent again; None where it is not to be."""
    wait = answer.headers.get("Retry-After", "")
    is_busy = answer.status_code == 429 or (answer.status_code == 503 and is_safe)
    return float(wait) if is_busy and wait.isdecimal() and float(wait) <= LONGEST_WAIT else None


def _is_safe(method: str, path: str, body: Any) -> bool:
    """Whether the same request twice does the same as once."""
    if method == "GET" or path.endswith("/review/claims"):
        return True
    is_of_decisions = isinstance(body, Mapping) and body.keys() == {"decisions"}
    return is_of_decisions and all(
        isinstance(decision, Mapping) and decision.get("client_id") for decision in body["decisions"]
    )


def _saved(answer: httpx.Response, to: Path) -> Path:
    part_of_it = to.with_name(f"{to.name}.part")
    try:
        with part_of_it.open("wb") as opened:
            for piece in answer.iter_bytes():
                opened.write(piece)
        part_of_it.replace(to)
    finally:
        part_of_it.unlink(missing_ok=True)
    return to


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
    """A text as a part of an address; raises `ValueError` for one that would lead to another address."""
    if name in ("", ".", ".."):
        raise ValueError(f"{name!r} names nothing here. Give a name that is more than dots.")
    return quote(name, safe="")


def _given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those that were given: true and false as the server reads them, lists as several of one name."""
    return {name: _written(given) for name, given in (values or {}).items() if given is not None}


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return [_written(item) for item in value] if is_list else value


def _refusal(answer: httpx.Response) -> Refused:
    try:
        error = answer.json()["error"]
        return Refused(answer.status_code, error["type"], error["message"])
    except (ValueError, LookupError, TypeError):
        return Refused(answer.status_code, "RequestError", f"The server answered {answer.status_code}.")
