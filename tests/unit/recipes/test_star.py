"""Zelikman et al. 2022 (STaR), arXiv 2203.14465: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.values import DatasetType, Group
from tests.groups import prompt, texts

RECIPE = recipes.get("star")
PLACES = RECIPE.places()
ASK = PLACES[4].step.part


def labelled(group: Group) -> Group:
    """As the recipe's judge labels it."""
    judge = PLACES[2].step.part
    judgments = {j.sample_id: j for j in judge.judge(None, [group], seed=0)}
    samples = (replace(s, score=judgments[s.id].score, verdict=judgments[s.id].verdict) for s in group.samples)
    return replace(group, samples=tuple(samples))


def test_only_what_was_answered_wrongly_gets_one_try_with_the_answer_as_a_hint():
    right, wrong = labelled(texts("#### 4", answer="4")), labelled(texts("#### 5", answer="4"))
    reply = ASK.ask([right, wrong], [prompt(answer="4")], limit=1, seed=0)
    assert len(reply) == 1
    assert "The right answer is 4." in reply[0].prompt.messages[0]["content"]
    assert PLACES[5].step.part.n == 1


def test_the_hint_is_not_trained_on():
    (group,) = ASK.ask([labelled(texts("#### 5", answer="4"))], [prompt(answer="4")], limit=1, seed=0)
    assert group.trained == prompt().messages


def test_every_round_trains_the_base_on_both_tries():
    trainer = PLACES[8]
    assert (trainer.step.part.name, trainer.step.part.start) == ("sft", "base")
    assert trainer.rows == (3, 7)
    assert trainer.step.part.trains_on is DatasetType.prompt_completion


def test_people_decide_before_hints_are_given():
    assert RECIPE.gate() == 3
