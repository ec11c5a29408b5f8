"""Secrets that people and programs carry: made at random, stored as hashes; and how passwords are kept."""

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from backend.errors import InvalidInput

MIN_PASSWORD = 10
MAX_PASSWORD = 1000

# OWASP's smallest recommended argon2id setting: an installation's web process is meant to stay small.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_turns = threading.BoundedSemaphore(2)
"""Who hashes at the same time: each takes 19 MB and a core, and a page has to be drawn beside it."""
_hash_of_nothing = "$argon2id$v=19$m=19456,t=2,p=1$JRvoFA/Bwn4OWLNG7nrR1w$k1V0f4rWOPXDSGQejKROBKQmYWOUNYfz0obwy7qaL0c"


def make(prefix: str = "") -> str:
    """Return a new secret of 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is stored of a secret; no salt, because a random secret cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Return the hash of a password that is long enough."""
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(f"The password has {len(password)} characters. Choose one of at least {MIN_PASSWORD}.")
    if len(password) > MAX_PASSWORD:
        raise InvalidInput(f"The password is too long. Choose one of at most {MAX_PASSWORD} characters.")
    with _turns:
        return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Compare in the same time whether there is a hash or not."""
    try:
        with _turns:
            _hasher.verify(password_hash or _hash_of_nothing, password[:MAX_PASSWORD])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None
