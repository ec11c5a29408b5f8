"""The rounds of a project as a tree: which one each comes from, and where each stands when the tree is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.services.results.summaries import RoundLine


@dataclass(frozen=True)
class Edge:
    """A piece of a connection, between two columns and in one lane.

    `comes_in`: from the round on the left; `goes_out`: to the one on the right; `is_dashed`: that one is a branch;
    `up`, `down`: on to the lanes above and below.
    """

    column: int
    lane: int
    comes_in: bool
    goes_out: bool
    is_dashed: bool
    up: bool
    down: bool


@dataclass(frozen=True)
class LoopTree:
    """`above`: of each line the place of the one it comes from, None for a base. `at`: its column and lane, from 0."""

    above: tuple[int | None, ...]
    at: tuple[tuple[int, int], ...]
    edges: tuple[Edge, ...]


def above(lines: Sequence[RoundLine]) -> tuple[int | None, ...]:
    """Of each line the place of the one it comes from: the round it branches off, else its parent, else its base."""
    by_number = {line.number: n for n, line in enumerate(lines) if line.round_id is not None}
    bases = {line.checkpoint_id: n for n, line in enumerate(lines) if line.round_id is None}
    return tuple(
        None
        if line.round_id is None
        else by_number.get(line.branch_of or 0, by_number.get(line.parent or 0, bases.get(line.policy_id)))
        for line in lines
    )


def tree(lines: Sequence[RoundLine]) -> LoopTree:
    """Lay the lines out: a column for each generation, and the way to the newest round in one lane."""
    ups = above(lines)
    below: dict[int | None, list[int]] = {}
    for n, up in enumerate(ups):
        below.setdefault(up, []).append(n)
    # Lines come oldest first and a parent before its children, so that one pass backwards sees every child.
    newest = list(range(len(lines)))
    for n in reversed(range(len(lines))):
        up = ups[n]
        if up is not None:
            newest[up] = max(newest[up], newest[n])
    at: dict[int, tuple[int, int]] = {}
    lanes = 0
    waiting = [(n, 0, True) for n in sorted(below.get(None, []), reverse=True)]
    while waiting:
        n, column, is_new_lane = waiting.pop()
        if is_new_lane:
            lane, lanes = lanes, lanes + 1
        else:
            lane = at[ups[n] or 0][1]
        at[n] = (column, lane)
        children = below.get(n, [])
        first = max(children, key=lambda child: newest[child], default=None)
        # Taken from the end: the way to the newest round first, then the others in their order.
        waiting += [(child, column + 1, True) for child in reversed(children) if child != first]
        waiting += [] if first is None else [(first, column + 1, False)]
    return LoopTree(ups, tuple(at[n] for n in range(len(lines))), tuple(_edges(lines, at, below)))


def _edges(
    lines: Sequence[RoundLine], at: dict[int, tuple[int, int]], below: dict[int | None, list[int]]
) -> list[Edge]:
    edges = []
    for n, (column, lane) in at.items():
        children = {at[child][1]: child for child in below.get(n, [])}
        last = max(children, default=lane - 1)
        for here in range(lane, last + 1):
            child = children.get(here)
            is_branch = child is not None and lines[child].branch_of is not None
            edges.append(Edge(column, here, here == lane, child is not None, is_branch, here > lane, here < last))
    return edges


def lineage(lines: Sequence[RoundLine], newest: RoundLine) -> list[RoundLine]:
    """From the base to this line, by parents. Other lines are other experiments, perhaps with another model."""
    by_number = {line.number: line for line in lines if line.round_id is not None}
    bases = {line.checkpoint_id: line for line in lines if line.round_id is None}
    rounds_above, line = [newest], newest
    while (above := by_number.get(line.parent or 0) or bases.get(line.policy_id)) is not None:
        rounds_above.insert(0, above)
        line = above
    return rounds_above
