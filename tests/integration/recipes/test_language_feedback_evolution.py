"""Lu et al. 2023 (SELF), arXiv 2310.00533: what makes it that method."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import (
    ONE_DATABASE,
    last,
    last_content,
    scripted,
    short,
    trained,
    with_parents,
)
from tests.integration.recipes.turns import Steps, answered

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


@pytest.mark.slow
@ONE_DATABASE
def test_language_feedback_decides_which_refined_answers_are_learned(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(
        **{"(?s)prompt_[abc].*everything_put_right": "refined well", "everything_put_right": ("refined", "in vain")},
        **{"(?s)Find_out_whether.*refined_well": "Fine.\nVerdict: right"},
        Find_out_whether=("Bad.\nFirst wrong step: 1\nVerdict: wrong", "hm"),
        prompt=("a draft", "another"),
    )
    _, result = trained(Loop(short("language_feedback_evolution", 1), engine, tiny), monkeypatch)
    reviewed = list(with_parents(result, 4, 6))
    accepted = Counter(text for (_, text, _), (_, review, _) in reviewed if review.endswith("right"))
    assert Counter(last_content(row, "completion") for row in last(result)) == accepted
    assert accepted == {"refined well": 3}
    assert len(reviewed) == 5
    assert {last_content(row, "prompt") for row in last(result)} <= set(RIGHT)
