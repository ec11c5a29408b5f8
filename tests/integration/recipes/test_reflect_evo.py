"""Li et al. 2025 (ReflectEvo), arXiv 2505.16475: what makes it that method."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.recipes import Recipe
from backend.recipes.reflect_evo import WAYS
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import (
    ANSWERS,
    ONE_DATABASE,
    last_content,
    scripted,
    short,
    texts,
    trained,
    with_parents,
)
from tests.integration.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("reflect_evo"))
WRONG = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, "#### 5"),))])[0]
(ASKED,) = STEPS.ask(3, WRONG)
REFLECTED = answered(ASKED, "I added wrongly", "all is well", "no idea", "I forgot one", first=11)


def judged() -> Group:
    """The reflections with the label of what came of them: right, wrong, unreadable, right."""
    asked = STEPS.ask(5, REFLECTED)
    texts = ("#### 4", "#### 5", "hm", "#### 4")
    retried = [answered(entry, text, first=21 + n) for n, (entry, text) in enumerate(zip(asked, texts, strict=True))]
    return replace(REFLECTED, samples=tuple(STEPS.parents(8, STEPS.label(7, retried))))


def test_only_wrong_answers_are_reflected_on_in_varied_ways():
    right = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, "#### 4"),))])
    assert STEPS.ask(3, *right) == []
    wrong = [replace(WRONG, prompt=replace(WRONG.prompt, id=n)) for n in range(1, 20)]
    asked = [group.prompt.messages[0]["content"] for group in STEPS.ask(3, *wrong)]
    assert {way for way in WAYS for text in asked if way in text} == set(WAYS)
    assert all("#### 5" in text for text in asked)


def test_a_reflection_is_as_good_as_the_answer_that_follows_it():
    assert [completion.verdict for completion in judged().samples] == [
        Verdict.accept,
        Verdict.reject,
        None,
        Verdict.accept,
    ]


def test_sft_on_good_reflections_then_dpo_of_good_above_bad_ones_from_there():
    group = judged()
    assert {row.sample_id for row in STEPS.select(9, group).examples} == {11, 14}
    (pair,) = STEPS.select(11, group).examples
    assert (pair.sample_id in (11, 14), pair.rejected_id) == (True, 12)
    sft, dpo = STEPS.places[10].step, STEPS.places[12].step
    assert (sft.part.name, sft.makes, STEPS.places[10].rows) == ("sft", "reflector", (9,))
    assert (dpo.part.name, dpo.part.start, dpo.part.reference, dpo.makes) == ("dpo", "reflector", "reflector", "policy")
    assert STEPS.places[12].rows == (11,)


def test_nobody_but_the_policy_writes():
    assert {place.step.by for place in STEPS.places if place.step.kind == "generator"} == {"policy"}


@pytest.mark.slow
@ONE_DATABASE
def test_reflect_evo_learns_reflections_after_which_the_answer_is_right(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = tuple(f"reflection {n}" for n in range(8))
    engine = scripted(Now_answer=ANSWERS, Do_not_write=ways, prompt=(*ANSWERS, "#### 0"))
    from_there = {"start": "reflector", "reference": "reflector"}
    recipe = short("reflect_evo")
    data = recipe.model_dump(mode="json")
    data["steps"][-1]["part"] |= from_there
    loop = Loop(Recipe.model_validate(data), engine, tiny)
    ended, result = trained(loop, monkeypatch)
    good = {text for (_, text, _), (_, _, right) in with_parents(result, 3, 5) if right is Verdict.accept}
    assert len(texts(result, 3)) % 4 == 0
    kept = Counter(last_content(row, "completion") for row in result["rows"][9])
    assert set(kept) <= good
    assert kept.total() > 0
    for row in (*result["rows"][9], *result["rows"][11]):
        assert "Do not write a new answer yet" in last_content(row, "prompt")
    assert result["rows"][11], "pairs of reflections on the same answer"
    with reading() as db:
        names = {
            checkpoint.id: (checkpoint.name, checkpoint.parent_id)
            for checkpoint in db.scalars(select(tables.Checkpoint))
        }
    name, parent = names[ended.checkpoint_id]
    assert (name, names[parent][0], names[parent][1]) == ("round-2", "round-2-reflector", loop.base.id)
