"""Pairs of gaps, for a scorer that says how much better a text is than another one."""

from backend.judges.reward_gap import gap
from backend.selectors import Pair
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.values import Example, Group

ROWS_OF_PAIR = 5


class GapPairs(BestVersusWorst):
    """Of each pair of `best_versus_worst`, a good text w and a bad one l, five rows that order gaps.

    PIT (Wang et al. 2024, arXiv 2310.00898): r(w | l) is above r(w | w) and r(l | l), and both are above
    r(l | w), where r(y | z) is the score of y beside the reference z. So the scorer learns from ordinary preferences
    what improvement is, and nobody writes down what makes a text better. Both sides of a row are texts beside their
    reference, as the judge `reward_gap` shows them.
    """

    def most_rows(self, samples: int) -> int:
        return ROWS_OF_PAIR

    def _examples(self, group: Group, pair: Pair) -> list[Example]:
        (example,) = super()._examples(group, pair)
        w, l = pair.chosen.text, pair.rejected.text  # noqa: E741  # the paper's letters
        best, same, other, worst = gap(l, w), gap(w, w), gap(l, l), gap(w, l)
        sides = [(best, same), (best, other), (best, worst), (same, worst), (other, worst)]
        return [
            Example(
                example.prompt_id,
                example.sample_id,
                example.rejected_id,
                weight=example.weight,
                completion=a,
                rejected=b,
            )
            for a, b in sides
        ]
