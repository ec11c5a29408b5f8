"""Groups of samples by filter: few are sorted by what their labels say, many come in the order of their samples.

A group is listed where one of its samples passes the filters. No index has groups in the order of their pass rates, so
that order is for as many samples as one page may read (`SORTED`). Else a page walks through the samples that pass, in
their own order, and a group comes where the first of its samples does.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.db import listing_among
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import Row, Scope
from backend.db.listing_search import find
from backend.db.listing_wanted import search
from backend.db.many import in_chunks
from backend.db.search import Patience
from backend.db.tables.sample import JUDGED
from backend.values import Verdict

SORTED = 20_000
"""So many samples that pass the filters are read for one page, and their groups sorted,"""
SORTED_GROUPS = 2_500
"""where they are of so many groups at most."""
WALKED = 400
"""So many samples are read at once where they are not sorted, and `READS` times that for one page."""
READS = 6


@dataclass(frozen=True)
class Tally:
    """What the labels of a group's completions and imports say; a text that a person edited was no try.

    `spread`: the standard deviation of their scores, None where fewer than two have one.
    """

    num_samples: int = 0
    num_decided: int = 0
    num_accepted: int = 0
    spread: float | None = None

    @property
    def pass_rate(self) -> float | None:
        """Accepted of those with a verdict; None where none has one."""
        return self.num_accepted / self.num_decided if self.num_decided else None


def spread(scores: Sequence[float]) -> float | None:
    """The standard deviation, None of fewer than two."""
    if len(scores) < 2:
        return None
    mean = math.fsum(scores) / len(scores)
    return math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))


def tally(words: Iterable[tuple[str, Verdict | str | None, float | None]]) -> Tally:
    """The tally of samples by kind, verdict and score."""
    tries = [(verdict, score) for kind, verdict, score in words if kind in JUDGED]
    verdicts = [verdict for verdict, _ in tries if verdict is not None]
    scores = [score for _, score in tries if score is not None]
    return Tally(len(tries), len(verdicts), verdicts.count(Verdict.accept), spread(scores))


@dataclass(frozen=True)
class GroupKeys:
    """What groups are sorted by."""

    pass_rate: float | None = None
    spread: float | None = None


def keys(asked: Scope, group_ids: Sequence[int], steps: Sequence[int] = ()) -> dict[int, GroupKeys]:
    """The keys of these groups, by their samples of these steps, or of all: the database adds up what `tally` would."""
    found = dict.fromkeys(group_ids, GroupKeys())
    within = f" AND l.step IN ({', '.join(str(int(step)) for step in steps)})" if steps else ""
    kinds = ", ".join(f"'{kind}'" for kind in JUDGED)
    for chunk in in_chunks(group_ids):
        rows = asked.all(
            "SELECT s.group_id, count(l.verdict), count(CASE WHEN l.verdict = 'accept' THEN 1 END), count(l.score),"
            f" avg(l.score), avg(l.score * l.score), max(l.score) - min(l.score) FROM samples AS s {join(asked)}"
            f" labels AS l ON l.sample_id = s.id WHERE s.group_id IN ({', '.join(map(str, chunk))})"
            f" AND l.kind IN ({kinds}){within} GROUP BY s.group_id"
        )
        for group_id, decided, accepted, scored, mean, squares, width in rows:
            # The difference of the two means is no longer exact where all scores are equal.
            deviation = math.sqrt(max(0.0, squares - mean * mean)) if width else 0.0
            rate = accepted / decided if decided else None
            found[group_id] = GroupKeys(rate, round(deviation, 9) if scored > 1 else None)
    return found


def join(asked: Scope) -> str:
    """SQLite keeps the order of a CROSS JOIN, and would begin with the labels of the whole round."""
    return "CROSS JOIN" if asked.is_sqlite else "JOIN"


def groups_of(asked: Scope, sample_ids: Sequence[int]) -> dict[int, int]:
    """The group of each sample, in their order."""
    found: dict[int, int] = {}
    for chunk in in_chunks(sample_ids):
        ids = ", ".join(map(str, chunk))
        found |= {id_: group for id_, group in asked.all(f"SELECT id, group_id FROM samples WHERE id IN ({ids})")}
    return {id_: found[id_] for id_ in sample_ids}


def all_groups(asked: Scope, filters: Filters, patience: Patience) -> list[int] | None:
    """Every group with a sample that passes the filters; None where there are more than are sorted for a page."""
    got = find(asked, filters, Sort(), None, SORTED, patience=patience)
    if got.next is not None or got.is_partial:
        return None
    found: set[int] = set()
    for chunk in in_chunks(got.ids):
        ids = ", ".join(map(str, chunk))
        found.update(group for (group,) in asked.all(f"SELECT DISTINCT group_id FROM samples WHERE id IN ({ids})"))
        if len(found) > SORTED_GROUPS:
            return None
    return sorted(found)


@dataclass(frozen=True)
class WalkedGroups:
    """Groups in the order of their samples, and the place to go on from; None when there is no more."""

    ids: tuple[int, ...]
    next: Cursor | None


def walk(
    asked: Scope, filters: Filters, cursor: Cursor | None, limit: int, patience: Patience, *, descending: bool
) -> WalkedGroups:
    """Up to `limit` groups that come first after the cursor; fewer where too few of the samples read begin one."""
    found, at = list[int](), cursor
    for _ in range(READS):
        got = find(asked, filters, Sort(descending=descending), at, WALKED, patience=patience)
        firsts: dict[int, int] = {}
        for sample_id, group_id in groups_of(asked, got.ids).items():
            firsts.setdefault(group_id, sample_id)
        begun = begun_before(asked, filters, firsts, patience, descending=got.sort.descending)
        fresh = [group_id for group_id in firsts if group_id not in begun]
        left = limit - len(found)
        if len(fresh) > left:
            # The next page begins with the first sample of the first group that has no room on this one.
            last = got.ids[got.ids.index(firsts[fresh[left]]) - 1]
            return WalkedGroups((*found, *fresh[:left]), after(asked, last, got.sort))
        found, at = found + fresh, got.next
        if at is None or len(found) == limit:
            break
    return WalkedGroups(tuple(found), at)


def after(asked: Scope, sample_id: int, sort: Sort) -> Cursor:
    """The place after a sample, in the samples' own order or in that of their prompts."""
    key = sample_id
    if sort.key is SortKey.prompt:
        key = asked.row("SELECT prompt_id FROM samples WHERE id = :id", id=sample_id)[0]
    return Cursor(key, sample_id, sort)


def begun_before(
    asked: Scope, filters: Filters, firsts: dict[int, int], patience: Patience, *, descending: bool
) -> set[int]:
    """The groups of which a sample that passes the filters comes before the one given."""
    where, rows = asked.where(asked.any_facet, "l."), list[Row]()
    group_of: dict[int, int] = {}
    for chunk in in_chunks(list(firsts)):
        listed = asked.all(
            f"SELECT s.id, s.group_id FROM samples AS s {join(asked)} labels AS l ON l.sample_id = s.id"
            f" WHERE s.group_id IN ({', '.join(map(str, chunk))}) AND {where}"
        )
        for id_, group_id in listed:
            if id_ > firsts[group_id] if descending else id_ < firsts[group_id]:
                group_of[id_] = group_id
                rows.append((id_, id_))
    if not rows:
        return set()
    wanted = search(asked, filters, patience)
    rows = wanted.passing(rows, [part for part in wanted.searches if part.expression])
    rows = listing_among.within(asked, wanted.checked(rows, wanted.searches))
    return {group_of[id_] for _, id_ in rows}
