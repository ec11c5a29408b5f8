from backend.judges.reward_gap import gap
from backend.selectors.gap_pairs import GapPairs
from tests.groups import scored


def test_five_rows_order_the_gaps_of_a_pair():
    """w is text 3, l is text 1: r(w | l) > r(w | w), r(l | l) > r(l | w)."""
    examples = GapPairs().select([scored([0.0, 0.5, 1.0])], seed=0).examples
    w, other = "text 3", "text 1"
    best, same, low, worst = gap(other, w), gap(w, w), gap(other, other), gap(w, other)
    assert [(row.completion, row.rejected) for row in examples] == [
        (best, same),
        (best, low),
        (best, worst),
        (same, worst),
        (low, worst),
    ]
    assert {(row.sample_id, row.rejected_id, row.messages) for row in examples} == {(3, 1, None)}


def test_equal_scores_make_no_row():
    selection = GapPairs().select([scored([1.0, 1.0]), scored([None, 1.0], id=2)], seed=0)
    assert (selection.examples, selection.dropped) == ([], {"equal scores": 1, "fewer than two scored samples": 1})
