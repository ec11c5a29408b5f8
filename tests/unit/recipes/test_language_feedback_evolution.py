"""Lu et al. 2023 (SELF), arXiv 2310.00533: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.unit.recipes.turns import Steps, answered

RECIPE = recipes.get("language_feedback_evolution")
STEPS = Steps(RECIPE, 1)


def test_a_first_stage_teaches_feedback_and_refinement():
    taught = Steps(RECIPE, 0)
    assert [place.step.part.name for place in taught.places] == [
        "prompt_set",
        "own_answers",
        "by_construction",
        "above_threshold",
        "sft",
    ]
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


def test_neither_a_number_nor_a_known_answer_decides():
    names = [place.step.part.name for place in STEPS.places if place.step.kind == "judge"]
    assert names == ["read_critique", "from_children"]
    assert not any(place.step.part.needs_answer for place in STEPS.places if place.step.kind == "judge")
    assert {place.step.by for place in STEPS.places if place.step.kind == "generator"} == {"policy"}


def test_the_refined_answer_is_kept_if_the_models_own_feedback_accepts_it():
    drafts = Group(prompt(), (sample(1, "five"),))
    (feedback,) = STEPS.ask(2, drafts)
    (asked,) = STEPS.ask(4, answered(feedback, "Step 1 is wrong.\nVerdict: wrong", first=11))
    refined = answered(asked, "four", "six", "seven", first=21, chain=drafts.samples)
    assert refined.trained == prompt().messages, "rows hold the prompt and the refined answer"
    texts = ("Fine.\nVerdict: right", "Bad.\nVerdict: wrong", "hm")
    asked = STEPS.ask(6, refined)
    reviews = [answered(entry, text, first=31 + n) for n, (entry, text) in enumerate(zip(asked, texts, strict=True))]
    assert "four" in reviews[0].prompt.messages[0]["content"]
    judged = replace(refined, samples=tuple(STEPS.parents(9, STEPS.label(8, reviews))))
    assert [completion.verdict for completion in judged.samples] == [Verdict.accept, Verdict.reject, None]
    assert [row.sample_id for row in STEPS.select(10, judged).examples] == [21]
    assert STEPS.places[10].source == 4
