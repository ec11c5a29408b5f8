"""The tree of rounds: what comes from what, and that every connection is drawn."""

from typing import Any

from backend.services.results.loop_tree import Edge, tree
from backend.services.results.summaries import RoundLine
from backend.values import RoundStatus

EMPTY: dict[str, Any] = dict.fromkeys(
    (
        "stage",
        "progress",
        "samples",
        "judged",
        "kept",
        "decided",
        "overridden",
        "kept_share",
        "accuracy",
        "seconds",
        "error",
    )
)


def line(number: int, parent: int | None = None, *, branch_of: int | None = None, base: int = 1) -> RoundLine:
    """A round that made the checkpoint 10 times its number; number 0 is the base checkpoint of that id."""
    is_base = number == 0
    return RoundLine(
        number=number,
        round_id=None if is_base else 100 + number,
        parent=parent,
        status=RoundStatus.done,
        recipe="",
        checkpoint_id=base if is_base else 10 * number,
        checkpoint="",
        policy_id=None if is_base else base,
        branch_of=branch_of,
        **EMPTY,
    )


def test_a_line_of_rounds_is_one_lane() -> None:
    loop_tree = tree([line(0), line(1, 0), line(2, 1)])
    assert loop_tree.above == (None, 0, 1)
    assert loop_tree.at == ((0, 0), (1, 0), (2, 0))
    straight = {"comes_in": True, "goes_out": True, "is_dashed": False, "up": False, "down": False}
    assert loop_tree.edges == (Edge(0, 0, **straight), Edge(1, 0, **straight))


def test_the_way_to_the_newest_round_is_straight_and_others_lie_below_it() -> None:
    """Round 2 goes on from 1 to its end, 3 branches off 1, 4 goes on from 1 again and 5 from it."""
    loop_tree = tree([line(0), line(1, 0), line(2, 1), line(3, 0, branch_of=1), line(4, 1), line(5, 4)])
    assert loop_tree.above == (None, 0, 1, 1, 1, 4)
    assert loop_tree.at == ((0, 0), (1, 0), (2, 1), (2, 2), (2, 0), (3, 0))
    assert [edge for edge in loop_tree.edges if edge.column == 1] == [
        Edge(1, 0, comes_in=True, goes_out=True, is_dashed=False, up=False, down=True),
        Edge(1, 1, comes_in=False, goes_out=True, is_dashed=False, up=True, down=True),
        Edge(1, 2, comes_in=False, goes_out=True, is_dashed=True, up=True, down=False),
    ]


def test_no_two_rounds_share_a_place_and_no_two_connections_either() -> None:
    parents = [0, 1, 1, 2, 3, 2, 1, 6, 0, 9, 3]
    lines = [line(0), *(line(number, parent) for number, parent in enumerate(parents, start=1))]
    loop_tree = tree(lines)
    assert len(set(loop_tree.at)) == len(lines)
    places = [(edge.column, edge.lane) for edge in loop_tree.edges]
    assert len(set(places)) == len(places)
    for n, up in enumerate(loop_tree.above):
        if up is not None:
            assert loop_tree.at[n][0] == loop_tree.at[up][0] + 1
            assert any(
                (e.column, e.lane, e.goes_out) == (loop_tree.at[up][0], loop_tree.at[n][1], True)
                for e in loop_tree.edges
            )


def test_each_base_is_a_root_and_no_round_makes_no_tree() -> None:
    loop_tree = tree([line(0, base=1), line(0, base=2), line(1, 0, base=2), line(2, 0, base=1)])
    assert loop_tree.above == (None, None, 1, 0)
    assert loop_tree.at == ((0, 0), (0, 1), (1, 1), (1, 0))
    assert tree([]).at == ()
