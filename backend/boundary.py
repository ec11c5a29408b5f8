"""What may come in from outside: numbers of rows, counts, seeds, names, texts. The one place of their limits.

The types are for request bodies, query strings and dataclasses of services; the functions check one value for a
service and raise `InvalidInput` with subject, reason and way out. What neither sees is refused by the database's
sessions (`backend/db/refused.py`).
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen
from pydantic import AfterValidator, AllowInfNan, AwareDatetime, BeforeValidator

from backend.errors import InvalidInput

MOST_ID = 2**63 - 1
"""The highest number that a row can have in SQLite and PostgreSQL."""
MOST_COUNT = 2**31 - 1
MOST_SEED = 2**31 - 1
"""NumPy takes no seed of more than 32 bits."""
MOST_SCORE = 1e9
MOST_LINE = 1_000
MOST_NOTE = 4_000
MOST_TEXT = 1_000_000
MOST_NAME = 120
MOST_DEPTH = 64
"""How deep lists and objects may stand in each other; pydantic writes no more than 255."""

HALF = re.compile("[\ud800-\udfff]")
JOINERS = "\u200c\u200d"
"""Persian, Hindi and emoji are spelled with them; alone they show nothing."""
BLANK = frozenset(f"{JOINERS} \u115f\u1160\u2800\u3164\uffa0")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def fault_of(text: str, most: int = MOST_TEXT) -> str | None:
    """What is wrong with a text, to follow its name; None where it can be kept."""
    if len(text) > most:
        return f"has {len(text):,} characters, and {most:,} are allowed. Shorten it"
    if "\x00" in text:
        return "holds a NUL character, which no database keeps. Remove it"
    half = None if text.isascii() else HALF.search(text)
    if half:
        return (
            f"holds half of an emoji (U+{ord(half[0]):04X} alone), which cannot be stored. Remove it, or type it again"
        )
    return None


def fault_of_name(name: str, most: int = MOST_NAME) -> str | None:
    """What is wrong with a name that `tidied` returned, to follow what it names."""
    fault = fault_of(name, most)
    if fault or not name:
        return fault or "is empty. Type one"
    odd = next((c for c in name if not c.isprintable() and c not in JOINERS), None)
    if odd is not None:
        called = unicodedata.name(odd, f"U+{ord(odd):04X}")
        return f"holds a character that cannot be seen ({called}). Use printable characters on one line"
    if all(c in BLANK or unicodedata.category(c)[0] == "M" for c in name):
        return "holds nothing that can be seen. Use at least one letter, digit or sign"
    return None


def tidied(name: str) -> str:
    """The name in Unicode's composed form (NFC), each blank a plain one, and none at its ends."""
    plain = name if name.isascii() else "".join(" " if unicodedata.category(c) == "Zs" else c for c in name)
    return unicodedata.normalize("NFC", plain).strip()


def name(value: str, subject: str, most: int = MOST_NAME) -> str:
    """Return the name as it is kept. `subject` begins the sentence of `InvalidInput`: "A project's name"."""
    if not isinstance(value, str):
        raise InvalidInput(f"{subject} is a text, not {type(value).__name__}. Type one.")
    kept = tidied(value)
    if fault := fault_of_name(kept, most):
        raise InvalidInput(f"{subject} {fault}.")
    return kept


def text(value: str, subject: str, most: int = MOST_TEXT) -> str:
    """Return the text unchanged. `subject` begins the sentence of `InvalidInput`: "The note"."""
    if not isinstance(value, str):
        raise InvalidInput(f"{subject} is a text, not {type(value).__name__}. Type one.")
    if fault := fault_of(value, most):
        raise InvalidInput(f"{subject} {fault}.")
    return value


def whole(value: Any, subject: str, *, least: int = 0, most: int = MOST_COUNT) -> int:
    """Return a whole number between the bounds; a form hands in floats, None and texts. Raises `InvalidInput`."""
    # Between the bounds first: what is beyond them may be too large for a float. No NaN is between them.
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    if not is_number or value != int(value):
        raise InvalidInput(f"{subject}: must be a whole number from {least:,} to {most:,}. Type one.")
    return int(value)


def plain(value: Any, depth: int = 0) -> Any:
    """Return what JSON can hold, unchanged. Raises `InvalidInput` where something in it could not be kept."""
    if fault := fault_of_plain(value, depth):
        raise InvalidInput(f"Something in this cannot be used: {fault}.")
    return value


def fault_of_plain(value: Any, depth: int = 0) -> str | None:
    """What is wrong with a value made of lists, objects, texts and numbers; what else it holds is not looked at."""
    if isinstance(value, str):
        fault = fault_of(value)
        return f"a text {fault}" if fault else None
    if isinstance(value, float):
        return None if math.isfinite(value) else "a number is not finite. Type another one"
    if isinstance(value, int):
        return None if -MOST_ID <= value <= MOST_ID else "a number has more than 64 bits. Type a smaller one"
    if isinstance(value, dict | list | tuple):
        if depth == MOST_DEPTH:
            return f"it is nested more than {MOST_DEPTH} deep. Send something flatter"
        return next((fault for item in _inside(value) if (fault := fault_of_plain(item, depth + 1))), None)
    return None


def fault_of_depth(value: Any) -> str | None:
    """What is wrong with a value that is nested too deep to be written down again; None for any other."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        level = [inner for item in level if isinstance(item, dict | list | tuple) for inner in _children(item)]
        if not level:
            return None
    return f"is nested more than {MOST_DEPTH} deep"


def _children(value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value)


def _inside(value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    else:
        yield from value


def clean(text: str) -> str:
    """What a model wrote, with a replacement for what cannot be kept: a NUL character, half of an emoji."""
    text = text.replace("\x00", REPLACEMENT)
    return text if text.isascii() else HALF.sub(REPLACEMENT, text)


def _kept(value: Any) -> Any:
    """Before pydantic looks at a text, which says less of half an emoji."""
    if isinstance(value, str) and (fault := fault_of(value, len(value))):
        raise ValueError(fault)
    return value


def fault_of_time(value: datetime) -> str | None:
    """Say why a time with a zone cannot be used; None where it can: there is a time in UTC for it."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        return "is outside the years 1 to 9999 in UTC. Choose a time between."
    return None


def _in_time(value: datetime) -> datetime:
    if fault := fault_of_time(value):
        raise ValueError(fault)
    return value


def _named(value: str) -> str:
    kept = tidied(value)
    if fault := fault_of_name(kept):
        raise ValueError(fault)
    return kept


def _plain(value: Any) -> Any:
    if fault := fault_of_plain(value):
        raise ValueError(f"cannot be used: {fault}")
    return value


def _recipe(value: Any) -> Any:
    """Before pydantic tries each kind in turn, and names both where neither fits."""
    if not isinstance(value, dict | str):
        raise ValueError("must be a whole recipe, or the name of one")
    return _plain(value)


Id = Annotated[int, Ge(0), Le(MOST_ID)]
"""The number of a row; 0 is that of none."""
Count = Annotated[int, Ge(0), Le(MOST_COUNT)]
Seed = Annotated[int, Ge(0), Le(MOST_SEED)]
Score = Annotated[float, Ge(-MOST_SCORE), Le(MOST_SCORE), AllowInfNan(allow_inf_nan=False)]
Name = Annotated[str, MaxLen(MOST_NAME), BeforeValidator(_kept), AfterValidator(_named)]
Line = Annotated[str, MaxLen(MOST_LINE), BeforeValidator(_kept)]
"""What is searched for, chosen or pointed at."""
Note = Annotated[str, MaxLen(MOST_NOTE), BeforeValidator(_kept)]
Text = Annotated[str, MaxLen(MOST_TEXT), BeforeValidator(_kept)]
Time = Annotated[AwareDatetime, AfterValidator(_in_time)]
"""A time with its zone."""
Data = Annotated[dict[str, Any], BeforeValidator(_plain)]
"""An object of any shape: knobs, settings, what a decision says."""
RecipeOrName = Annotated[dict[str, Any] | str, BeforeValidator(_recipe)]
