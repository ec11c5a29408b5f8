"""Facets of metadata: which values the prompts and imports of a round have, of which type, for filters to choose."""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sqlalchemy import select

from backend.db import reading, tables
from backend.db.filter_tests import MOST_DIGITS, MetadataTest
from backend.db.listing_metadata import OWN
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.services.samples.histograms import HistogramBin
from backend.values import SetUse

LOOKED_AT = 2_000
"""So many prompts of each set are looked at, and so many samples for metadata of their own;"""
LOOKED_AT_IN_ALL = 10_000
"""of many sets fewer, together so many."""
MOST = 30
"""So many facets a round has at most, those of the most frequent keys."""
FEW = 12
"""So many different values are choices; of more, numbers and dates are ranges."""
BINS = 20
NUMBER = re.compile(rf"(?=.{{1,{MOST_DIGITS}}}\Z)[-+]?[0-9]+[.]?[0-9]*")
"""A number that is written as a text, as the filter reads it."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")
"""A day, with or without its time, as the filter reads it."""


class FacetKind(StrEnum):
    choice = "choice"
    number = "number"
    date = "date"
    text = "text"


@dataclass(frozen=True)
class FacetChoice:
    """`test`: the filter that finds it; empty where a filter cannot hold the value."""

    value: str
    count: int
    test: str = ""


@dataclass(frozen=True)
class MetadataFacet:
    """What one key holds. Counts are of prompts, and of samples with metadata of their own; `is_exact` False: of the
    first ones.

    `choices` are those of the kind choice, `bins` of the kind number; `low` and `high` of the kind date.
    """

    key: str
    kind: FacetKind
    num_prompts: int
    is_exact: bool
    choices: tuple[FacetChoice, ...] = ()
    bins: tuple[HistogramBin, ...] = ()
    low: str = ""
    high: str = ""


def facets(actor: Actor, round_id: int) -> list[MetadataFacet]:
    """The facets of the prompts that the round asks, and of what an import says of its samples; none while the judge's
    view is hidden from the actor, since a file may say in its columns what a judge would."""
    used, prompt, sample = tables.RoundPromptSet, tables.Prompt, tables.Sample
    values: dict[str, list[object]] = {}
    is_exact = True
    with reading() as db:
        if visibility.hidden(db, actor, get_row(db, actor, round_id)).judge:
            return []
        sets = db.scalars(select(used.prompt_set_id).where(used.round_id == round_id, used.use == SetUse.sample)).all()
        most = max(1, min(LOOKED_AT, LOOKED_AT_IN_ALL // max(1, len(sets))))
        for set_id in sets[:LOOKED_AT_IN_ALL]:
            asked = select(prompt.extra).where(prompt.prompt_set_id == set_id).order_by(prompt.position)
            extras = db.scalars(asked.limit(most + 1)).all()
            is_exact = is_exact and len(extras) <= most
            for extra in extras[:most]:
                _gather(values, extra)
        of_samples = select(sample.extra[OWN]).where(sample.round_id == round_id).order_by(sample.id)
        own = db.scalars(of_samples.limit(LOOKED_AT + 1)).all()
        is_exact = is_exact and not (len(own) > LOOKED_AT and any(own))
        for metadata in own[:LOOKED_AT]:
            _gather(values, metadata or {})
    frequent = sorted(values, key=lambda key: -len(values[key]))[:MOST]
    metadata_facets = [facet_of(key, values[key], is_exact=is_exact) for key in frequent]
    return [facet for facet in metadata_facets if facet is not None]


def _gather(values: dict[str, list[object]], extra: Mapping[str, object]) -> None:
    for key, value in extra.items():
        if isinstance(value, str | int | float | bool):
            values.setdefault(key, []).append(value)


def facet_of(key: str, values: Sequence[object], *, is_exact: bool = True) -> MetadataFacet | None:
    """What the values of a key are: few are choices; numbers and dates are ranges, and anything else is text. None for
    a key that no filter can name."""
    if not _test(key, "x"):
        return None
    words, numbers = [_word(value) for value in values], [_number(value) for value in values]
    # The filter finds all texts of one number: they are one choice, and called as the first of them.
    names: dict[float, str] = {}
    called = [
        word if number is None else names.setdefault(number, word) for number, word in zip(numbers, words, strict=True)
    ]
    counts, number = Counter(called), len(values)
    if len(counts) <= FEW:
        choices = (FacetChoice(word[:200], n, _test(key, word)) for word, n in counts.most_common())
        return MetadataFacet(key, FacetKind.choice, number, is_exact, choices=tuple(choices))
    plain = [number for number in numbers if number is not None]
    if len(plain) == number:
        return MetadataFacet(key, FacetKind.number, number, is_exact, bins=tuple(_bins(plain)))
    if all(DAY.fullmatch(word) for word in counts):
        days = sorted(word[:10] for word in counts)
        return MetadataFacet(key, FacetKind.date, number, is_exact, low=days[0], high=days[-1])
    return MetadataFacet(key, FacetKind.text, number, is_exact)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or (isinstance(value, str) and not NUMBER.fullmatch(value)):
        return None
    number = float(str(value))
    return number if math.isfinite(number) else None


def _bins(values: Sequence[float]) -> list[HistogramBin]:
    low, high = min(values), max(values)
    edges = [low, *(low + n * (high - low) / BINS for n in range(1, BINS)), high]
    inside: list[list[float]] = [[] for _ in range(BINS)]
    for value in values:
        inside[min(bisect_right(edges, value), BINS) - 1].append(value)
    ends = [(min(some), max(some)) if some else (None, None) for some in inside]
    return [
        HistogramBin(*pair, len(some), True, *end)
        for pair, some, end in zip(pairwise(edges), inside, ends, strict=True)
    ]


def _test(key: str, word: str) -> str:
    """The filter that finds the value; empty for a value that the field of filters cannot hold."""
    test = f"{key}={word}"
    try:
        return test if ";" not in word and MetadataTest.read(test) == MetadataTest(key, "=", word) else ""
    except InvalidInput:
        return ""
