from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.generators.sample import Sample
from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.judges.surface_rules import SurfaceRules
from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.document_tasks import DocumentTasks
from backend.prompt_sources.few_shot_prompts import FewShotPrompts
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.all_prompts import AllPrompts
from backend.trainers.grpo import GRPO
from backend.trainers.sft import SFT
from backend.values import DatasetType, Group, Stage
from tests.groups import prompt, sample, scored

TRAINER = GRPO(reward=Brevity())


def recipe(*steps):
    return Recipe(name="x", title="X", steps=steps)


def refusal(*steps) -> str:
    with pytest.raises(ValidationError) as error:
        recipe(*steps)
    return error.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_every_question_is_kept_with_and_without_texts():
    selection = AllPrompts().select([Group(prompt(id=3)), scored([1.0, None], id=4)], seed=0)
    assert [(e.prompt_id, e.sample_id) for e in selection.examples] == [(3, None), (4, None)]
    assert [e.messages for e in selection.examples] == [prompt().messages] * 2
    assert selection.dropped == {}
    assert AllPrompts.makes is DatasetType.prompt_only


def test_a_question_about_a_text_is_written_down_and_a_stripped_one_is_the_prompt():
    asked = replace(prompt("what is wrong with it?"), id=1)
    about = Group(asked, parent=sample(5), step=2)
    stripped = replace(about, trained=prompt("question").messages)
    first, second = AllPrompts().select([about, stripped], seed=0).examples
    assert first.messages == [{"role": "user", "content": "what is wrong with it?"}]
    assert second.messages == [{"role": "user", "content": "question"}]


def test_what_is_asked_and_known_is_the_questions_own():
    """A task made of a document asks something else than the document says, and has another answer."""
    task = Group(replace(prompt("Which word is missing?"), id=1, answer="water"))
    (example,) = AllPrompts().select([task], seed=0).examples
    assert example.messages == [{"role": "user", "content": "Which word is missing?"}]
    assert example.extra == {"answer": "water"}


def test_a_template_stands_in_place_of_the_last_question_and_fills_nothing_else():
    chat = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "What is {prompt}?"},
    ]
    group = Group(replace(prompt(), messages=chat, answer="4"))
    (example,) = AllPrompts(template="Think. {prompt} {answer}").select([group], seed=0).examples
    assert example.messages == [*chat[:2], {"role": "user", "content": "Think. What is {prompt}? {answer}"}]
    assert example.extra == {"answer": "4"}
    system = [{"role": "system", "content": "be brief"}]
    (example,) = AllPrompts(template="a {prompt}").select([Group(replace(prompt(), messages=system))], seed=0).examples
    assert example.messages == system
    with pytest.raises(ValidationError, match=r"does not hold \{prompt\}"):
        AllPrompts(template="a")


def test_a_reward_that_compares_with_known_answers_needs_questions_that_have_some():
    rewarded = GRPO(reward=ExactMatch())
    assert recipe(PromptSet(), AllPrompts(), rewarded).trainer.needs_answer
    assert recipe(DocumentTasks(), AllPrompts(), rewarded).trainer.needs_answer
    assert "rewards by known answers, but there are none to what step 1 (few_shot_prompts) asks" in refusal(
        FewShotPrompts(), AllPrompts(), rewarded
    )


def test_needs_neither_samples_nor_people_before_it():
    result = recipe(PromptSet(), AllPrompts(), TRAINER)
    assert result.gate() is None
    assert result.places()[2].rows == (1,)
    assert result.lines()[1] == "2. selector: all_prompts, works on: prompt_set (step 1)"
    assert result.lines()[2] == (
        "3. trainer: grpo, works on: the rows of step 2, starts from: policy, makes: policy, rewarded by: brevity"
    )


def test_what_nobody_answers_is_still_refused():
    assert "asks what nobody answers" in refusal(PromptSet(), PromptSet(), AllPrompts(), TRAINER)
    assert "has no texts to work on" in refusal(PromptSet(), AboveThreshold(), SFT())
    assert "makes prompt_only examples, but" in refusal(PromptSet(), AllPrompts(), SFT())
    assert "looks at no samples" in refusal(PromptSet(), Step(AllPrompts(), roles=("policy",)), TRAINER)
    assert "has no questions to work on" in refusal(AllPrompts(), TRAINER)
    assert "has a name that means something else" in refusal(PromptSet(), AllPrompts(), Step(TRAINER, name="live"))
    assert "has no texts" in refusal(PromptSet(), Ask(), AboveThreshold(), AllPrompts(), TRAINER)


def test_adopted_prompts_may_wait_for_a_later_round_that_draws_on_them():
    tasks = FewShotPrompts(), Step(Sample(), name="tasks"), SurfaceRules(), Adopt()
    kept = recipe(*tasks, Step(AllPrompts(), of="tasks"), TRAINER)
    assert kept.places()[4].source == 0
    assert kept.gate() == 3
    # Nobody would draw on them.
    assert "asks what nobody answers" in refusal(PromptSet(), *tasks[1:], Step(AllPrompts(), of="tasks"), TRAINER)


def test_the_first_job_is_the_selection():
    from backend import recipes

    assert recipes.first_job(recipe(PromptSet(), AllPrompts(), TRAINER).model_dump(mode="json")) == (Stage.select, 1)
