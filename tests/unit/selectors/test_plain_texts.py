from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.generators.own_answers import OwnAnswers
from backend.mixers.deduplicate import Deduplicate
from backend.mixers.seed_share import SeedShare
from backend.pipeline.rows import plain
from backend.prompt_sources.document_tasks import DocumentTasks
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.keep_all import KeepAll
from backend.selectors.plain_texts import PlainTexts
from backend.trainers.dpo import DPO
from backend.trainers.hidden_state_sft import HiddenStateSFT
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT
from backend.values import DatasetType, Group, Verdict
from tests.groups import by_person, prompt, sample, texts

DOCUMENT = Group(prompt("The tide turns at noon.", id=3))


def recipe(*steps):
    return Recipe(name="x", title="X", steps=steps)


def refusal(*steps) -> str:
    with pytest.raises(ValidationError) as error:
        recipe(*steps)
    return error.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_documents_are_texts_that_nobody_has_to_answer():
    selection = PlainTexts().select([DOCUMENT, Group(prompt(" \u200b", id=4)), texts("an answer")], seed=0)
    assert [(e.prompt_id, e.sample_id, e.completion) for e in selection.examples] == [(3, None, ""), (1, None, "")]
    assert selection.examples[0].messages == DOCUMENT.prompt.messages
    assert (selection.dropped, selection.unit) == ({"empty text": 1}, "groups")
    assert (PlainTexts.makes, PlainTexts().needs_texts) == (DatasetType.language_modeling, False)


def test_answers_stand_alone_and_chats_with_what_was_asked():
    group = texts("a text", "a text ", "", "another")
    alone = PlainTexts(take="answers").select([group], seed=0)
    assert [(e.sample_id, e.messages, e.completion) for e in alone.examples] == [(1, [], None), (4, [], None)]
    assert alone.dropped == {"duplicate text": 1, "empty text": 1}
    chats = PlainTexts(take="chats").select([group], seed=0)
    assert [(e.sample_id, e.messages) for e in chats.examples] == [(1, None), (4, None)]


def test_what_people_reject_and_what_was_cut_off_is_left_out():
    cut = sample(2, finish_reason="length")
    group = Group(prompt(), (by_person(1, Verdict.reject), cut, replace(cut, id=3, text="kept"), sample(4)))
    assert PlainTexts(take="chats").select([group], seed=0).dropped == {"rejected by a person": 1, "truncated": 2}
    whole = PlainTexts(take="answers", drop_truncated=False).select([group], seed=0)
    assert [e.sample_id for e in whole.examples] == [2, 3, 4]


def test_a_row_says_one_text():
    asked = prompt("Who?").messages
    assert plain(asked, "") == "Who?"
    assert plain([], "I did.") == "I did."
    assert plain(asked, "I did.") == "Who?\n\nI did."


def test_who_trains_on_texts():
    for trainer in (SFT(), SoftTargetSFT(), HiddenStateSFT(reference="base")):
        assert DatasetType.language_modeling in trainer.takes
        assert recipe(PromptSet(), PlainTexts(), SeedShare(), Deduplicate(), trainer).gate() is None
    assert "makes language_modeling examples, but Step 3 (trainer dpo) trains on preference" in refusal(
        PromptSet(), PlainTexts(), DPO()
    )


def test_rows_of_one_training_are_of_one_type():
    tasks = (PromptSet(), PlainTexts(), DocumentTasks(), OwnAnswers())
    assert recipe(*tasks, PlainTexts(take="chats"), SFT()).gate() == 4
    assert refusal(*tasks, KeepAll(), SFT()) == (
        "Step 2 (selector plain_texts) makes language_modeling examples and Step 5 (selector keep_all) "
        "prompt_completion examples, but the rows of one training are of one type. Choose selectors that make the "
        "same, or train twice."
    )
    assert "has no texts to work on" in refusal(PromptSet(), PlainTexts(take="answers"), SFT())
