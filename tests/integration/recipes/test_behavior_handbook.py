"""Didolkar et al. 2025 (Metacognitive Reuse), arXiv 2509.13237: named behaviors out of traces, used or trained on."""

from backend import recipes
from backend.engines.library import Library
from backend.engines.scripted import Scripted
from backend.generators.sample import Sample
from backend.recipes.behavior_handbook import COLLECT, REFLECT
from backend.trainers.distill_lesson import DistillLesson
from backend.values import Group
from tests.groups import prompt, sample
from tests.integration.recipes.turns import Steps, answered

RECIPE = recipes.get("behavior_handbook")
HANDBOOK, LEARN = Steps(RECIPE, 0), Steps(RECIPE, 1)


def test_behaviors_are_named_out_of_the_model_s_own_trace_and_reflection():
    (reflecting,) = HANDBOOK.ask(2, Group(prompt(), (sample(1, "3 + 4 = 7"),)))
    (collecting,) = HANDBOOK.ask(4, answered(reflecting, "Short enough.", first=11))
    contents = [message["content"] for message in collecting.prompt.messages]
    assert contents == [prompt().messages[0]["content"], "3 + 4 = 7", REFLECT, "Short enough.", COLLECT]
    assert {place.step.by for place in HANDBOOK.places if place.step.kind == "generator"} == {"policy"}
    # What is asked for is what is read.
    form = COLLECT.rsplit("\n", 1)[1].replace("NAME", "add_first").replace("INSTRUCTION", "Add first.")
    assert list(DistillLesson().lessons(f"Rules:\n\n{form}")) == [("behavior_add_first", "Add first.")]


def test_the_first_round_makes_a_handbook_and_trains_nothing():
    trainer = HANDBOOK.part(7)
    assert (trainer.name, trainer.trains_weights, HANDBOOK.places[7].rows) == ("distill_lesson", False, (6,))
    assert RECIPE.product == "policy"


def test_later_rounds_train_on_traces_without_the_handbook_that_led_to_them():
    guided, sft = LEARN.part(1), LEARN.part(4)
    assert isinstance(guided, Sample)
    # The handbook is put in by the checkpoint when it is asked: no step writes it into the question.
    assert (guided.conditions, guided.extra_template, LEARN.places[1].step.by) == ({}, "", "policy")
    assert (sft.name, sft.start, sft.trains_weights) == ("sft", "policy", True)
    book = Library(inner=Scripted(replies=("a",)), entries=({"name": "behavior_a", "text": "Add first."},))
    assert "behavior_a: Add first." in book.asked(prompt().messages)[0]["content"]
    # Only right ones are kept.
    (judged,) = LEARN.label(2, [answered(Group(prompt(answer="7")), "#### 7", "#### 8", first=1)])
    (row,) = LEARN.select(3, judged).examples
    assert (row.sample_id, row.messages) == (1, None)
