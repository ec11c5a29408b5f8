"""When two prompts ask the same: by a key of the last user turn, in which blanks, case and spelling do not count."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
SHORT = 16
"""Longest text of one or two words that, as a later turn, counts with the turns before it: "go on" asks nothing."""


def normal(text: str) -> str:
    """The text in NFKC, without case and invisible characters, each run of blanks as one space."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
        text = unicodedata.normalize("NFKC", text)
    else:
        text = text.lower()
    return " ".join(text.split())


def text_key(text: str, turns: Sequence[str] = ()) -> int:
    """A 64-bit key (with sign) of the last user turn; `turns`: all turns of the chat without the system's."""
    normal_text = normal(text)
    if len(turns) > 1 and len(normal_text) <= SHORT and len(normal_text.split()) < 3:
        normal_text = "\n".join(map(normal, turns))
    digest = hashlib.blake2b(normal_text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
