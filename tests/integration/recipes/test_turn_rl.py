"""The recipes that train on chats of several turns as they are written: what makes each that method."""

from typing import Any

import pytest

from backend import recipes
from backend.recipes import Recipe
from backend.recipes.s2r import CORRECT, VERIFY
from backend.trainers import TrainSpec, _turns
from backend.trainers._inputs import Row
from backend.trainers._turn_reward import TurnReward
from backend.trainers._turns import Episode
from backend.trainers.multi_turn_grpo import AGAIN, MultiTurnGRPO
from backend.values import DatasetType, Group
from tests.groups import prompt, sample
from tests.integration.recipes.turns import Steps, answered

LASER = recipes.get("laser")
SCORE, S2R, REFLECT = (recipes.get(name) for name in ("score", "s2r", "reflect_retry_reward"))


def trainer(recipe: Recipe, phase: int = 0) -> MultiTurnGRPO:
    multi_turn_grpo: MultiTurnGRPO = recipe.phases[phase].steps[-1].part
    assert multi_turn_grpo.name == "multi_turn_grpo"
    return multi_turn_grpo


def paid(knobs: MultiTurnGRPO, *chats: tuple[str, ...]) -> tuple[list[Any], list[Any]]:
    """Reward and credit of each turn of chats about a prompt whose answer is 4."""
    knobs = knobs.model_copy(update={"num_generations": len(chats)})
    rows = [Row(0, {"prompt": prompt().messages}, {"answer": "4"})]
    reward = TurnReward(knobs, rows, TrainSpec({}, "", "prompt_only", "", None, "", 0))
    written = reward._chats(
        [Episode(texts=list(entry), ended=[True] * len(entry)) for entry in chats], [0] * len(chats)
    )
    groups = reward._answers(written)
    judgments = {judgment.sample_id: [judgment] for judgment in knobs.reward.judge(None, groups, seed=0)}
    rewards = [reward._of_turns(chat, judgments) for chat in written]
    return rewards, _turns.credited(rewards, knobs, list(map(len, chats)))


@pytest.mark.parametrize(("recipe", "phases"), [(SCORE, (0, 1)), (S2R, (1, 2)), (REFLECT, (0,))])
def test_the_training_is_given_prompts_and_writes_every_turn_itself(recipe: Recipe, phases: tuple[int, ...]) -> None:
    for phase in phases:
        steps = recipe.phases[phase].steps
        assert [step.part.name for step in steps if step.kind == "selector"] == ["all_prompts"]
        assert trainer(recipe, phase).trains_on is DatasetType.prompt_only
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_score_asks_again_without_saying_whether_the_answer_was_right() -> None:
    """arXiv 2409.12917: both turns on-policy, the same second prompt after right and wrong answers."""
    for phase in (0, 1):
        knobs = trainer(SCORE, phase)
        assert (knobs.turn_kinds, knobs.follow_ups) == (("answer", "answer"), (AGAIN,))
        asked = Steps(SCORE, phase).ask(2, Group(prompt(answer="4"), (sample(1, "#### 4"), sample(2, "#### 5"))))
        assert {group.prompt.messages[-1]["content"] for group in asked} == {AGAIN}
        # The trainer answers the prompt alone, not a stored first turn.
        assert SCORE.places(phase)[4].source == 0


def test_score_first_holds_the_first_turn_to_the_base_and_pays_for_the_second() -> None:
    knobs = trainer(SCORE, 0)
    assert (knobs.first_turn_beta, knobs.beta, knobs.reference, knobs.start) == (0.1, 0.0, "base", "policy")
    rewards, credits = paid(knobs, ("#### 5", "so #### 4"), ("#### 4", "#### 5"))
    assert rewards == [[0.0, 1.0], [1.0, 0.0]]
    assert credits == [[1.0, 1.0], [0.0, 0.0]]


def test_score_then_pays_for_both_with_a_bonus_for_getting_better() -> None:
    knobs = trainer(SCORE, 1)
    assert knobs.progress_bonus > 1
    _, credits = paid(knobs, ("#### 5", "#### 4"), ("#### 4", "#### 5"), ("#### 4", "#### 4"))
    assert credits == [[1.0, 11.0], [1.0, -10.0], [2.0, 1.0]]
    assert SCORE.phase_of(0) == 0
    assert SCORE.phase_of(1) == SCORE.phase_of(7) == 1


def test_s2r_pays_a_verdict_for_being_right() -> None:
    """arXiv 2502.12853: outcome-level and process-level rewards."""
    outcome, process = trainer(S2R, 1), trainer(S2R, 2)
    chats = (
        ("#### 5", "Verdict: wrong", "#### 4"),
        ("#### 5", "Verdict: right"),
        ("#### 4", "Verdict: wrong", "#### 6"),
        ("#### 4", "Verdict: right"),
        ("#### 4", "hm", "#### 4"),
    )
    rewards, credits = paid(process, *chats)
    assert rewards == [[0, 1, 1], [0, 0, None], [1, 0, 0], [1, 1, None], [1, None, 1]]
    assert credits == rewards
    _, credits = paid(outcome, *chats)
    assert credits == [[1, 1, 1], [0, 0, None], [0, 0, 0], [1, 1, None], [1, 1, 1]]
    assert process.turn_kinds == outcome.turn_kinds == ("answer", "verdict", "answer")
    assert process.follow_ups == (VERIFY, CORRECT)


def test_s2r_first_learns_right_solutions_right_verdicts_and_right_corrections() -> None:
    steps = Steps(S2R, 0)
    assert steps.places[-1].rows == (3, 7, 11)
    (solved,) = steps.label(2, [Group(prompt(answer="4"), (sample(1, "#### 5"), sample(2, "#### 4")))])
    assert [row.sample_id for row in steps.select(3, solved).examples] == [2]
    asked = steps.ask(4, solved)
    checked = steps.label(6, [answered(asked[0], "#### 5? Verdict: wrong", "Verdict: right", first=11)])
    assert [row.sample_id for row in steps.select(7, *checked).examples] == [11]
    (again,) = steps.ask(8, *checked)
    chat = [message["content"] for message in again.prompt.messages]
    assert chat == ["question", "#### 5", VERIFY, "#### 5? Verdict: wrong", CORRECT]
    wrong = solved.samples[0]
    corrected = steps.label(10, [answered(again, "#### 4", "#### 6", first=21, chain=(wrong, checked[0].samples[0]))])
    assert [row.sample_id for row in steps.select(11, *corrected).examples] == [21]


def test_reflections_follow_failures_only_and_alone_are_trained() -> None:
    """arXiv 2505.24726: the retry pays for the reflection; first answer and retry are masked."""
    steps = Steps(REFLECT)
    (first,) = steps.label(2, [Group(prompt(answer="4"), tuple(sample(n, f"#### {n}") for n in (4, 5)))])
    (asked,) = steps.ask(3, first)
    (row,) = steps.select(4, asked).examples
    assert row.messages is not None
    assert [message["content"] for message in row.messages[:2]] == ["question", "#### 5"]
    assert row.extra == {"answer": "4"}
    knobs = trainer(REFLECT)
    assert (knobs.turn_kinds, knobs.trained_turns) == (("thought", "answer"), (1,))
    rewards, credits = paid(knobs, ("I added wrongly", "#### 4"), ("all is well", "#### 5"), ("#### 4", "hm"))
    assert rewards == [[None, 1.0], [None, 0.0], [None, None]]
    assert [credit[0] for credit in credits] == [1.0, 0.0, None]


def test_there_is_room_for_what_is_asked_beside_all_turns() -> None:
    """Rows that are longer than max_length are left out: the first answer of a reflection may be a long one."""
    first = REFLECT.phases[0].steps[1].part.max_tokens
    for knobs, before in ((trainer(REFLECT), first), (trainer(S2R, 1), 0), (trainer(S2R, 2), 0)):
        turns = knobs.max_completion_length * len(knobs.turn_kinds)
        assert knobs.max_length >= 400 + before + turns, "400 tokens for the question and the follow-ups"


def test_laser_learns_to_score_itself_before_its_scores_count() -> None:
    """arXiv 2510.14943: (r_s - v)^2 beside GRPO, a tenth of the advantage by r_s after a warm-up."""
    first, later = (LASER.phases[n].steps[-1].part for n in (0, 1))
    assert (first.name, first.score_weight, first.advantage_share) == ("grpo_self_score", 0.1, 0.0)
    assert (later.score_weight, later.advantage_share, later.least_deviation) == (0.1, 0.1, 0.1)
    assert (later.score_beta, later.reward.name) == (0.1, "exact_match")
    assert [step.part.name for step in LASER.phases[1].steps[:2]] == ["prompt_set", "all_prompts"]


def test_spark_trains_the_judge_on_the_texts_of_the_policy_in_one_training() -> None:
    """arXiv 2509.22624: pointwise, pairwise, and after a reflection; no reward model and no people's preferences."""
    recipe = recipes.get("spark")
    assert [step.part.name for step in recipe.phases[0].steps] == ["prompt_set", "all_prompts", "grpo_judge_mix"]
    assert recipe.trainer.judge_kinds == ("pointwise", "pairwise", "reflection")
    assert recipe.trainer.judge_weight > 0
    assert (recipe.trainer.reward.name, recipe.trainer.asked_roles, recipe.gate()) == ("exact_match", (), None)
