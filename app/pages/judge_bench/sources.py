"""What a bench can be opened on: labels of people in all rounds or in one, and what a filter finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.pages.judge_bench import shown
from app.widgets.context import Context
from app.widgets.sample_filters import from_address
from backend.errors import InvalidInput
from backend.services import rounds
from backend.services.judge_bench import labels, opening
from backend.values import JSON

ALL_ROUNDS, FILTER = "labels", "filter"
"""Where the samples come from: a round's number stands for the labels of that round."""


@dataclass(frozen=True)
class Sources:
    """`too_few`: why a choice cannot be taken, by its value. `query`: the filter of the address, with its round."""

    choices: list[tuple[str, str]]
    too_few: dict[str, str]
    query: JSON


def offered(here: Context, address: Mapping[str, str]) -> Sources:
    """The samples that a bench can be opened on, and the filter that the address brings along, with its round."""
    counted = labels.count(here.actor, here.project_id)
    many = f"{counted.labels:,} samples" if counted.labels != 1 else "1 sample"
    which = "all rounds" if counted.is_all else "the newest rounds"
    choices = [(f"Labels of people in {which}: {many}, {counted.gold:,} of them gold items", ALL_ROUNDS)]
    for id_, number, n in counted.rounds:
        choices.append((f"Labels of people in round {number}: {'not counted' if n is None else f'{n:,}'}", str(id_)))
    numbers = {ALL_ROUNDS: counted.labels} | {str(id_): n for id_, _, n in counted.rounds if n is not None}
    too_few = {value: why for value, number in numbers.items() if (why := opening.too_few(number))}
    known = {round_.id: round_.number for round_ in rounds.list_rounds(here.actor, here.project_id)}
    text = str(address.get("round", ""))
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or int(text) not in known:
        return Sources(choices, too_few, {})
    query = {name: value for name, value in from_address(address).items() if name not in ("sort", "at")}
    words = shown.filter_said(query)
    choices.append((f"What the filter of Samples finds in round {known[int(text)]}: {words}", FILTER))
    return Sources(choices, too_few, query | {"round": int(text)})


def round_of(source: str) -> int:
    """The round whose labels were chosen."""
    if not source.isascii() or not source.isdecimal() or len(source) > 18:
        raise InvalidInput("Choose the samples from the list.")
    return int(source)
