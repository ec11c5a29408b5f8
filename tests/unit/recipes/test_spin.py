"""Chen et al. 2024 (SPIN), arXiv 2401.01335: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.values import Group, Prompt
from tests.groups import sample

RECIPE = recipes.get("spin")
PLACES = RECIPE.places()
PROMPT = Prompt(1, [{"role": "user", "content": "1+1=?"}], "It is 2.")


def test_the_known_answer_is_preferred_to_the_opponents_whatever_its_quality():
    (answers,) = PLACES[2].step.part.generate(None, [PROMPT], seed=0)
    known = replace(answers[0], id=2, role=PLACES[2].step.by)
    own = sample(1, "It is 2, of course.", role=PLACES[1].step.by)
    (pair,) = PLACES[3].step.part.select([Group(PROMPT, (own, known))], seed=0).examples
    assert (pair.sample_id, pair.rejected_id) == (2, 1)


def test_nobody_judges():
    assert RECIPE.of_kind("judge") == []
    assert recipes.judge_of(RECIPE.model_dump(mode="json")) == {}


def test_the_opponent_is_the_policy_which_is_trained_and_compared_with():
    opponent, trainer = PLACES[1].step, PLACES[4].step.part
    assert (opponent.by, trainer.start, trainer.reference) == ("policy", "policy", "policy")
    assert (trainer.beta, trainer.loss_type) == (0.1, ("sigmoid",))
    assert (opponent.part.n, opponent.part.temperature, opponent.part.top_p) == (1, 1.0, 1.0)
    # What files brought is nothing that the opponent wrote.
    assert not opponent.part.take_imported


def test_from_the_second_round_the_pairs_of_this_and_the_last_one_are_trained_on():
    assert (RECIPE.earlier_rounds, RECIPE.earlier_rounds_limit) == (True, 1)


def test_people_decide_before_pairs_are_made():
    assert RECIPE.gate() == 3
