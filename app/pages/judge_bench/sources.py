"""What a bench can be opened on: labels of people in all rounds or in one, and what a filter finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.pages.judge_bench import shown
from app.widgets.context import Context
from app.widgets.sample_filters import from_address
from backend.errors import InvalidInput
from backend.services import rounds
from backend.services.judge_bench import labels, opening
from backend.translations import gettext, ngettext
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
    many = ngettext(
        "Labels of people in the newest rounds: {number} sample, {gold} of them gold items",
        "Labels of people in the newest rounds: {number} samples, {gold} of them gold items",
        counted.labels,
    )
    if counted.is_all:
        many = ngettext(
            "Labels of people in all rounds: {number} sample, {gold} of them gold items",
            "Labels of people in all rounds: {number} samples, {gold} of them gold items",
            counted.labels,
        )
    choices = [(many.format(number=f"{counted.labels:,}", gold=f"{counted.gold:,}"), ALL_ROUNDS)]
    of_round = gettext("Labels of people in round {number}: {count}")
    for id_, number, n in counted.rounds:
        count = gettext("not counted") if n is None else f"{n:,}"
        choices.append((of_round.format(number=number, count=count), str(id_)))
    numbers = {ALL_ROUNDS: counted.labels} | {str(id_): n for id_, _, n in counted.rounds if n is not None}
    too_few = {value: why for value, number in numbers.items() if (why := opening.too_few(number))}
    known = {round_.id: round_.number for round_ in rounds.list_rounds(here.actor, here.project_id)}
    text = str(address.get("round", ""))
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or int(text) not in known:
        return Sources(choices, too_few, {})
    query = {name: value for name, value in from_address(address).items() if name not in ("sort", "at")}
    words = shown.filter_said(query)
    by_filter = gettext("What the filter of Samples finds in round {number}: {filter}")
    choices.append((by_filter.format(number=known[int(text)], filter=words), FILTER))
    return Sources(choices, too_few, query | {"round": int(text)})


def round_of(source: str) -> int:
    """The round whose labels were chosen."""
    if not source.isascii() or not source.isdecimal() or len(source) > 18:
        raise InvalidInput("Choose the samples from the list.")
    return int(source)
