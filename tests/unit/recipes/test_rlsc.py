"""Li et al. 2025 (RLSC), arXiv 2506.06395: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample

RECIPE = recipes.get("rlsc")
PLACES = RECIPE.places()


def test_every_sample_weighs_the_probability_of_its_whole_text():
    judge, selector = PLACES[2].step, PLACES[3].step.part
    assert (judge.part.name, judge.part.measure, judge.by) == ("self_certainty", "sequence_probability", "policy")
    group = Group(prompt(), (sample(1, "a", score=0.5), sample(2, "a", score=0.5), sample(3, "b", score=1e-9)))
    assert [(e.sample_id, e.weight) for e in selector.select([group], seed=1).examples] == [
        (1, 0.5),
        (2, 0.5),
        (3, 1e-9),
    ]


def test_the_loss():
    trainer = RECIPE.trainer
    assert (trainer.name, trainer.weigh_examples, trainer.weight_offset, trainer.reduction) == ("sft", True, 0.1, "sum")
    assert (trainer.normalise_weights, trainer.start) == (False, "policy")
    assert 10 <= trainer.max_steps <= 20


def test_no_answer_is_needed_and_nothing_is_compared():
    assert not RECIPE.judge.needs_answer
    assert (RECIPE.generator.n, RECIPE.generator.temperature) == (16, 0.5)
