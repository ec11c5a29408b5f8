"""A name as it stands in an address: `Countdown (2nd try)` is `countdown-2nd-try`.

Letters and digits of every script stay, in lower case; so do signs that are no ASCII, such as emoji. Runs of anything
else become one hyphen: no slash, dot or percent sign is left for a browser or a proxy to read its own way.
"""

import unicodedata
from collections.abc import Callable

NAMELESS = "project"
"""For a name of nothing but punctuation."""


def normal(text: str) -> str:
    """The one spelling of a slug, whichever way somebody typed it."""
    return unicodedata.normalize("NFC", text).lower()


def slug_of(name: str) -> str:
    """The name as a slug; different names may share one."""
    words = "".join(character if _stays(character) else " " for character in normal(name)).split()
    return "-".join(words) or NAMELESS


def free_slug(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name's slug, or the slug with the first number from 2 on that makes it nobody else's."""
    slug, number = slug_of(name), 1
    slug_ = slug
    while is_taken(slug_):
        number += 1
        slug_ = f"{slug}-{number}"
    return slug_


def _stays(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNM" or (category[0] == "S" and not character.isascii())
