"""Chen et al. 2022, arXiv 2205.01703: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.values import DatasetType, Group
from tests.groups import prompt

RECIPE = recipes.get("self_supervised_icl")
SOURCE, ANSWERS, KEEP, TRAINER = (step.part for step in RECIPE.phases[0].steps)
DOCUMENTS = [
    prompt(f"Text {n} begins here. It goes on with more words. It says a third thing. Then it ends at last.", id=n)
    for n in range(1, 9)
]


def tasks() -> list[Group]:
    return SOURCE.ask([], DOCUMENTS, limit=8, seed=0)


def test_four_objectives_are_made_of_every_text():
    assert SOURCE.kinds == ("next_sentence", "masked_word", "last_phrase", "order")
    asked = [group.prompt.messages[0]["content"].split("\n")[0] for group in tasks()]
    assert {asked.count(word) for word in asked} == {8}
    assert len(set(asked)) == 4


def test_each_stands_after_solved_ones_of_the_same_objective():
    for group in tasks():
        text = group.prompt.messages[0]["content"]
        assert text.count("Output: ") == SOURCE.shots == 4
        assert text.endswith("\nOutput:")


def test_targets_come_from_the_text_and_no_model_is_asked():
    assert not any(step.part.needs_engine for step in RECIPE.phases[0].steps if step.kind == "generator")
    assert [step.kind for step in RECIPE.phases[0].steps] == ["prompt_source", "generator", "selector", "trainer"]
    (first, *_) = tasks()
    ((text,),) = ANSWERS.generate(None, [first.prompt], seed=0)
    assert text.text == first.prompt.answer
    assert text.text in DOCUMENTS[first.prompt.id - 1].messages[0]["content"]
    (kept,) = KEEP.select([replace(first, samples=(replace(text, id=7),))], seed=0).examples
    assert (kept.prompt_id, kept.sample_id) == (first.prompt.id, 7)


def test_it_is_trained_on_the_targets_alone():
    assert (TRAINER.name, TRAINER.trains_on) == ("sft", DatasetType.prompt_completion)
