"""Madaan et al. 2023 (Self-Refine), arXiv 2303.17651: one model, three prompts, a stop rule, nothing trained."""

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.engines.self_refine import SelfRefine
from backend.judges.exact_match import ExactMatch
from backend.recipes import Recipe
from backend.values import Group, Sampling, Verdict
from tests.groups import prompt, sample
from tests.integration.recipes.turns import Steps, answered

RECIPE = recipes.get("self_refine")
STEPS = Steps(RECIPE)
TRAINER = RECIPE.trainer


def test_one_model_writes_draft_feedback_and_revision_in_one_chat():
    assert {place.step.by for place in STEPS.places if place.step.kind == "generator"} == {"policy"}
    (asked,) = STEPS.ask(2, Group(prompt(answer="4"), (sample(1, "#### 5"),)))
    feedback = answered(asked, "It is too large.", first=11)
    (again,) = STEPS.ask(5, *STEPS.label(4, [feedback]))
    contents = [message["content"] for message in again.prompt.messages]
    assert contents == [prompt().messages[0]["content"], "#### 5", TRAINER.feedback, "It is too large.", TRAINER.revise]
    # The checkpoint asks the same in the same chat.
    asked_by_engine = []

    class Listening(Scripted):
        def complete(self, prompts, sampling):
            asked_by_engine.extend(prompts)
            return super().complete(prompts, sampling)

    del Scripted.registry["listening"]
    rules = ({"pattern": "in mind.$", "reply": "#### 4"}, {"pattern": "Look at", "reply": "It is too large."})
    inner = Listening(rules=(*rules, {"pattern": "", "reply": "#### 5"}))
    knobs = TRAINER.write([], {}).knobs
    SelfRefine(inner=inner, **knobs).complete([prompt().messages], Sampling())
    assert asked_by_engine[2] == again.prompt.messages


def test_feedback_that_approves_is_not_followed_by_a_revision():
    (asked,) = STEPS.ask(2, Group(prompt(), (sample(1, "#### 4"),)))
    approving = answered(asked, "All is well.\n\nApproved: yes", first=11)
    labelled = STEPS.label(4, [approving])
    assert labelled[0].samples[0].verdict is Verdict.accept
    assert STEPS.ask(5, *labelled) == []


def test_nothing_is_trained_and_the_checkpoint_gets_the_three_prompts():
    assert (TRAINER.trains_weights, TRAINER.takes, TRAINER.makes) == (False, (), "engine")
    writing = TRAINER.write([], {"name": "scripted"})
    assert (writing.name, writing.knobs["max_revisions"]) == ("self_refine", 4)
    assert STEPS.places[-1].rows == ()
    assert [metric.name for metric in RECIPE.metrics] == ["held_out_accuracy", "held_out_tokens", "correction_flips"]


def test_a_trainer_that_reads_no_rows_takes_none_away_and_fits_no_slot():
    parts = [place.step for place in STEPS.places]
    rows = [ExactMatch(), {"part": {"name": "above_threshold"}, "kind": "selector"}]
    sft = {"part": {"name": "sft"}, "kind": "trainer"}
    data = {"name": "x", "title": "x"}
    recipe = Recipe(**data, steps=(*parts[:2], *rows, parts[-1], sft))
    assert (recipe.places()[4].rows, recipe.places()[5].rows) == ((), (3,))
    assert recipe.lines()[4] == "5. trainer: self_refine, starts from: policy, makes: policy"
    with pytest.raises(ValueError, match="keeps rows that no trainer reads"):
        Recipe(**data, steps=(*parts[:2], *rows, parts[-1]))
    slots = {
        "prompt_source": "prompt_set",
        "generator": "sample",
        "judge": "exact_match",
        "selector": "keep_all",
        "trainer": "self_refine",
        "schedule": "constant",
    }
    with pytest.raises(ValueError, match="trainer self_refine trains on no rows"):
        Recipe.model_validate(data | {slot: {"name": name} for slot, name in slots.items()})
