"""Changes of single knobs in a recipe's JSON, and what the steps and metrics that hold them are called."""

from collections.abc import Iterator
from typing import Any

from backend.errors import InvalidInput
from backend.recipes._slots import STEPS

Data = dict[str, Any]
LISTS = ("phases", "steps", "metrics")
"""The fields of a recipe that hold parts."""


def change(data: Data, changes: Data) -> None:
    """Apply `{"slot or step": {"knob": value}}` to a recipe's JSON; see `Recipe.with_changes`."""
    # All are looked up before any is written: a part that is replaced has another name then.
    targets = [(place, value, _holders(data, place)) for place, value in changes.items()]
    for place, value, holders in targets:
        for holder, key in holders:
            there = holder.get(key) if isinstance(holder, dict) else holder[key]
            holder[key] = _part(data, place, there, value) if isinstance(there, dict) else value


def _part(data: Data, place: str, there: Data, value: Any) -> Data:
    """Return the JSON of the part `there` after a change: of the same name with other knobs, or another part whole."""
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        raise InvalidInput(
            f"{place} is the part {there['name']} of the recipe {data['name']}, and {str(value)[:80]} is no part. Give "
            f'the name of another part, or an object of knobs: {{"{place}": {{"knob": value}}}}.'
        )
    return value if "name" in value and value["name"] != there["name"] else there | value


def called(data: Data) -> list[str]:
    """What a change may call the steps and metrics of a recipe's JSON, its fields left out."""
    names = [word for step in _all(data) for word in (step["name"], step["kind"], step["part"]["name"])]
    return [*dict.fromkeys(filter(None, (*names, *(metric["name"] for metric in data.get("metrics", ())), "schedule")))]


def several(recipe: str, kind: str, number: int) -> str:
    """What is said where a kind is called that stands several times, or never."""
    return (
        f"The recipe {recipe} has {number} steps of the kind {kind}, so it has to be said which one is meant. Name the "
        "step."
    )


def _ambiguous(recipe: str, place: str, steps: list[Data], numbers: str) -> str:
    kind = "kind" if place == steps[0]["kind"] else "part"
    return (
        f"The recipe {recipe} has {len(steps)} steps of the {kind} {place}, so it has to be said which one is meant. "
        f"Call it by its name or its number: {numbers}."
    )


def _holders(data: Data, place: str) -> list[tuple[Any, Any]]:
    """What holds the part or the field that a change calls `place`, and its key there."""
    if place in data:
        return [(data, place)]
    if holders := _numbered(data, place) or _of_steps(data, place):
        return holders
    metrics = data.get("metrics", [])
    return [(metrics, n) for n, metric in enumerate(metrics) if metric["name"] == place][:1] or [(data, place)]


def _of_steps(data: Data, place: str) -> list[tuple[Any, Any]]:
    """By its name; else by its kind or its part's name, where that stands once in its phase."""
    if not _phases(data):
        return [(data, slot) for slot in STEPS if data[slot]["name"] == place]
    holders = []
    for number, steps in enumerate(_phases(data), start=1):
        named = [step for step in steps if step["name"] == place]
        here = named or [step for step in steps if place in (step["kind"], step["part"]["name"])]
        if len(here) > 1:
            above = f"{number}/" if len(_phases(data)) > 1 else ""
            numbers = ", ".join(f"{above}{steps.index(step) + 1}" for step in here)
            raise InvalidInput(_ambiguous(str(data["name"]), place, here, numbers))
        holders += here
    return [(step, "part") for step in holders]


def _numbered(data: Data, place: str) -> list[tuple[Any, Any]]:
    """By its number from 1, as people see it: `3`, and of a recipe of phases `2/3`."""
    above, _, number = place.rpartition("/")
    phases = _phases(data)
    is_number = number.isdecimal() and (above.isdecimal() if len(phases) > 1 else not above)
    if not is_number or len(place) > 9:
        return []
    phase, index = int(above or 1) - 1, int(number) - 1
    if not phases:
        return [(data, STEPS[index])] if 0 <= index < len(STEPS) else []
    if not 0 <= phase < len(phases) or not 0 <= index < len(phases[phase]):
        return []
    return [(phases[phase][index], "part")]


def _phases(data: Data) -> list[list[Data]]:
    """The lists of steps; none where the recipe is written as slots."""
    if "phases" in data:
        return [phase["steps"] for phase in data["phases"]]
    return [data["steps"]] if "steps" in data else []


def _all(data: Data) -> Iterator[Data]:
    """Every step; of slots as if they were steps."""
    if not _phases(data):
        yield from ({"name": "", "kind": slot, "part": data[slot]} for slot in STEPS)
    for steps in _phases(data):
        yield from steps
