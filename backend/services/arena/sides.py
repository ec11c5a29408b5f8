"""Which answer stands on which side, for one person and one match: drawn from a secret that never leaves the server.

The order of matches, the sides and the name of a match differ from person to person, so that nothing which is sent
says whose answer is whose, and nobody learns it from what a colleague saw.
"""

import hashlib
import hmac
from collections.abc import Iterable

TOKEN_CHARACTERS = 32


def _drawn(secret: str, what: str, match_id: int, user_id: int) -> str:
    message = f"{what} {match_id} {user_id}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def is_swapped(secret: str, match_id: int, user_id: int) -> bool:
    """Return whether the second checkpoint's answer stands on the left."""
    return int(_drawn(secret, "side", match_id, user_id), 16) % 2 == 1


def token(secret: str, match_id: int, user_id: int) -> str:
    """Return the name of a match for one person: it says neither its number nor its sides."""
    return _drawn(secret, "token", match_id, user_id)[:TOKEN_CHARACTERS]


def ordered(secret: str, match_ids: Iterable[int], user_id: int) -> list[int]:
    """Return the matches in the order in which one person sees them."""
    return sorted(match_ids, key=lambda match_id: _drawn(secret, "order", match_id, user_id))
