"""One HTTP endpoint that takes and returns JSON, with retries."""

import json
import random
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from backend.errors import EngineError, MissingPrerequisite
from backend.values import JSON

LONGEST_WAIT = 30.0
LONGEST_RETRY_AFTER = 300.0
REFUSALS = (400, 413, 422)  # the request itself is at fault; the caller may change it
RETRYABLE = (408, 409, 425, 429)
CONTEXT = re.compile(r"context[ _-]?(length|window|size)|maximum (model|prompt|input) length|too many tokens", re.I)
DROPPABLE = ("logprobs", "max_tokens", "n")


@dataclass(frozen=True)
class Refusal:
    """The server says that the request is wrong."""

    status: int
    message: str
    code: str
    param: str

    @property
    def is_context(self) -> bool:
        return self.code == "context_length_exceeded" or bool(CONTEXT.search(self.message))

    def names(self, sent: set[str]) -> str | None:
        """Return the field at fault, if it is one that can be left out or renamed."""
        for field in DROPPABLE:
            if field in sent and (self.param == field or re.search(rf"(?<![\w]){field}(?![\w])", self.message)):
                return field
        return None


class Endpoint:
    """Posts JSON; retries what may pass. The key is in no message and no repr."""

    def __init__(
        self, url: str, *, key: str | None, timeout: float, max_retries: int, retry_seconds: float, connections: int
    ) -> None:
        self.url = url
        self.timeout = timeout
        self.max_retries = max_retries
        self.retry_seconds = retry_seconds
        self._key = key
        self._gave_up = threading.Event()
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 15.0), pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    def close(self) -> None:
        self._client.close()

    def give_up(self) -> None:
        """End all waits for a retry, from another thread."""
        self._gave_up.set()

    def resume(self) -> None:
        self._gave_up.clear()

    def post(self, body: JSON) -> JSON | Refusal:
        """Return the reply, or the refusal of a wrong request; raises `EngineError` when retries do not help."""
        reason = ""
        for attempt in range(self.max_retries + 1):
            wanted = 0.0
            try:
                response = self._client.post(self.url, json=body)
            except httpx.TimeoutException:
                reason = f"no reply within {self.timeout:g} seconds"
            except httpx.RequestError as error:
                reason = f"no connection ({type(error).__name__}: {error})"
            else:
                result = self._read(response)
                if not isinstance(result, str):
                    return result
                reason, wanted = result, retry_after(response)
            if attempt < self.max_retries and self._gave_up.wait(max(wanted, self._backoff(attempt))):
                break
        raise EngineError(
            f"{self.url} failed {attempt + 1} times, last with: {self._clean(reason)}. "
            "Check that the server runs and is not overloaded, then resume."
        )

    def _read(self, response: httpx.Response) -> JSON | Refusal | str:
        """Return the reply, a refusal, or in words why to try again."""
        status = response.status_code
        if status in REFUSALS:
            return self._refusal(response)
        if status in (401, 403):
            raise MissingPrerequisite(
                f"{self.url} refused the key with status {status}: {self._refusal(response).message} "
                "Set the right key in the environment (see api_key_env) and restart."
            )
        if status in RETRYABLE or status >= 500:
            return f"status {status} {self._refusal(response).message}"
        if status != 200:
            raise EngineError(
                f"{self.url} answered with status {status}: {self._refusal(response).message} "
                "Check the base_url (it ends in /v1) and the model's name."
            )
        try:
            reply = response.json()
        except ValueError:
            return "a reply that is cut off or no JSON"
        if isinstance(reply, dict) and is_chat(reply):
            return reply
        return f"a reply without choices: {self._refusal(response).message}"

    def _refusal(self, response: httpx.Response) -> Refusal:
        try:
            error = response.json()
        except ValueError:
            error = {"message": response.text}
        if isinstance(error, dict):
            error = error.get("error", error)
        if not isinstance(error, dict):
            error = {"message": error if isinstance(error, str) else json.dumps(error)}
        message = self._clean(str(error.get("message") or error.get("detail") or "no reason given"))
        message = " ".join(message.split())[:300]
        return Refusal(
            status=response.status_code,
            message=message if message.endswith(".") else message + ".",
            code=str(error.get("code") or ""),
            param=str(error.get("param") or ""),
        )

    def _backoff(self, attempt: int) -> float:
        return min(LONGEST_WAIT, self.retry_seconds * 2**attempt) * random.uniform(0.5, 1.0)

    def _clean(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def is_chat(reply: object) -> bool:
    """Say whether a reply has at least one choice with a message."""
    choices = reply.get("choices") if isinstance(reply, dict) else None
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(choice, dict) and isinstance(choice.get("message"), dict) for choice in choices)
    )


def retry_after(response: httpx.Response) -> float:
    """Return the seconds the server asks to wait: given as a number or as a date, 0 if neither."""
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            seconds = 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
