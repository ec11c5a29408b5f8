"""The canonical form of messages: by its hash two prompts are the same."""

import hashlib

from backend.services.prompts.files import limits
from backend.services.prompts.messages import BadRow


def canonical_turn(role: str, written: str) -> str:
    """One message of the canonical JSON, which has sorted keys and no blanks; its content is JSON already."""
    return f'{{"content":{written},"role":"{role}"}}'


def stored_turn(role: str, written: str) -> str:
    """The role first: the order that PostgreSQL keeps, so both databases return the same text."""
    return f'{{"role":"{role}","content":{written}}}'


def digest_of(canonical: str) -> bytes:
    """The SHA-256 of a canonical JSON, by which two prompts are the same.

    Raises `BadRow` for a text that is too long or no valid UTF-8.
    """
    if len(canonical) > limits.ROW_BYTES:
        raise BadRow(limits.too_long())
    try:
        return hashlib.sha256(canonical.encode()).digest()
    except UnicodeEncodeError as error:
        raise BadRow(not_text()) from error


def not_text() -> str:
    """What a row is told whose text is no valid UTF-8."""
    return "the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8"
