"""Pairs by their margins, decided over arrays: the same for a round's selector and for a page that tries knobs out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.selectors import by_person, is_blank, is_truncated, with_twins
from backend.values import JSON, Group, Verdict

Ties = Literal["drop", "shorter"]
FEW, EMPTY, FEW_REVIEWERS = "fewer than two scored samples", "empty text", "fewer than min_reviewers"
DECIDED, EQUAL, SAME = "all accepted or all rejected by people", "equal scores", "same text on both sides"
NARROW, QUOTA = "margin below min_margin", "over the quota of its category"
REASONS = ("", FEW, EMPTY, FEW_REVIEWERS, DECIDED, EQUAL, SAME, NARROW, QUOTA)
"""Why a prompt has no pair, by number."""
PER_CHARACTERS = 1000
PER_SAMPLE = ("ids", "group", "standing", "score", "length", "text", "is_blank", "is_cut", "reviewers")
NO_CATEGORY = "–"
STANDING = {Verdict.accept: 1, None: 0, Verdict.reject: -1}

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Candidates:
    """Samples that may be a side, those of a group one after the other; one entry a sample. The order within a group
    decides between equals.

    group: the number of its group, from 0. standing: 1 accepted by a person, -1 rejected, 0 neither. score: NaN where
    there is none. length: characters. text: equal for equal texts of a group. `prompt_ids`, `notes`: one entry a group.
    """

    ids: Numbers
    group: Numbers
    standing: Numbers
    score: Numbers
    length: Numbers
    text: Numbers
    is_blank: Numbers
    is_cut: Numbers
    reviewers: Numbers
    prompt_ids: Numbers
    notes: tuple[JSON, ...]

    @property
    def groups(self) -> int:
        return len(self.prompt_ids)

    @property
    def span(self) -> float:
        """Return by how much the highest score is above the lowest; 0 where there are not two."""
        scores = self.score[~np.isnan(self.score)]
        return float(np.ptp(scores)) if len(scores) else 0.0

    def categories(self, note: str) -> tuple[Numbers, tuple[str, ...]]:
        """Return the number of each group's category by that note of its prompt, and the categories' names."""
        values = [str(note_values.get(note, NO_CATEGORY)) for note_values in self.notes]
        names = tuple(sorted(set(values)))
        places = {name: place for place, name in enumerate(names)}
        return np.array([places[value] for value in values], dtype=np.int64), names


@dataclass(frozen=True)
class MarginKnobs:
    """What decides, under the names of the selector's knobs."""

    min_margin: float = 0.0
    ties: Ties = "drop"
    length_penalty: float = 0.0
    min_reviewers: int = 0
    pairs_per_prompt: int = 1
    max_per_category: int = 0
    drop_truncated: bool = True


@dataclass(frozen=True)
class DecidedPairs:
    """The pairs in order of their groups, as places among the candidates; `margin` is NaN where people set the two
    apart. `dropped`: prompts without a pair, by the reason of their best one."""

    chosen: Numbers
    rejected: Numbers
    margin: Numbers
    group: Numbers
    dropped: dict[str, int]


def candidates(groups: Iterable[Group], *, seed: int) -> Candidates:
    """Return the samples of these groups as arrays, each with what people said of its twins.

    Within a group they stand in an order that the seed draws: of samples that are equal otherwise the first one wins.
    """
    rows: list[tuple[Any, ...]] = []
    prompt_ids, notes = [], []
    for number, group in enumerate(groups):
        prompt_ids.append(group.prompt.id)
        notes.append(group.prompt.metadata)
        texts: dict[str, int] = {}
        for twin in with_twins(group):
            text = twin.text.strip()
            score = np.nan if twin.score is None else twin.score
            place = texts.setdefault(text, len(texts))
            standing = STANDING[by_person(twin)]
            rows.append(
                (twin.id, number, standing, score, len(text), place, is_blank(twin), is_truncated(twin), twin.reviewers)
            )
    columns: Any = zip(*rows, strict=True) if rows else [()] * 9
    kinds: tuple[Any, ...] = (int, int, np.int8, float, int, int, bool, bool, int)
    arrays: list[Numbers] = [np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)]
    by_name = dict(zip(PER_SAMPLE, arrays, strict=True))
    return in_drawn_order(by_name, np.array(prompt_ids, dtype=int), tuple(notes), seed=seed)


def in_drawn_order(
    columns: dict[str, Numbers], prompt_ids: Numbers, notes: tuple[JSON, ...], *, seed: int
) -> Candidates:
    """Return the candidates of columns whose rows stand in any order."""
    drawn = np.lexsort((_mixed(columns["ids"], seed), columns["group"]))
    return Candidates(**{name: columns[name][drawn] for name in PER_SAMPLE}, prompt_ids=prompt_ids, notes=notes)


def decide(pool: Candidates, knobs: MarginKnobs, *, categories: Numbers | None = None) -> DecidedPairs:
    """Return the pairs: of each group the best sample with the worst, the second best with the second worst, and so on.

    What people said stands above every score. Where scores are equal, `ties` drop gives no pair, and shorter one whose
    chosen text is the shorter. Of a category with more pairs than its quota those with the widest margins stay.
    """
    reasons = np.zeros(pool.groups, dtype=np.int8)
    order, adjusted = _ranked(pool, knobs, np.flatnonzero(_sides(pool, knobs, reasons)))
    sizes = np.bincount(pool.group[order], minlength=pool.groups)
    starts = np.cumsum(sizes) - sizes
    pairs = [_pairs(pool, knobs, order, adjusted, starts, sizes, n, reasons) for n in range(knobs.pairs_per_prompt)]
    chosen, rejected, margin = (np.concatenate(column) for column in zip(*pairs, strict=True))
    group = pool.group[chosen]
    if knobs.max_per_category and categories is not None and len(chosen):
        kept = _within_quota(categories[group], margin, knobs.max_per_category)
        reasons[group[~kept]] = REASONS.index(QUOTA)
        chosen, rejected, margin, group = chosen[kept], rejected[kept], margin[kept], group[kept]
    has_pair = np.zeros(pool.groups, dtype=bool)
    has_pair[group] = True
    in_order = np.argsort(group, kind="stable")
    counts = np.bincount(reasons[~has_pair], minlength=len(REASONS)).tolist()
    dropped = {reason: count for reason, count in zip(REASONS, counts, strict=True) if count}
    return DecidedPairs(chosen[in_order], rejected[in_order], margin[in_order], group[in_order], dropped)


def _sides(pool: Candidates, knobs: MarginKnobs, reasons: Numbers) -> Numbers:
    """Which samples may be a side, and why groups have fewer than two."""
    is_said = ~np.isnan(pool.score) | (pool.standing != 0)
    usable = is_said & ~pool.is_cut if knobs.drop_truncated else is_said
    visible = usable & ~pool.is_blank
    seen = visible & (pool.reviewers >= knobs.min_reviewers)
    for mask, reason in ((usable, FEW), (visible, EMPTY), (seen, FEW_REVIEWERS)):
        counts = np.bincount(pool.group[mask], minlength=pool.groups)
        reasons[(counts < 2) & (reasons == 0)] = REASONS.index(reason)
    return seen


def _ranked(pool: Candidates, knobs: MarginKnobs, usable: Numbers) -> tuple[Numbers, Numbers]:
    """The usable samples by group, the best first; and every sample's score with its length taken off."""
    adjusted = np.round(np.nan_to_num(pool.score) - knobs.length_penalty * pool.length / PER_CHARACTERS, 9)
    if knobs.ties == "shorter":
        usable = usable[np.argsort(pool.length[usable], kind="stable")]
    # Each sort keeps the order of the one before among equals, and few values sort fast.
    usable = usable[np.argsort(-adjusted[usable], kind="stable")]
    usable = usable[np.argsort(-pool.standing[usable], kind="stable")]
    groups = pool.group[usable]
    return usable[np.argsort(groups.astype(np.uint16) if pool.groups < 2**16 else groups, kind="stable")], adjusted


def _pairs(
    pool: Candidates,
    knobs: MarginKnobs,
    order: Numbers,
    adjusted: Numbers,
    starts: Numbers,
    sizes: Numbers,
    number: int,
    reasons: Numbers,
) -> tuple[Numbers, Numbers, Numbers]:
    """The pairs of that number, from 0; those of number 0 leave their reasons."""
    groups = np.flatnonzero(sizes // 2 > number)
    chosen = order[starts[groups] + number]
    rejected = order[starts[groups] + sizes[groups] - 1 - number]
    first, other = pool.standing[chosen], pool.standing[rejected]
    margin = np.where((first != 0) | (other != 0), np.nan, np.round(adjusted[chosen] - adjusted[rejected], 9))
    is_shorter = pool.length[chosen] < pool.length[rejected]
    is_tie = margin <= 0 if knobs.ties == "drop" else (margin < 0) | ((margin == 0) & ~is_shorter)
    kept = np.ones(len(groups), dtype=bool)
    for fault, reason in (
        ((first < 0) | (other > 0), DECIDED),
        (is_tie, EQUAL),
        (pool.text[chosen] == pool.text[rejected], SAME),
        (margin < knobs.min_margin, NARROW),
    ):
        if number == 0:
            reasons[groups[fault & kept]] = REASONS.index(reason)
        kept &= ~fault
    return chosen[kept], rejected[kept], margin[kept]


def _within_quota(categories: Numbers, margin: Numbers, most: int) -> Numbers:
    """Which pairs stay: of each category the first so many by margin, those that people set apart before all others."""
    order = np.argsort(-np.where(np.isnan(margin), np.inf, margin), kind="stable")
    order = order[np.argsort(categories[order], kind="stable")]
    ranked = categories[order]
    numbers = np.arange(len(order))
    is_first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    kept = np.zeros(len(order), dtype=bool)
    kept[order] = numbers - np.maximum.accumulate(np.where(is_first, numbers, 0)) < most
    return kept


def _mixed(ids: Numbers, seed: int) -> Numbers:
    """A number for each sample that depends on it and the seed alone: SplitMix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def length_gap(pool: Candidates, decided: DecidedPairs) -> float | None:
    """Return how many characters longer the chosen texts are, on average; None without pairs."""
    if not len(decided.chosen):
        return None
    return float((pool.length[decided.chosen] - pool.length[decided.rejected]).mean())
