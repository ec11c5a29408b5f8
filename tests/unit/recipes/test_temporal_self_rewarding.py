"""Wang et al. 2025 (Temporal Self-Rewarding), arXiv 2508.06026: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample

RECIPE = recipes.get("temporal_self_rewarding")
PLACES = RECIPE.places()
PRESENT = (3.0, 4.0, 2.0, 2.0, 3.0, 3.0, 4.0)
PAST = (1.0, 3.0, 0.0, 2.0, 1.0, 1.0, 2.0)


def texts(future: tuple[float, ...] = (), past: tuple[float, ...] = PAST) -> Group:
    """Texts 1 to 7 by the present model, 8 to 14 by the first one, then those of the next."""
    written = (
        [("policy", number) for number in PRESENT]
        + [("base", value) for value in past]
        + [("future", value) for value in future]
    )
    return Group(prompt(), tuple(sample(n, score=entry, role=role) for n, (role, entry) in enumerate(written, 1)))


def pair(place: int, group: Group) -> tuple[int, int]:
    (example,) = PLACES[place].step.part.select([group], seed=place).examples
    return example.sample_id, example.rejected_id


def test_seven_texts_each_of_the_present_and_the_first_model():
    assert [(PLACES[n].step.by, PLACES[n].step.part.n) for n in (1, 2, 6)] == [
        ("policy", 7),
        ("base", 7),
        ("future", 7),
    ]
    assert {PLACES[n].source for n in (1, 2, 6)} == {0}


def test_one_judge_scores_all_of_them():
    first, second = PLACES[3], PLACES[7]
    assert (first.texts, second.texts) == ((1, 2), (1, 2, 6))
    # The same part by the same role: it looks at what is new. Unset, it is the present model: `future` is another role.
    assert first.step == second.step
    assert (first.step.by, first.step.roles) == ("judge", ())
    assert all(place.step.makes != "policy" for place in PLACES[:7] if place.step.kind == "trainer")


def test_rejected_is_the_worst_of_the_first_model_where_it_is_below_that_of_the_present_one():
    assert pair(4, texts()) == (2, 10)  # 0 < 2
    assert pair(4, texts(past=(3.0,) * 7)) == (2, 3)  # 3 > 2: the present model's own


def test_chosen_becomes_the_best_of_the_next_model_only_where_it_beats_that_of_the_present_one():
    assert pair(8, texts((1.0, 5.0))) == (16, 10)
    assert pair(8, texts((4.0, 4.0))) == (2, 10)  # 4 does not beat 4


def test_the_rejected_side_stays_unchanged():
    assert pair(4, texts())[1] == pair(8, texts((5.0, 0.0)))[1]


def test_pairs_that_are_no_better_than_their_rejected_side_are_dropped():
    equal = Group(prompt(), tuple(sample(n, score=3.0, role=role) for n, role in enumerate(("policy", "base"), 1)))
    assert PLACES[4].step.part.select([equal], seed=0).dropped == {"equal scores": 1}


def test_both_trainings_start_from_the_present_model_and_the_next_one_is_no_product():
    first, second = PLACES[5], PLACES[9]
    assert (first.step.makes, second.step.makes, RECIPE.product) == ("future", "policy", "policy")
    for place in (first, second):
        assert (place.step.part.name, place.step.part.start, place.step.part.reference) == ("dpo", "policy", "policy")
    # Each reads its own pairs.
    assert (first.rows, second.rows) == ((4,), (8,))


def test_people_decide_before_the_first_pairs():
    assert RECIPE.gate() == 4
