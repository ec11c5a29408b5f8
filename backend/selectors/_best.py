"""What selectors of rows share: the best samples of one prompt, and why the others are not among them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from backend.selectors import random_for, told_apart, with_twins
from backend.values import Group, Sample


def best_of(
    group: Group,
    objection: Callable[[Sample], str | None],
    rank: Callable[[Sample], Any],
    *,
    seed: int,
    dropped: Counter[str],
    most: int,
    is_distinct: bool = True,
) -> list[Sample]:
    """Return the samples without an objection, the one of the lowest rank first; at most `most`, 0 means all.

    Chance decides among equals. is_distinct: of several with the same text the first is kept. dropped: counts the
    others by reason.
    """
    passed: list[Sample] = []
    for drawn, sample in zip(group.samples, with_twins(group), strict=True):
        reason = objection(sample)
        if reason is None:
            passed.append(sample)
        else:
            dropped[told_apart(reason, drawn)] += 1
    # Shuffled, then sorted stably: chance decides among equals.
    random_for(group, seed).shuffle(passed)
    passed.sort(key=rank)
    kept = _distinct(passed) if is_distinct else passed
    dropped.update({"duplicate text": len(passed) - len(kept)} if len(kept) < len(passed) else {})
    if most and len(kept) > most:
        dropped["over max_per_prompt"] += len(kept) - most
        kept = kept[:most]
    return kept


def _distinct(samples: list[Sample]) -> list[Sample]:
    first: dict[str, Sample] = {}
    for sample in samples:
        first.setdefault(sample.full_text.strip(), sample)
    return list(first.values())
