"""Why pydantic refuses a value, in words for the person who typed it."""

from typing import Any

from pydantic import ValidationError


def explain(error: ValidationError) -> str:
    """Write a pydantic error for the person who typed: one line a field, the field's name first."""
    lines = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(place) for place in problem["loc"] if not str(place).startswith("function-"))
        lines.append(f"{where}: {words(problem)}" if where else words(problem))
    return "\n".join(lines)


def words(problem: Any) -> str:
    """What is wrong with one field, to follow its name."""
    kind, context = problem["type"], problem.get("ctx", {})
    limits = {
        "greater_than_equal": ("must be at least", "ge"),
        "greater_than": ("must be greater than", "gt"),
        "less_than_equal": ("must be at most", "le"),
        "less_than": ("must be less than", "lt"),
    }
    if kind in limits:
        words, key = limits[kind]
        return f"{words} {context[key]}"
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
    if kind == "extra_forbidden":
        return "is not known here"
    return str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be", 1)
