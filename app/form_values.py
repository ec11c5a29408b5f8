"""What a knob's field shows of its value, and what was typed there as a value again."""

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from backend.errors import InvalidInput
from backend.services.recipes.knobs import Knob, KnobType
from backend.translations import gettext

UNSET = "(not set)"
LONGEST_WORDS = 160
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def all_of(*readings: Callable[[], Any]) -> list[Any]:
    """What each of them reads; raises one `InvalidInput` with a line for each field that was refused."""
    values, lines = [], []
    for reading in readings:
        try:
            values.append(reading())
        except InvalidInput as error:
            lines.append(error.message)
    if lines:
        raise InvalidInput("\n".join(lines))
    return values


def help_text(knob: Knob) -> str:
    """What stands under the field: description, bounds, default."""
    default = to_input(knob, knob.default)
    limits = [knob.bounds] if knob.bounds else []
    if not knob.is_required and knob.type in (KnobType.integer, KnobType.number, KnobType.floats, KnobType.choice):
        limits.append(f"default {'not set' if default in (None, UNSET, '') else default}")
    words = knob.description[:1].upper() + knob.description[1:]
    return f"{words} ({', '.join(limits)})".strip() if limits else words


def path_key(path: Iterable[str | int]) -> str:
    """The path of a field as text: another one for every field of a form."""
    return ".".join(map(str, path))


def as_words(value: Any) -> str:
    """A value of a recipe in a sentence; a long text is only said to be another one."""
    if value is None or value == "":
        return gettext("nothing")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_WORDS and "\n" not in text else gettext("something longer")


def shown(knob: Knob, value: Any) -> Any:
    """What the field of a knob shows of a recipe's value; one that is absent shows its default."""
    return to_input(knob, knob.default if value is None and not knob.is_optional else value)


def to_input(knob: Knob, value: Any) -> Any:
    """Turn a knob's JSON into what its component shows."""
    match knob.type:
        case KnobType.boolean if knob.is_optional:
            return UNSET if value is None else "yes" if value else "no"
        case KnobType.choice:
            return UNSET if value is None and knob.is_optional else None if value is None else str(value)
        case KnobType.strings if knob.choices:
            return list(value or [])
        case KnobType.strings:
            return "\n".join(_escaped(text) for text in value or [])
        case KnobType.floats:
            return ", ".join(map(_as_typed, value or []))
        case KnobType.json:
            return "" if value is None else json.dumps(value, ensure_ascii=False, indent=1)
        case KnobType.string | KnobType.text:
            return "" if value is None else value
    return value


def from_input(knob: Knob, value: Any, name: str) -> Any:
    """Turn what was typed into a knob's JSON; raises `InvalidInput` with the field's name."""
    readers: dict[KnobType, Callable[[Any], Any]] = {
        KnobType.integer: _number,
        KnobType.number: _number,
        KnobType.boolean: lambda typed: typed in (True, "yes"),
        KnobType.strings: list if knob.choices else _strings,
        KnobType.floats: _floats,
        KnobType.json: _json,
    }
    if knob.is_optional and value in (None, "", UNSET):
        return None
    try:
        return readers.get(knob.type, str)("" if value is None else value)
    except ValueError as error:
        raise InvalidInput(f"{name}: {error}") from error
    except (TypeError, AttributeError, OverflowError) as error:
        raise InvalidInput(f"{name}: this field does not hold {type(value).__name__}. Type its value again.") from error


def _number(value: Any) -> float | int:
    if value == "" or isinstance(value, bool):
        raise ValueError("must be a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("must be a number")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _as_typed(number: float) -> str:
    """As short as people type it where that is the same number, else with all its digits."""
    short = f"{number:g}"
    return short if float(short) == number else str(number)


def _floats(text: str) -> list[float | int]:
    pieces = [piece.strip() for piece in text.replace("\n", ",").split(",")]
    try:
        return [_number(piece) for piece in pieces if piece]
    except ValueError as error:
        raise ValueError("must be numbers with commas between them") from error


def _strings(text: str) -> list[str]:
    return [_unescaped(line) for line in text.split("\n") if line]


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from error


def _escaped(text: str) -> str:
    return "".join(ESCAPES.get(character, character) for character in text)


def _unescaped(line: str) -> str:
    result, rest = "", iter(line)
    for character in rest:
        if character != "\\":
            result += character
            continue
        following = next(rest, "")
        result += {"n": "\n", "t": "\t", "\\": "\\"}.get(following, "\\" + following)
    return result
