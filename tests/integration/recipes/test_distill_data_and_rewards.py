"""Zhang et al. 2025, arXiv 2502.19557: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief, done
from tests.integration.recipes.rounds_of_turns import last_content, scripted
from tests.integration.recipes.turns import Steps
from tests.integration.test_rounds_scored import rewarded
from tests.rows import make_checkpoint

RECIPE = recipes.get("distill_data_and_rewards")
LEARN, REINFORCE = Steps(RECIPE, 0), Steps(RECIPE, 1)


def group(teacher: str, *own: str) -> Group:
    texts = replace(sample(1, teacher), role="teacher"), *(sample(n, text) for n, text in enumerate(own, 2))
    return REINFORCE.label(3, [Group(prompt(), texts)])[0]


def test_a_warm_up_on_the_teachers_completions_comes_first():
    assert [place.step.part.name for place in LEARN.places] == ["prompt_set", "sample", "keep_all", "sft"]
    assert LEARN.places[1].step.by == "teacher"
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


def test_pseudo_rewards_follow_from_who_wrote_a_text_and_the_teacher_never_grades():
    result = group("#### 4", "#### 5")
    assert [(completion.score, completion.verdict) for completion in result.samples] == [
        (1.0, Verdict.accept),
        (0.0, Verdict.reject),
    ]
    asking = [place.step.part for place in REINFORCE.places if place.step.kind == "judge"]
    assert not any(judge.needs_engine or judge.needs_answer for judge in asking)
    (pair,) = REINFORCE.select(4, result).examples
    assert (pair.sample_id, pair.rejected_id) == (1, 2)


def test_a_completion_that_reaches_the_teachers_answer_is_not_rejected():
    assert REINFORCE.select(4, group("so #### 4", "thus #### 4")).dropped == {"same answer on both sides": 1}


def test_rl_follows_the_learned_reward():
    training = REINFORCE.part(7)
    assert (REINFORCE.places[5].step.makes, training.reward.name, training.judge_by) == (
        "scorer",
        "reward_model",
        "scorer",
    )


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_distillation_of_rewards_prefers_the_teacher_where_answers_differ(tiny: Path) -> None:
    loop = Loop(brief("distill_data_and_rewards", 1), scripted(prompt=("#### 7", "#### 1", "#### 2")), tiny)
    teacher = make_checkpoint(loop.project, engine=scripted(prompt="so #### 7"))
    ended, result = done(loop, roles={"teacher": teacher.id})
    assert result["rows"][4]
    for row in result["rows"][4]:
        assert last_content(row, "chosen") == "so #### 7"
        assert last_content(row, "rejected") in ("#### 1", "#### 2")
    assert {row[9] for row in result["texts"] if row[5] == "teacher"} == {Verdict.accept}
    assert len(rewarded(ended.id)) >= 2
