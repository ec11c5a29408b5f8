"""The installation's own secret: it signs cookies, and orders what nobody may foresee. It stays in the data folder."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from backend.config import settings

NAME = "secret.key"


def read() -> str:
    """The key of this data folder; made when it is first asked for."""
    return _read(settings().folder / NAME)


def derive(purpose: str) -> bytes:
    """32 bytes that depend on the key and this purpose alone: who knows them learns of no other purpose."""
    return hmac.digest(read().encode(), f"rondo.{purpose}".encode(), hashlib.sha256)


@lru_cache(maxsize=4)
def _read(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and linked into place: a second process never reads a key that is half there.
        aside = path.with_suffix(f".{secrets.token_hex(8)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            path.hardlink_to(aside)
        aside.unlink()
    return path.read_text().strip()
