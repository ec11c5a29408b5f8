"""Recipes that write questions on documents and answers with passages in view: what makes each that method."""

import pytest

from backend import recipes
from backend.mixers.earlier_rounds import EarlierRounds
from backend.values import Group, Verdict
from tests.groups import prompt, texts

DOCUMENT = prompt("The tide turns at noon. Ships sail then.", id=4)
KNOWLEDGE, EVOLUTION, SPECIAL = (
    recipes.get(name) for name in ("knowledge_instruct", "domain_self_evolution", "self_specialization")
)


@pytest.mark.parametrize("recipe", [KNOWLEDGE, EVOLUTION, SPECIAL], ids=lambda entry: entry.name)
def test_answers_are_written_with_passages_that_training_does_not_see(recipe):
    places = recipe.places()
    passages = places[4]
    assert (places[3].step.part.name, passages.step.part.name, passages.source) == ("adopt", "with_passages", 3)
    assert passages.step.part.is_stripped
    assert [place.source for place in places[5:8]] == [4, 4, 4], "what is judged and kept answers these"
    (asked,) = passages.step.part.ask(
        [Group(prompt("When do ships sail?"), parent=texts("q").samples[0])],
        [
            DOCUMENT,
            prompt("Other.", id=1),
        ],
        limit=1,
        seed=0,
    )
    assert asked.trained == prompt("When do ships sail?").messages
    assert asked.prompt.messages != asked.trained


@pytest.mark.parametrize("recipe", [KNOWLEDGE, EVOLUTION], ids=lambda entry: entry.name)
def test_questions_are_written_about_documents(recipe):
    (asked,) = recipe.places()[0].step.part.ask([], [DOCUMENT], limit=1, seed=0)
    assert DOCUMENT.messages[0]["content"] in asked.prompt.messages[0]["content"]
    assert (asked.prompt.id, recipe.places()[4].step.part.take) == (4, "own")


def test_knowledge_instruct_trains_on_instructions_alone_dense_and_without_doubles():
    assert KNOWLEDGE.trainer.trains_on == "prompt_completion"
    assert "plain_texts" not in {part.name for part in KNOWLEDGE.of_kind("selector")}, "no continued pre-training"
    questions, answers = KNOWLEDGE.of_kind("generator")
    assert questions.n * answers.n == 16
    new = KNOWLEDGE.places()[2].step.part
    assert [judge.name for judge in new.judges] == ["prompt_rules", "novelty"]
    assert [mixer.name for mixer in KNOWLEDGE.of_kind("mixer")] == ["deduplicate"]


def test_self_evolution_reinforces_knowledge_of_high_value():
    judge, keep, earlier = (EVOLUTION.places()[n].step for n in (6, 7, 8))
    assert (judge.part.name, judge.by) == ("instruction_difficulty", "base")
    # All that is new is learned; the value stands on the row, and of earlier rounds the most valuable rows come back.
    assert keep.part.weigh_by == "score"
    assert earlier.part == EarlierRounds(most=2000)
    assert (EVOLUTION.trainer.start, EVOLUTION.trainer.lora, EVOLUTION.trainer.weigh_examples) == (
        "policy",
        True,
        False,
    )
    group = texts("a", "b")
    scored = [sample.__class__(**sample.__dict__ | {"score": 0.5 + sample.position}) for sample in group.samples]
    examples = keep.part.select([Group(group.prompt, tuple(scored))], seed=0).examples
    assert [example.weight for example in examples] == [0.5, 1.5]


def test_self_specialization_begins_with_seeds_and_retrieves_among_unlabelled_texts():
    seeds, passages = SPECIAL.places()[0].step.part, SPECIAL.places()[4].step.part
    assert (seeds.name, seeds.answered, passages.take) == ("few_shot_prompts", True, "alike")
    labelled = prompt("When does the tide turn?", id=7, answer="At noon.")
    (shown,) = seeds.ask([], [DOCUMENT, labelled], limit=1, seed=0)
    assert "When does the tide turn?" in shown.prompt.messages[0]["content"]
    assert DOCUMENT.messages[0]["content"] not in shown.prompt.messages[0]["content"]
    (asked,) = passages.ask([Group(prompt("Do ships sail at noon?", id=9))], [DOCUMENT, labelled], limit=1, seed=0)
    assert DOCUMENT.messages[0]["content"] in asked.prompt.messages[0]["content"]
    assert "At noon." not in asked.prompt.messages[0]["content"]
    # A light adapter, filtered by rules alone.
    assert SPECIAL.trainer.lora
    assert not any(judge.needs_engine for judge in SPECIAL.judges)
    rules = SPECIAL.places()[6].step.part
    judgments = rules.judge(None, [texts("It does.", "x y z w " * 9)], seed=0)
    assert [judgment.verdict for judgment in judgments] == [Verdict.accept, Verdict.reject]
