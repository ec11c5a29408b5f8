from backend.selectors.rated_above import RatedAbove
from backend.values import Example, Group, Verdict
from tests.groups import by_person, prompt, sample

RATED = Group(
    prompt(),
    (
        sample(1, ratings=(5.0, 4.0)),
        sample(2, ratings=(3.0, 4.0)),
        sample(3, ratings=(5.0, 5.0)),
        sample(4),
        by_person(5, Verdict.reject, ratings=(5.0, 5.0)),
        by_person(6, Verdict.accept, ratings=(1.0, 1.0)),
        sample(7, ratings=(5.0,)),
        sample(8, "text 3", ratings=(4.0, 4.0)),
        sample(9, " ", ratings=(5.0, 5.0)),
        sample(10, ratings=(5.0, 5.0), finish_reason="length"),
    ),
)


def test_a_mean_rating_from_the_threshold_on_is_kept_best_first():
    selection = RatedAbove(threshold=4.0, min_ratings=2).select([RATED], seed=1)
    assert selection.examples == [Example(1, 3), Example(1, 1)]
    assert selection.dropped == {
        "rated below threshold": 2,
        "rated by too few": 2,
        "rejected by a person": 1,
        "duplicate text": 1,
        "empty text": 1,
        "truncated": 1,
    }


def test_one_rating_may_do_and_a_prompt_may_give_few():
    selection = RatedAbove(question="accuracy", threshold=5.0, max_per_prompt=1).select([RATED], seed=1)
    assert len(selection.examples) == 1
    assert selection.examples[0].sample_id in (3, 7)
    assert RatedAbove(question="accuracy").rated_question == "accuracy"
