"""What is trained on needs scores that differ where it is made of pairs, or of rewards within a group."""

import pytest

from backend import recipes
from backend.selectors.imported_pairs import ImportedPairs
from backend.selectors.rated_pairs import RatedPairs
from backend.selectors.unpaired import Unpaired
from backend.selectors.worse_to_better import WorseToBetter


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("rejection_sampling", False),
        ("star", False),
        ("self_rewarding", True),
        ("irpo", True),
        ("intuitor", True),
    ],
)
def test_recipes(name: str, needs: bool) -> None:
    assert recipes.needs_differences(recipes.get(name), 0) is needs


def test_a_pair_that_scores_do_not_make_needs_none_and_a_row_that_they_make_does() -> None:
    assert not ImportedPairs().needs_differences
    assert not RatedPairs(question="worth").needs_differences
    assert WorseToBetter().needs_differences
    assert not Unpaired().needs_differences
