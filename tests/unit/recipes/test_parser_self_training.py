"""Li et al. 2023 (LLM-enhanced self-training of parsers), arXiv 2311.02660: what makes it that method."""

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Group, Verdict
from tests.groups import prompt, sample

RECIPE = recipes.get("parser_self_training")
PLACES = RECIPE.places()
PARTS = [place.step.part for place in PLACES]
TREE = "(S (NP (DT the) (NN cat)) (VP (VBZ sleeps)))"
GOOD, OTHER = "(S (NP (DT a) (NN boy)) (VP (VBZ runs)))", "(S (DT a) (NP (NN boy)) (VP (VBZ runs)))"


def test_another_model_writes_sentences_by_the_rules_of_a_known_tree():
    (asked,) = PARTS[0].ask([], [prompt("the cat sleeps", answer=TREE), prompt("no tree", id=2)], limit=9, seed=0)
    assert TREE in asked.prompt.messages[0]["content"]
    assert (PLACES[1].step.by, PLACES[4].step.by, PLACES[5].step.by) == ("writer", "policy", "policy")
    written = Group(asked.prompt, (sample(1, "a boy runs", verdict=Verdict.accept),))
    (group,) = PARTS[3].ask([written], [], limit=9, seed=0)
    assert group.prompt.messages[0]["content"].endswith("in brackets.\n\na boy runs")
    assert group.prompt.answer == TREE


@pytest.mark.parametrize(
    ("tree", "logprob", "verdict"),
    [(GOOD, -0.01, Verdict.accept), (GOOD, -0.5, Verdict.reject), (OTHER, -0.01, Verdict.reject)],
)
def test_a_tree_needs_both_the_rules_and_the_parsers_confidence(tree, logprob, verdict):
    engine = Scripted(replies=("x",), likelihoods=({"pattern": "", "number": logprob},))
    group = Group(prompt("Write the tree.\n\na boy runs", answer=TREE), (sample(1, tree),))
    judge = PARTS[5]
    assert judge.label(judge.judge(engine, [group], seed=0))[1] is verdict
    assert PARTS[6].keep == "accepted"


def test_what_was_selected_before_is_trained_on_again():
    assert RECIPE.earlier_rounds
