"""Why pydantic refuses a value, in words for the person who typed it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

NO_UNITS: Mapping[str, tuple[int, str]] = MappingProxyType({})


def explain(error: ValidationError, units: Mapping[str, tuple[int, str]] = NO_UNITS) -> str:
    """Write a pydantic error for the person who typed: one line a field, the field's name first.

    `units`: how many of the unit that the person types make one, and what follows the number, by the field's name.
    """
    problems, lines = error.errors(include_url=False), []
    places = [problem["loc"] for problem in problems]
    for problem in problems:
        loc = problem["loc"]
        # A list that lacks what was refused inside of it is no fault of its own.
        if any(len(other) > len(loc) and other[: len(loc)] == loc for other in places):
            continue
        where = place(loc)
        text = words(problem, *units.get(where, (1, "")))
        lines.append(f"{where}: {text}" if where else text)
    return "\n".join(lines)


def place(loc: Sequence[int | str]) -> str:
    """The field's name; inside of a list of steps with the number of the step, from 1."""
    match tuple(loc):
        case ("steps", int(step), *rest):
            return ".".join([f"step {step + 1}", *_named(rest)])
        case ("phases", int(phase), "steps", int(step), *rest):
            above = f"phase {phase + 1}, step {step + 1}" if phase else f"step {step + 1}"
            return ".".join([above, *_named(rest)])
        case ("phases", int(phase), "steps"):
            return f"phase {phase + 1}, steps" if phase else "steps"
    return ".".join(_named(loc))


def _named(loc: Sequence[int | str]) -> list[str]:
    return [str(part) for part in loc if part != "part" and not str(part).startswith("function-")]


def words(problem: Any, times: int = 1, unit: str = "") -> str:
    """What is wrong with one field, to follow its name; a bound is told in the unit of which `times` make one."""
    kind, context = problem["type"], problem.get("ctx", {})
    limits = {
        "greater_than_equal": ("must be at least", "ge"),
        "greater_than": ("must be greater than", "gt"),
        "less_than_equal": ("must be at most", "le"),
        "less_than": ("must be less than", "lt"),
    }
    if kind in limits:
        words, key = limits[kind]
        return f"{words} {context[key] if times == 1 else format(context[key] * times, 'g')}{unit}"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return "must be a whole number"
    if kind in ("float_type", "float_parsing"):
        return "must be a number"
    if kind == "int_parsing_size":
        return "must be a number of at most 64 bits"
    if kind == "string_type" and problem["input"] is not None:
        return "must be a text"
    if kind in ("string_type", "missing"):
        return "must not be empty"
    if kind == "too_short":
        return f"must hold at least {context['min_length']}"
    if kind == "extra_forbidden":
        return "is not known here"
    return str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be", 1)
