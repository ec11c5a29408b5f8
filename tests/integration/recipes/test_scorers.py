"""What a recipe may ask of the checkpoints that its own trainers make."""

import pytest
from pydantic import ValidationError

from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.judges.reward_model import RewardModel as Rated
from backend.judges.yes_no_check import YesNoCheck
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.all_prompts import AllPrompts
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.trainers.dpo import DPO
from backend.trainers.grpo import GRPO
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT

TRAINED = (PromptSet(), Sample(), ExactMatch(), BestVersusWorst(), Step(RewardModel(), name="scorer"))
KEPT = (AboveThreshold(), SFT())


def refusal(*steps, **more) -> str:
    with pytest.raises(ValidationError) as error:
        Recipe(name="x", title="X", steps=steps, **more)
    return error.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_a_scorer_judges_in_a_later_step_and_is_trained_further():
    again = Step(RewardModel(start="scorer"), name="second")
    steps = (*TRAINED, Step(Rated(), by="scorer"), BestVersusWorst(), again, Step(Rated(), by="second"), *KEPT)
    recipe = Recipe(name="x", title="X", steps=steps)
    assert (
        recipe.lines()[4]
        == "5. trainer: reward_model, works on: the rows of step 4, starts from: policy, makes: scorer"
    )
    assert recipe.lines()[5] == "6. judge: reward_model, works on: sample (step 2), by: scorer"


@pytest.mark.parametrize(
    ("steps", "reply"),
    [
        (
            (*TRAINED[:4], RewardModel()),
            "Step 5 (trainer reward_model) makes a scorer, which writes no texts, so it cannot "
            "be the policy. Give the step a name of its own, such as scorer.",
        ),
        ((*TRAINED[:4], Step(RewardModel(), name="reference")), "cannot be the reference"),
        (
            (*TRAINED, Step(Sample(), by="scorer")),
            "Step 6 (generator sample) needs a policy in the role 'scorer', but step "
            "5 (trainer reward_model, named scorer) makes a scorer of it. Name another role",
        ),
        ((*TRAINED, Step(YesNoCheck(), by="scorer"), *KEPT), "Step 6 (judge yes_no_check) needs a policy in the role"),
        (
            (*TRAINED, BestVersusWorst(), DPO(start="scorer")),
            "Step 7 (trainer dpo) needs a policy in the role 'scorer'",
        ),
        ((*TRAINED, BestVersusWorst(), DPO(reference="scorer")), "Step 7 (trainer dpo) needs a policy in the role"),
        (
            (*TRAINED[:4], Step(DPO(), name="future"), Step(Rated(), by="future"), *KEPT),
            "Step 6 (judge reward_model) needs "
            "a scorer in the role 'future', but step 5 (trainer dpo, named future) makes a policy of it. Train a scorer",
        ),
    ],
)
def test_what_a_role_cannot_do_is_refused(steps, reply):
    assert reply in refusal(*steps)


def test_a_scorer_rewards_texts_as_they_are_written():
    rewarded = AllPrompts(), GRPO(reward=Rated(), judge_by="scorer")
    assert Recipe(name="x", title="X", steps=(*TRAINED, *rewarded)).lines()[6].endswith("judged by: scorer")
    with pytest.raises(ValidationError, match="asks a scorer, and the policy in training is none"):
        GRPO(reward=Rated())
    asked = GRPO(reward=YesNoCheck(), judge_by="scorer")
    assert "needs a policy in the role 'scorer'" in refusal(*TRAINED, AllPrompts(), asked)


def test_a_scorer_is_no_product():
    assert "The product 'scorer' is a scorer, which writes no texts" in refusal(*TRAINED, product="scorer")
