"""Li et al. 2023 (LLM-enhanced self-training of parsers), arXiv 2311.02660: what makes it that method."""

from collections import Counter
from pathlib import Path

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.errors import InvalidInput
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import ONE_DATABASE, TEXTS, World, pairs, scripted
from tests.integration.recipes.rounds_of_turns import last, short, trained

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


@ONE_DATABASE
@pytest.mark.slow
def test_a_parser_learns_trees_that_keep_the_rules_and_that_it_is_sure_of(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = [f"(S (NP (DT the) (NN {noun})) (VP (VBZ sleeps)))" for noun in ("cat", "dog", "hen")]
    good = "(S (NP (DT a) (NN boy)) (VP (VBZ runs)))"
    parser = scripted(
        ("brackets.\\s+a boy runs", good),
        ("brackets.\\s+an owl hunts", "(S (NP (DT an) (NN owl)) (VP (VBZ hunts)))"),
        ("brackets.\\s+one fish swims", "(S (DT one) (NP (NN fish)) (VP (VBZ swims)))"),
        likelihoods=[{"pattern": "boy|fish", "number": -0.01}],
    )
    writer = scripted(("cat", "a boy runs"), ("dog", "an owl hunts"), ("hen", "one fish swims"))
    loop = World(short("parser_self_training"), parser, tiny, ["one", "two", "three"], trees, writer=writer)
    _, result = trained(loop, monkeypatch)
    asked = "Write the constituency tree of this sentence, in brackets.\n\na boy runs"
    assert pairs(last(result)) == Counter({(asked, good): 1})
    scores = {row[7].split()[1]: row[8] for row in result["texts"] if row[0] == 3}
    assert len(scores) == 2, "of the two whose first rule is S -> NP VP, and the one whose rules are others"


@ONE_DATABASE
def test_without_trees_there_is_nothing_to_write_sentences_by(tiny: Path) -> None:
    loop = World(short("parser_self_training"), scripted((".", "x")), tiny, TEXTS, writer=scripted((".", "x")))
    with pytest.raises(InvalidInput, match="has an answer, and the prompt source inverse_prompts takes nothing else"):
        loop.launch()
