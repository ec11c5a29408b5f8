"""Trivedi et al. 2024 (self-rationalization), arXiv 2410.05495: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.values import Group, ImportedCompletion, Verdict
from tests.groups import prompt
from tests.unit.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("self_rationalizing_judge"))
ITEMS = replace(
    prompt(), imported=(ImportedCompletion("an answer", {"score": 4}), ImportedCompletion("another", {"score": 2}))
)


def items() -> Group:
    (sample,) = STEPS.part(1).generate(None, [ITEMS], seed=0)
    group = Group(prompt(), tuple(replace(entry, id=n) for n, entry in enumerate(sample, 1)))
    return STEPS.label(2, [group])[0]


def test_several_judgments_of_one_item_are_written_by_the_same_judge():
    asked = STEPS.ask(3, items())
    assert [group.parent.score for group in asked] == [4.0, 2.0]
    assert "an answer" in asked[0].prompt.messages[0]["content"]
    assert (STEPS.part(4).n, STEPS.places[4].step.by) == (10, "policy")
    # The known score is not shown.
    assert "4" not in asked[0].prompt.messages[0]["content"].split("an answer")[1].split("\n")[0]


def test_the_preferred_judgment_of_an_item_states_its_known_score():
    first, second = STEPS.ask(3, items())
    texts = ("good\nScore: 4", "great\nScore: 5", "no idea")
    groups = STEPS.label(5, [answered(first, *texts, first=11), answered(second, *texts, first=21)])
    assert [sample.verdict for sample in groups[0].samples] == [Verdict.accept, Verdict.reject, None]
    # Of the second item no judgment is right.
    (pair,) = STEPS.select(6, *groups).examples
    assert (pair.sample_id, pair.rejected_id) == (11, 12)


def test_dpo_trains_the_judge_which_is_the_policy():
    trainer = STEPS.part(7)
    assert (trainer.name, trainer.start, trainer.reference, trainer.beta) == ("dpo", "policy", "policy", 0.1)
