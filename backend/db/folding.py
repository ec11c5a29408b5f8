"""How texts are made alike before they are searched: Unicode's NFKC form, no invisible characters, no case.

The text index splits at whatever is no letter and no digit. Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese and
Tibetan are written without blanks between words (Korean: without blanks before endings), so there each character is
a word of the index, and a row of characters is found wherever it stands.
"""

import re
import unicodedata

INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"
"""Soft hyphen, zero-width blanks and joiners, byte order mark, as a range of a regular expression."""
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The scripts in which each character is a word of the index, as such a range."""

_invisible = re.compile(f"[{INVISIBLE}]")
_unspaced = re.compile(f"([{UNSPACED}])")
_blanks = re.compile(r"\s+")


def indexed(text: str | None) -> str | None:
    """Return the text as the index of SQLite reads it. A text of ASCII characters alone comes back as it is."""
    if text is None or text.isascii():
        return text
    return _unspaced.sub(r" \1 ", _invisible.sub("", unicodedata.normalize("NFKC", text)))


def folded(text: str) -> str:
    """Return the text as a row of characters is looked for in it: NFKC, without case, each run of blanks one blank."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _invisible.sub("", unicodedata.normalize("NFKC", text).casefold()))
    else:
        text = text.lower()
    return _blanks.sub(" ", text)
