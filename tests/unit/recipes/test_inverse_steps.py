"""What recipes of inverse prompts may be made of."""

import pytest
from pydantic import ValidationError

from backend.recipes import Recipe
from backend.recipes import _parts as parts

SAMPLE = parts.Sample(n=1)
START = parts.InversePrompts(), SAMPLE
END = parts.OwnAnswers(), parts.KeepAll(), parts.SFT()
KEPT = parts.Adopt(keep_answer=True)


def refusal(*steps: object) -> str:
    with pytest.raises(ValidationError) as raised:
        Recipe(name="x", title="X", steps=steps)
    return str(raised.value)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            (*START, parts.ExactMatch(), KEPT, *END),
            "Step 3 (judge exact_match) needs known answers, but there are none to what step 1 (inverse_prompts) asks.",
        ),
        (
            (*START, parts.AllOf(judges=(parts.RoundTrip(), parts.ExactMatch())), KEPT, *END),
            "Step 3 (judge all_of) needs known answers",
        ),
        ((parts.InversePrompts(), *END), "Step 2 (generator own_answers) needs known answers"),
        (
            (*START, parts.RoundTrip(), parts.Adopt(), *END),
            "Step 5 (generator own_answers) needs known answers, but there are none to what step 4 (adopt) asks.",
        ),
        (
            (parts.FewShotPrompts(), SAMPLE, parts.PromptRules(), KEPT, *END),
            "Step 4 (prompt source adopt) keeps the text "
            "for which a prompt was written, but step 1 (few_shot_prompts) asks for no inputs to texts. Turn its knob "
            "keep_answer off, or ask by inverse_prompts.",
        ),
        (
            (
                parts.PromptSet(),
                SAMPLE,
                parts.RoundTrip(template="{draft} {response}"),
                parts.AboveThreshold(),
                parts.SFT(),
            ),
            "Step 3 (judge round_trip) compares texts with those that questions are about",
        ),
        (
            (parts.InversePrompts(about="each"), SAMPLE),
            "Step 1 (prompt source inverse_prompts) reads groups, but no step",
        ),
    ],
)
def test_what_cannot_work_is_refused(steps: tuple[object, ...], message: str) -> None:
    assert message in refusal(*steps)


def test_an_input_may_be_judged_by_what_it_leads_to_beside_rules() -> None:
    judge = parts.AllOf(judges=(parts.SurfaceRules(), parts.RoundTrip()))
    recipe = Recipe(name="x", title="X", steps=(*START, judge, KEPT, *END))
    assert recipe.gate() == 3
    assert recipe.answering() == [parts.OwnAnswers()], "inputs are prompts to be"
