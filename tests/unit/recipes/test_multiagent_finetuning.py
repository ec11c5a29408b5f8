"""Subramaniam et al. 2025 (Multiagent Finetuning), arXiv 2501.05707: what makes it that method."""

from backend import recipes
from backend.recipes.multiagent_finetuning import CRITICS, GENERATORS
from backend.services.recipes.round_roles import acting

RECIPE = recipes.get("multiagent_finetuning")
PLACES = RECIPE.places()
TRAININGS = [place for place in PLACES if place.step.kind == "trainer"]


def test_generators_answer_and_critics_see_all_their_answers():
    writers = [place for place in PLACES if place.step.kind == "generator"]
    assert [place.step.by for place in writers] == [*GENERATORS, *CRITICS]
    assert {place.source for place in writers[:3]} == {0}
    assert {place.source for place in writers[3:]} == {4}
    assert PLACES[4].step.part.name == "debate"


def test_each_agent_is_trained_on_its_own_texts_alone():
    assert [place.step.makes for place in TRAININGS] == [*GENERATORS, *CRITICS]
    for place in TRAININGS:
        (number,) = place.rows
        kept = PLACES[number]
        assert kept.step.roles == (place.step.makes,)
        assert place.step.part.start == place.step.makes, "it goes on from itself"
        assert kept.step.part.keep == "accepted"


def test_generators_and_critics_learn_from_other_questions():
    kept = [PLACES[place.rows[0]] for place in TRAININGS]
    assert [place.source for place in kept] == [0, 0, 0, 4, 4, 4]


def test_what_is_right_is_the_majority_of_the_critics():
    votes, consensus = PLACES[8], PLACES[9]
    assert (votes.step.part.name, votes.source, votes.texts) == ("majority_vote", 4, (5, 6, 7))
    assert (consensus.step.part.name, consensus.source) == ("consensus", 4)
    assert consensus.step.part.judges_siblings
    assert not any(judge.needs_answer for judge in RECIPE.judges)


def test_all_agents_are_bound_to_checkpoints_of_their_own_at_the_first_launch():
    assert sorted({role for _, role in acting(PLACES)}) == sorted([*GENERATORS, *CRITICS])
    assert RECIPE.product == "generator_1"
    assert "distinct_n" in [metric.name for metric in RECIPE.metrics]
