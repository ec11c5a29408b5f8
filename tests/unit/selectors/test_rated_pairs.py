import pytest

from backend.selectors.rated_pairs import RatedPairs
from backend.values import Example, Group, Verdict
from tests.groups import by_person, prompt, sample


def rated(*samples):
    return Group(prompt(), samples)


def test_the_best_rated_is_chosen_and_the_worst_rated_rejected():
    group = rated(sample(1, ratings=(3.0,)), sample(2, ratings=(5.0, 4.0)), sample(3, ratings=(1.0, 2.0)), sample(4))
    assert RatedPairs().select([group], seed=1).examples == [Example(1, 2, rejected_id=3)]


def test_a_verdict_of_people_keeps_a_sample_from_the_other_side():
    group = rated(
        by_person(1, Verdict.accept, ratings=(1.0,)),
        sample(2, ratings=(2.0,)),
        sample(3, ratings=(4.0,)),
        by_person(4, Verdict.reject, ratings=(5.0,)),
    )
    assert RatedPairs().select([group], seed=1).examples == [Example(1, 3, rejected_id=2)]


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        ((sample(1, ratings=(3.0,)), sample(2)), "fewer than two rated samples"),
        ((sample(1, ratings=(3.0,)), sample(2, ratings=(3.0,))), "no worse sample"),
        ((sample(1, ratings=(3.0, 4.0)), sample(2, ratings=(3.0, 3.0))), "gap below min_gap"),
        ((sample(1, "a", ratings=(5.0,)), sample(2, "a ", ratings=(1.0,))), "same text"),
        (
            (by_person(1, Verdict.accept, ratings=(5.0,)), by_person(2, Verdict.accept, ratings=(1.0,))),
            "all accepted by people",
        ),
        (
            (by_person(1, Verdict.reject, ratings=(5.0,)), by_person(2, Verdict.reject, ratings=(1.0,))),
            "all rejected by people",
        ),
    ],
)
def test_why_a_prompt_makes_no_pair(samples, why):
    selection = RatedPairs().select([rated(*samples)], seed=1)
    assert (selection.examples, selection.dropped, selection.unit) == ([], {why: 1}, "prompts")
