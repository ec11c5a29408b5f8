"""Xi et al. 2024 (critique in the loop), arXiv 2411.16579: what makes it that method."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.values import Group, RoundStatus, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import ANSWERS, ONE_DATABASE, last, last_content, scripted, short, texts
from tests.integration.recipes.turns import Steps, answered

RECIPE = recipes.get("critique_in_the_loop")
STEPS = Steps(RECIPE, 1)


def test_a_critic_of_its_own_is_trained_first():
    trainer = Steps(RECIPE, 0).places[4].step
    assert (trainer.part.name, trainer.makes) == ("sft", "critic")
    assert STEPS.places[5].step.by == "critic"
    assert {STEPS.places[n].step.by for n in (1, 7)} == {"policy"}
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


def test_hard_prompts_get_extra_samples_guided_by_the_critic():
    easy = Group(prompt(id=1, answer="4"), tuple(sample(n, "#### 4") for n in (1, 2, 3)))
    hard = Group(prompt(id=2, answer="4"), tuple(sample(n, f"#### {n}", prompt_id=2) for n in (5, 6, 7)))
    asked = STEPS.ask(4, *STEPS.label(2, [easy, hard]))
    assert [group.parent.id for group in asked] == [5, 6, 7]
    (refine, *_) = STEPS.ask(6, answered(asked[0], "step 1 is wrong", first=11))
    content = refine.prompt.messages[0]["content"]
    assert "question" in content
    assert "#### 5" in content
    assert "step 1 is wrong" in content


def test_only_verified_refinements_enter_the_actors_sft_for_the_prompt_alone():
    (wrong,) = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, "#### 5"),))])
    (critique,) = STEPS.ask(4, wrong)
    (asked,) = STEPS.ask(6, answered(critique, "step 1 is wrong", first=11))
    (refined,) = STEPS.label(8, [answered(asked, "#### 4", "#### 6", first=21, chain=wrong.samples)])
    assert [row.sample_id for row in STEPS.select(9, refined).examples] == [21]
    assert refined.trained == prompt().messages
    assert (STEPS.part(10).name, STEPS.places[10].step.makes, STEPS.places[10].rows) == ("sft", "policy", (3, 9))


@pytest.mark.slow
@ONE_DATABASE
def test_critique_in_the_loop_trains_a_critic_and_then_the_actor_with_it(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A critic of one step writes what it can; the actor does not mind.
    engine = scripted(without_its_mistakes=ANSWERS, prompt=ANSWERS)
    loop = Loop(short("critique_in_the_loop", critiques={"max_tokens": 4}, answers={"n": 2}), engine, tiny)
    first = loop.launch()
    taught = loop.run(first, trains=True)
    assert (taught.status, taught.checkpoint_id, taught.error) == (RoundStatus.done, None, None)
    rows = last(rows_of_round(first))
    assert {last_content(row, "prompt"): last_content(row, "completion") for row in rows} == RIGHT
    second = loop.launch(parent_id=first)
    ended = loop.run(second, trains=True)
    assert (ended.phase, ended.status, ended.error) == (1, RoundStatus.done, None)
    result = rows_of_round(second)
    with reading() as db:
        critic = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == first)).one()
        wrote = select(tables.Sample.checkpoint_id).where(tables.Sample.round_id == second, tables.Sample.step == 5)
        assert set(db.scalars(wrote)) == {critic.checkpoint_id}
    assert critic.role == "critic"
    wrong = [text for _, text, good in texts(result, 0) if good is Verdict.reject]
    assert len(texts(result, 4)) == len(wrong) > 0
    assert last(result)
    for row in last(result):
        assert last_content(row, "completion") == f"#### {RIGHT[last_content(row, 'prompt')]}"
