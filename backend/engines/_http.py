"""One HTTP endpoint that takes and returns JSON, with retries and bounds."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random_exponential

from backend.engines import _in_flight
from backend.engines._event_stream import EventStream, Hear
from backend.engines._http_reply import RUNS, HttpReply, RetryRequest
from backend.engines._refusals import Refusal, clean, refusal_of
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.values import JSON, FailureKind

if TYPE_CHECKING:
    from concurrent.futures import Future

    from backend.engines._client import HttpClient

T = TypeVar("T")
LONGEST_WAIT = 30.0
LONGEST_RETRY_AFTER = 300.0
REFUSALS = (400, 413, 422, 451)  # the request itself is at fault; the caller may change it
RETRYABLE = (408, 409, 425, 429)
ABSENT = (404, 405, 410, 501)  # there is no such address
SPENT = ("insufficient_quota", "billing_hard_limit_reached")
LIMITED = "Ask it less often (concurrency), or wait and try again."


class EndpointClient:
    """Posts JSON; retries what may pass. The key is in no message and no repr."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None,
        timeout: float,
        max_retries: int,
        retry_seconds: float,
        connections: int,
        is_reply: Callable[[object], bool] | None = None,
        by_proxies: bool = True,
    ) -> None:
        """is_reply: whether parsed JSON is a reply, and no error in its place; unset: to a chat.

        by_proxies: whether the proxies are used that the environment names.
        """
        self.url = url
        self._is_reply = is_reply or is_chat
        self.timeout = timeout
        self.until: float | None = None
        """When all requests together have to be over, by `time.monotonic`."""
        self._key = key
        # Between half and all of a time that doubles, so that many do not come back at once.
        half = {"multiplier": retry_seconds / 2, "max": LONGEST_WAIT / 2}
        self._backoff = wait_exponential(**half) + wait_random_exponential(**half)
        self._stop = stop_after_attempt(max_retries + 1)
        self._requests = _in_flight.RequestsInFlight(connections)
        with ExitStack() as undone:
            undone.callback(self._requests.close)
            self._client = self._requests.run(self._opened, connections, by_proxies)
            undone.pop_all()

    async def _opened(self, connections: int, by_proxies: bool) -> "HttpClient":
        from backend.engines._client import HttpClient

        return HttpClient(self.url, key=self._key, connections=connections, by_proxies=by_proxies)

    def close(self) -> None:
        """Close all connections; what is still under way is cancelled."""
        try:
            self._requests.give_up(at_once=True)
            self._requests.run(self._client.close)
        finally:
            self._requests.close()

    def run(self, ask: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """Return what one coroutine returns that asks this endpoint; raises what it raises."""
        return self._requests.run(ask, *arguments)

    def start(self, ask: Callable[..., Awaitable[T]], *arguments: object) -> "Future[T]":
        """Begin what `run` does, and return at once. Who cancels it closes its connection."""
        return self._requests.start(ask, *arguments)

    def together(self, calls: Sequence[Callable[[], Awaitable[T]]], most: int | None = None) -> list[T | Exception]:
        """What each coroutine returned or raised, see `RequestsInFlight.together`."""
        return self._requests.together(calls, most)

    def give_up(self, *, at_once: bool) -> None:
        """Ask nothing more, for whatever thread. at_once: what is under way is cancelled, else it is waited for."""
        self._requests.give_up(at_once=at_once)

    async def post(self, body: JSON, hear: Hear | None = None) -> JSON | Refusal:
        """Return the reply, or the refusal of a wrong request. hear: gets its text in pieces, where the server sends
        such.

        When retries do not help: raises `PromptError` where the request may be at fault, `EngineError` where the
        server is.
        """
        _in_flight.check()
        try:
            return await self._try(body, hear)
        except RetryRequest as error:
            first = error
        return await self._try_again(first, body, hear)

    async def _try_again(self, first: RetryRequest, body: JSON, hear: Hear | None) -> JSON | Refusal:
        """Go on after the first try. Setting up tenacity takes a quarter of what a request does, and few need it."""
        failed = [first]

        async def attempt() -> JSON | Refusal:
            if failed:
                raise failed.pop()
            return await self._try(body, hear)

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(RetryRequest),
            stop=self._stop,
            wait=self._wait,
            sleep=_in_flight.sleep,
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except RetryRequest as last:
            tries = retrying.statistics["attempt_number"]
            how_often = "failed" if tries == 1 else f"failed {tries} times, last"
            message = f"{self.url} {how_often} with: {clean(last.reason, self._key)}. {last.way_out}"
            if last.kind is FailureKind.error:
                raise EngineError(message) from None
            raise PromptError(message, kind=last.kind) from None

    def _wait(self, state: RetryCallState) -> float:
        """Return the seconds to wait: the back-off, or what the server asks for where that is longer."""
        error = state.outcome.exception() if state.outcome else None
        return max(error.wait if isinstance(error, RetryRequest) else 0.0, self._backoff(state))

    async def _try(self, body: JSON, hear: Hear | None) -> JSON | Refusal:
        stream = EventStream(hear) if hear is not None else None
        try:
            return self._read(await self._send(body, stream=stream))
        except RetryRequest as error:
            if stream is None or not stream.has_begun:
                raise
            message = f"{self.url} broke off in the middle of its reply: {clean(error.reason, self._key)}. {RUNS}"
            raise PromptError(message, kind=error.kind) from None

    def get(self, url: str) -> Any:
        """Return what another address of the same server says, parsed; None where it has none, or says no JSON.

        Asked once. Raises `EngineError` where the server did not say whether it has one.
        """
        try:
            answer = self._requests.run(self._send, None, url)
        except RetryRequest as error:
            raise EngineError(f"{url} gave no reply ({clean(error.reason, self._key)}). {RUNS}") from None
        if answer.status not in (200, *ABSENT):
            raise EngineError(f"{url} answered with status {answer.status}. {RUNS}")
        try:
            return answer.json() if answer.status == 200 else None
        except ValueError:
            return None

    async def _send(self, body: JSON | None, url: str = "", stream: EventStream | None = None) -> HttpReply:
        """Ask once, within the time that one reply has and that all have together."""
        seconds = self.timeout if self.until is None else min(self.timeout, self.until - time.monotonic())
        try:
            if seconds <= 0:
                raise RetryRequest(FailureKind.timeout, "")
            return await self._client.send(url or self.url, body, seconds, stream)
        except RetryRequest as error:
            if error.kind is not FailureKind.timeout:
                raise
            is_over = self.until is not None and time.monotonic() >= self.until
            reason = "the time for all requests is over" if is_over else f"no reply within {self.timeout:g} seconds"
            raise RetryRequest(FailureKind.timeout, reason) from error

    def _read(self, answer: HttpReply) -> JSON | Refusal:
        """Return the reply or a refusal; raises `RetryRequest` for what may pass."""
        status = answer.status
        if status == 200:
            return self._reply(answer)
        refusal = refusal_of(status, answer.content, key=self._key)
        if status in REFUSALS or (status == 403 and refusal.is_filter):
            if refusal.is_missing_model:
                raise self._wrong_address(status, refusal.message)
            return refusal
        if status in (401, 403) and self._key is None:
            raise MissingPrerequisite(
                f"{self.url} asks for a key (status {status}), and none was sent: {refusal.message} Set a variable "
                "like RONDO_MY_API_KEY in the environment of Rondo, and name it as api_key_env."
            )
        if status in (401, 403):
            raise MissingPrerequisite(
                f"{self.url} refused the key with status {status}: {refusal.message} "
                "Set the right key in the environment (see api_key_env) and restart."
            )
        if status == 429 and refusal.code in SPENT:
            raise EngineError(f"{self.url} says that the account is spent: {refusal.message} Raise its limit.")
        if status in RETRYABLE or status >= 500:
            kind = FailureKind.error if status == 429 else FailureKind.server
            wait = retry_after(answer.headers)
            reason = f"status {status} {refusal.message}"
            if status == 429:
                reason += " It limits how often it is asked" + (f", and asks to wait {wait:g} seconds" if wait else "")
            raise RetryRequest(kind, reason, wait, LIMITED if status == 429 else "")
        if 300 <= status < 400:
            where = answer.headers.get("Location", "another address")[:200]
            raise self._wrong_address(status, f"it redirects to {where}, which is not followed.")
        raise self._wrong_address(status, refusal.message)

    def _wrong_address(self, status: int, message: str) -> EngineError:
        return EngineError(
            f"{self.url} answered with status {status}: {message} "
            "Check the base_url (it ends in /v1) and the model's name."
        )

    def _reply(self, answer: HttpReply) -> JSON | Refusal:
        """Read what came with status 200, which is not always a reply."""
        try:
            reply = answer.json()
        except ValueError as error:
            sort = answer.headers.get("Content-Type", "of no type")[:60]
            raise RetryRequest(FailureKind.reply, f"a reply that is cut off or no JSON ({sort})") from error
        if isinstance(reply, dict) and self._is_reply(reply):
            return reply
        refusal = refusal_of(200, reply, key=self._key)
        if refusal.is_context or refusal.is_filter:
            return refusal
        raise RetryRequest(
            FailureKind.reply, f"a reply without choices: {refusal.message}", retry_after(answer.headers)
        )


def is_chat(reply: object) -> bool:
    """Say whether a reply has at least one choice, each with a message."""
    choices = reply.get("choices") if isinstance(reply, dict) else None
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(choice, dict) and isinstance(choice.get("message"), dict) for choice in choices)
    )


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds the server asks to wait: given as a number or as a date, 0 if neither."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            seconds = 0.0
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
