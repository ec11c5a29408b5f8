"""One HTTP endpoint that takes and returns JSON, with retries and bounds."""

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random_exponential

from backend.engines._refusals import Refusal, clean, refusal_of
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.values import JSON, FailureKind

LONGEST_WAIT = 30.0
LONGEST_RETRY_AFTER = 300.0
LARGEST_REPLY = 64 * 2**20
"""Bytes of one reply; 1,024 samples with log-probabilities take a third of it."""
LARGEST_ERROR = 64 * 2**10
REFUSALS = (400, 413, 422, 451)  # the request itself is at fault; the caller may change it
RETRYABLE = (408, 409, 425, 429)
ABSENT = (404, 405, 410, 501)  # there is no such address
SPENT = ("insufficient_quota", "billing_hard_limit_reached")
WAYS_OUT = {
    FailureKind.timeout: "Give it more time (timeout), or fewer requests at once (concurrency).",
    FailureKind.reply: "Check that the address is that of an OpenAI-compatible API (it ends in /v1).",
}
LIMITED = "Ask it less often (concurrency), or wait and try again."
RUNS = "Check that the server runs and is not overloaded, then try again."


@dataclass(frozen=True)
class HttpReply:
    """A reply's status, headers and body, read whole within the bounds."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Any:
        """Return the parsed body; raises `ValueError` for what is no JSON."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error

    @property
    def content(self) -> Any:
        """The parsed body, or its first characters as text."""
        try:
            return self.json()
        except ValueError:
            return self.body[:1000].decode("utf-8", errors="replace")


class RetryRequest(Exception):
    """Why a request is to be sent again, and what kind of failure it is when that does not help."""

    def __init__(self, kind: FailureKind, reason: str, wait: float = 0.0, way_out: str = "") -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.wait = wait
        self.way_out = way_out or WAYS_OUT.get(kind, RUNS)


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
        self._gave_up = threading.Event()
        # Between half and all of a time that doubles, so that many do not come back at once.
        half = {"multiplier": retry_seconds / 2, "max": LONGEST_WAIT / 2}
        self._backoff = wait_exponential(**half) + wait_random_exponential(**half)
        self._stop = stop_after_attempt(max_retries + 1)
        self._client = httpx.Client(
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            # The key goes to the address that a person typed, and nowhere else.
            follow_redirects=False,
            trust_env=by_proxies,
        )

    def close(self) -> None:
        self._client.close()

    def give_up(self) -> None:
        """End all waits for a retry, from another thread."""
        self._gave_up.set()

    def resume(self) -> None:
        self._gave_up.clear()

    def post(self, body: JSON) -> JSON | Refusal:
        """Return the reply, or the refusal of a wrong request.

        When retries do not help: raises `PromptError` where the request may be at fault, `EngineError` where the
        server is.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(RetryRequest),
            stop=self._stop,
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._try, body)
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

    def _sleep(self, seconds: float) -> None:
        if self._gave_up.wait(seconds):
            raise RetryRequest(FailureKind.error, "another request failed for good")

    def _try(self, body: JSON) -> JSON | Refusal:
        try:
            answer = self._send(body)
        except httpx.TimeoutException as error:
            is_over = self.until is not None and time.monotonic() >= self.until
            reason = "the time for all requests is over" if is_over else f"no reply within {self.timeout:g} seconds"
            raise RetryRequest(FailureKind.timeout, reason) from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol) as error:
            raise RetryRequest(FailureKind.error, f"no connection ({type(error).__name__}: {error})") from error
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            reason = "the server closed the connection before its reply was whole"
            raise RetryRequest(FailureKind.server, f"{reason} ({type(error).__name__})") from error
        except httpx.RequestError as error:
            raise RetryRequest(FailureKind.server, f"no connection ({type(error).__name__}: {error})") from error
        return self._read(answer)

    def get(self, url: str) -> Any:
        """Return what another address of the same server says, parsed; None where it has none, or says no JSON.

        Asked once. Raises `EngineError` where the server did not say whether it has one.
        """
        try:
            answer = self._send(None, url)
        except httpx.RequestError as error:
            raise EngineError(f"{url} gave no reply ({type(error).__name__}). {RUNS}") from error
        if answer.status not in (200, *ABSENT):
            raise EngineError(f"{url} answered with status {answer.status}. {RUNS}")
        try:
            return answer.json() if answer.status == 200 else None
        except ValueError:
            return None

    def _send(self, body: JSON | None, url: str = "") -> HttpReply:
        """Ask once. A reply that trickles is cut off at the time limit, a huge one at its size."""
        seconds = self.timeout if self.until is None else min(self.timeout, self.until - time.monotonic())
        if seconds <= 0:
            raise httpx.ReadTimeout("the time for all requests is over")
        until = time.monotonic() + seconds
        limits = httpx.Timeout(seconds, connect=min(seconds, 15.0), pool=None)
        method = "GET" if body is None else "POST"
        with self._client.stream(method, url or self.url, json=body, timeout=limits) as response:
            most = LARGEST_REPLY if response.status_code == 200 else LARGEST_ERROR
            content = bytearray()
            for piece in response.iter_bytes():
                content += piece
                if len(content) > most:
                    if response.status_code == 200:
                        raise PromptError(
                            f"{self.url} sent a reply of over {most // 2**20} MB, which is not read. Ask for fewer "
                            "samples or tokens at once.",
                            kind=FailureKind.reply,
                        )
                    break
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the reply trickles")
            return HttpReply(response.status_code, response.headers, bytes(content))

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


def retry_after(headers: httpx.Headers) -> float:
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
