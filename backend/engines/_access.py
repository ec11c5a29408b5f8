"""Where an endpoint is, and with which key it is asked."""

import os
from urllib.parse import urlsplit

from backend.config import settings
from backend.errors import MissingPrerequisite

DEFAULT_KEY = "RONDO_OPENAI_API_KEY"


def address(value: str) -> str:
    """The address without a slash at its end; raises `ValueError` for what is none, or holds a key."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"The address {value!r} is not one. Write it like http://127.0.0.1:8000/v1.")
    if parts.username or parts.password or parts.query:
        raise ValueError("The address must not hold a key. Put it into the environment: see api_key_env.")
    return value.rstrip("/")


def key_of(variable: str, base_url: str) -> str | None:
    """The key in an environment variable, or that of the settings, without space around it; None where none is set.

    Raises `MissingPrerequisite` where one was named that is not set, or that no header can hold.
    """
    key = os.environ.get(variable)
    if not key and variable == DEFAULT_KEY:
        stored = settings().openai_api_key
        key = stored.get_secret_value() if stored else None
        if not key:
            return None
    # A key that was read out of a file ends in a line break.
    key = (key or "").strip()
    if not key:
        raise MissingPrerequisite(f"The key for {base_url} is not set. Set {variable} in the environment of Rondo.")
    if not key.isprintable():
        raise MissingPrerequisite(
            f"The key for {base_url} holds a line break or another control character. Set {variable} to the key alone."
        )
    return key
